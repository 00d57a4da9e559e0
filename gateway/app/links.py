"""Absolute links that let their bearer do one thing without a key."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway.bridge.ports import Clock
from gateway.domain import signing
from gateway.domain.model import Event

REPLY_WITHIN: Final = timedelta(hours=24)


class Links:
    """Makes and verifies them; a link for one thing is good for no other.

    Args:
        key: At least 32 secret bytes, used for links alone.
        public_url: Base of every absolute link, without a slash at its end.
        retention: How long an event is kept, and the links in it are good.
        clock: What tells whether they still are.
        older: Keys of before, whose links are still good.
    """

    def __init__(
        self,
        key: bytes,
        public_url: str,
        retention: timedelta,
        clock: Clock,
        older: Sequence[bytes] = (),
    ) -> None:
        self._key = key
        self._older = older
        self._public_url = public_url
        self._retention = retention
        self._clock = clock

    def attachment(self, message_id: str, event: Event) -> str:
        """Return where a message's attachment can be had for as long as the event."""
        path = f"/messages/{message_id}/attachment"
        query = signing.sign_link(self._key, path, event.at + self._retention)
        return f"{self._public_url}{path}?{query}"

    def reply(self, message_id: str, delivery_id: str, now: datetime) -> str:
        """Return where one reply to a message can be sent, for a day from `now`.

        All links of one delivery are good for the same one reply.
        """
        path = f"/messages/{message_id}/reply"
        query = signing.sign_reply_link(
            self._key, path, delivery_id, now + REPLY_WITHIN
        )
        return f"{self._public_url}{path}?{query}"

    def verify_attachment(self, path: str, query: str) -> None:
        """Return if the query lets its bearer GET the attachment at a path.

        Raises:
            LinkInvalid: It does not, or not any more.
        """
        now = self._clock.now()
        signing.verify_link(self._key, path, query, now=now, older=self._older)

    def verify_reply(self, path: str, query: str) -> str:
        """Return the delivery whose one reply the query lets its bearer give.

        Raises:
            LinkInvalid: It was not signed for this path, or it is too old.
        """
        now = self._clock.now()
        return signing.verify_reply_link(
            self._key, path, query, now=now, older=self._older
        )
