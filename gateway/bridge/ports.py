"""What the use cases of the bridge need from the world."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.model import (
    Address,
    Event,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
)
from gateway.domain.recipients import Present


class Clock(Protocol):
    """The time, so that tests own it."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        ...


class Meter(Protocol):
    """Where lines of the log and figures go."""

    def info(self, event: str, **facts: object) -> None:
        """Record a thing that happened."""
        ...

    def warning(self, event: str, **facts: object) -> None:
        """Record a thing that a person may want to look at."""
        ...

    def error(self, event: str, **facts: object) -> None:
        """Record a thing that a person must look at."""
        ...


@dataclass(frozen=True, slots=True)
class Once:
    """Something that only one message may ever use up.

    Attributes:
        scope: What kind of thing, such as `link`.
        key: Which one of them.
    """

    scope: str
    key: str


class AlreadyDone(Exception):
    """A message has used it up before; nothing was stored now.

    Attributes:
        message_id: That message.
    """

    def __init__(self, message_id: str) -> None:
        super().__init__(message_id)
        self.message_id = message_id


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

    def change(
        self, message: OutgoingMessage, event: Event | None = None
    ) -> asyncio.Future[None]:
        """Store the state of a message and, in the same commit, append the event.

        Only what changes in a message's life is written: `status`, `waiting_for`,
        `recipients`, `present`, `error`, `resent`, `expires_at`, `event_id`.
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


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages to list; `None` is any.

    Attributes:
        direction: `in` or `out`.
        to: Address as written, or name of a recipient.
        cursor: The opaque `next_cursor` of the page before.
        newest_first: Order by acceptance.
    """

    direction: str | None = None
    types: Sequence[str] | None = None
    senders: Sequence[str] | None = None
    to: str | None = None
    rooms: Sequence[str] | None = None
    statuses: Sequence[MessageStatus] | None = None
    ref: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages, and how to get the next."""

    messages: Sequence[OutgoingMessage | IncomingMessage]
    next_cursor: str | None


class Messages(Protocol):
    """Messages of both directions, as they are kept.

    Fails with `StoreUnavailable` while the store can't be reached.
    """

    def erase(self, message_id: str) -> asyncio.Future[None]:
        """Erase what a message says and carries; its body is `null` from then on.

        What is still owed of it is delivered so. Erasing it again changes nothing.
        Fails with `NotFound`, or with `WrongState` while it is queued or sending.
        """
        ...

    async def get(self, message_id: str) -> OutgoingMessage | IncomingMessage | None:
        """Return a message, or `None`."""
        ...

    async def list(self, query: MessageFilter) -> MessagePage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        ...

    async def attachment(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        ...


class NotReady(Exception):
    """The room cannot take a message now; nothing of it was written."""


class Refused(Exception):
    """The room answered that it would not.

    Attributes:
        code: The room's own code, such as 1003; `None` if it gave none.
    """

    def __init__(self, code: int | None, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class OutcomeUnknown(Exception):
    """Written, and never acknowledged.

    Attributes:
        late: Done when the acknowledgement comes after all; `None` if it can't.
    """

    def __init__(self, reason: str, late: asyncio.Future[None] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.late = late


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the link to a room is.

    Attributes:
        state: `ready|joining|reconnecting|stalled|denied|dismissed|stopped`.
        rtt_ms: Round trip of the last ping, in milliseconds.
    """

    state: str
    since: datetime
    participant_id: str | None = None
    messaging_enabled: bool = False
    attempt: int = 0
    next_retry_at: datetime | None = None
    last_error: str | None = None
    last_received_at: datetime | None = None
    rtt_ms: float | None = None
    token_expires_at: datetime | None = None

    @property
    def is_ready(self) -> bool:
        """Whether messages can be written now."""
        return self.state == "ready"


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is in the room.

    Attributes:
        connected: Whether this is how it is now, and not how it was at `as_of`.
    """

    connected: bool
    as_of: datetime | None
    self: Present | None
    participants: Sequence[Present]


class RoomLink(Protocol):
    """The gateway's place in one room."""

    @property
    def room(self) -> str:
        """The room's name."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether messages can be written now; costs less than `status`."""
        ...

    @property
    def status(self) -> LinkStatus:
        """How the link is now."""
        ...

    @property
    def messaging_enabled(self) -> bool:
        """Whether messaging is wanted, as `status` says too, for less."""
        ...

    @property
    def presence(self) -> Presence:
        """Who is there, or was when the link was lost."""
        ...

    def reachable(self, to: Sequence[Address] | None) -> Sequence[Present]:
        """Return whom those addresses can lead to.

        While messaging is disabled nobody is known, and ids are taken on trust.
        """
        ...

    def post(
        self, to: str | None, message: OutgoingMessage, attachment: bytes
    ) -> asyncio.Future[None]:
        """Write a message to one participant, or to all with `None`.

        Calls are written in order and pipelined. Raises `NotReady` at once; the future
        fails with `NotReady` (never written: safe to repeat), `Refused` or
        `OutcomeUnknown`.
        """
        ...

    async def enable(self) -> None:
        """Turn messaging on, and keep it on. `Refused` if the room will not."""
        ...

    async def disable(self) -> None:
        """Turn messaging off, and keep it off. `Refused` if the room will not."""
        ...

    async def set_attributes(self, changes: Mapping[str, object]) -> None:
        """Change attributes of our own participant, for this link and later ones."""
        ...

    async def reconnect(self) -> None:
        """Leave and join again, from any state."""
        ...

    def step_out(self, reason: str) -> None:
        """Leave the room until `reconnect`; the reason is shown as its error."""
        ...

    def watch(self, changed: Callable[[], None]) -> None:
        """Have `changed` called after each change of status or presence."""
        ...
