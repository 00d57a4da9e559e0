"""What receivers answered, kept instead of said."""

from collections.abc import Mapping

from gateway.delivery.ports import Due, Said
from gateway.domain.model import Webhook


class FakeReplies:
    """Says a reply once per webhook and event.

    Attributes:
        said: Every reply that came, in order.
        skips: Why nothing is said, if nothing is.
        error: Raised once, by the next reply.
    """

    def __init__(self) -> None:
        self.said: list[Mapping[str, object]] = []
        self.skips: str | None = None
        self.error: Exception | None = None
        self._known: dict[tuple[str, str], str] = {}

    async def say(
        self, webhook: Webhook, due: Due, answer: Mapping[str, object]
    ) -> Said:
        """Keep a reply, and return the id of its message."""
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        if self.skips is not None:
            return Said(skipped=self.skips)
        key = webhook.id, due.event.id
        if key not in self._known:
            self._known[key] = f"msg_reply_{len(self._known) + 1}"
            self.said.append(answer)
        return Said(message_id=self._known[key])
