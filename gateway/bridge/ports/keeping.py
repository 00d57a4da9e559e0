"""What is kept: messages to be said, the log, rooms."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.model import Event, IncomingMessage, OutgoingMessage
from gateway.domain.once import Done, Once


class Outbox(Protocol):
    """Outgoing messages, kept until they are trimmed.

    `add` and `change` take their place in the order of commits when they are called;
    their future is done when the commit is. It fails with `StoreUnavailable`, and then
    nothing was stored, nor anything else that was submitted by then and waited.

    A message with an attachment of more than 64 KiB takes its place once the bytes are
    stored. What is added to its room meanwhile keeps behind it, and so does a change of
    any message that has to wait; changes of others go ahead.

    What reads fails with `StoreUnavailable` while the store can't be read.
    """

    def add(
        self,
        message: OutgoingMessage,
        attachment: bytes | None = None,
        *,
        once: Once | None = None,
    ) -> asyncio.Future[None]:
        """Store a message with its attachment's bytes.

        Its future fails with `AlreadyDone` if `once` was used up before; else the
        commit that stores the message uses it up.
        """
        ...

    def add_all(
        self,
        messages: Sequence[tuple[OutgoingMessage, bytes | None]],
        *,
        once: Once | None = None,
    ) -> asyncio.Future[None]:
        """Store messages of one room, each with its attachment's bytes or none.

        All of them in one commit, or none; the rest is as with `add`.
        """
        ...

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up; `None` if nothing has."""
        ...

    def change(
        self,
        message: OutgoingMessage,
        event: Event | None = None,
        *,
        before: OutgoingMessage | None = None,
    ) -> asyncio.Future[None]:
        """Store the state of a message and, in the same commit, append the event.

        Only what changes in a message's life is written: `status`, `waiting_for`,
        `recipients`, `present`, `error`, `resent`, `expires_at`, `event_id`, `steps`.

        Args:
            message: The message, changed.
            event: What tells of it.
            before: What it is changed back to, should it turn out to be stored after
                its future has failed.
        """
        ...

    async def pending(self, room: str) -> Sequence[OutgoingMessage]:
        """Return what is `queued` or `sending`, in order of acceptance."""
        ...

    async def attachment(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        ...


class Log(Protocol):
    """Everything that happened, in commit order.

    That is the order of calls, but for attachments of more than 64 KiB: their message
    takes its place once the bytes are stored, and what is appended about its room
    meanwhile keeps behind it. When an append fails with `StoreUnavailable`, so does all
    that was submitted by then and waited: appended again in order, it keeps its order.
    """

    def append(
        self,
        *events: Event,
        message: IncomingMessage | None = None,
        attachment: bytes | None = None,
    ) -> asyncio.Future[None]:
        """Store events, the message the first one tells of, and what they fan out to.

        The deliveries owed (`domain.routing.match`) are rows of the same transaction.
        """
        ...


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """What is remembered of a room over a restart.

    Attributes:
        last_alive_at: The last proof that we heard what was said in it.
    """

    name: str
    messaging_enabled: bool = True
    attributes: Mapping[str, object] | None = None
    last_alive_at: datetime | None = None


class Rooms(Protocol):
    """What is remembered of rooms."""

    async def load(self, room: str) -> RoomRecord:
        """Return what is remembered; a fresh record for a room not seen before.

        Raises:
            StoreUnavailable: The store can't be read at the moment.
        """
        ...

    def save(self, record: RoomRecord) -> asyncio.Future[None]:
        """Store it."""
        ...
