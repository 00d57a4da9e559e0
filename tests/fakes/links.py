"""Links that say what they are for."""

from datetime import datetime

from gateway.domain.model import Event


class FakeLinks:
    """Makes links without a signature."""

    def attachment(self, message_id: str, event: Event) -> str:
        """Return where an attachment would be."""
        return f"https://gateway.example/messages/{message_id}/attachment?e={event.id}"

    def reply(self, message_id: str, delivery_id: str, now: datetime) -> str:
        """Return where one would answer."""
        when = int(now.timestamp())
        path = f"/messages/{message_id}/reply"
        return f"https://gateway.example{path}?d={delivery_id}&t={when}"
