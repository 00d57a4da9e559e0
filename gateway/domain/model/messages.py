"""Messages: what is said in a room, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

ERASED = "null"  # The body of a message whose content was erased.


class MessageStatus(StrEnum):
    """How far an outgoing message has come. Never "delivered": a room gives no receipt.

    `PARTIAL` is a message that some of its recipients were sent and others not.
    `UNKNOWN` is a message written to the room and never acknowledged.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    PARTIAL = "partial"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in {MessageStatus.QUEUED, MessageStatus.SENDING}


class WaitingFor(StrEnum):
    """Why a queued message is not being sent yet."""

    ROOM = "room"
    RECIPIENT = "recipient"
    ORDER = "order"


class AddressKind(StrEnum):
    """How an address is to be read; `ANY` is tried as an id, then as an exact name.

    `SENDER` is whoever said something: tried as the id they had, then as the name and
    role they had.
    """

    ANY = "any"
    ID = "id"
    NAME = "name"
    ROLE = "role"
    SENDER = "sender"


class Match(StrEnum):
    """Whom an address means when it fits several participants."""

    ONE = "one"
    FIRST = "first"
    ALL = "all"


class OnUnknown(StrEnum):
    """What to do with a message whose outcome is unknown."""

    REPORT = "report"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Address:
    """Whom a message is for, as written by its sender.

    Attributes:
        value: The id, name or role; of a `SENDER` the id.
        name: The name of a `SENDER`.
        role: The role of a `SENDER`; `None` if it was not known.
    """

    kind: AddressKind
    value: str
    name: str | None = None
    role: str | None = None

    @property
    def known_name(self) -> str | None:
        """The name that is meant, as far as the address tells one."""
        match self.kind:
            case AddressKind.SENDER:
                return self.name
            case AddressKind.ANY | AddressKind.NAME:
                return self.value
            case AddressKind.ID | AddressKind.ROLE:
                return None


@dataclass(frozen=True, slots=True)
class MessageError:
    """Why a message, or its share for one recipient, was not sent.

    Attributes:
        code: One of the `code`s of a problem, such as `room_rejected`.
        text: A sentence for a person.
        upstream_code: The room's own code, if the room refused it.
    """

    code: str
    text: str
    upstream_code: int | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One participant that a message goes to, and how far it has come.

    Attributes:
        to: Index of the address in the message's `to` that led here.
        name: The participant's name, if it is known.
        participant_id: Whom it was resolved to last; `None` until then.
        attempts: How often it was written to the room.
    """

    to: int
    name: str | None
    participant_id: str | None
    status: MessageStatus
    attempts: int = 0
    error: MessageError | None = None


class StepKind(StrEnum):
    """What happened to a message on its way into the room."""

    QUEUED = "queued"
    WRITTEN = "written"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    RETRIED = "retried"


class Step(NamedTuple):
    """One step of a message on its way into the room.

    Attributes:
        reason: Why: what it waits for, or a sentence of what went wrong.
        name: The recipient it is about, as far as known; `None` for all of them.
        participant_id: Their id at that moment.
    """

    at: datetime
    kind: StepKind
    reason: str | None = None
    name: str | None = None
    participant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """Bytes that go with a message; the bytes themselves are kept by the store."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message accepted for a room.

    Attributes:
        body: The message object as compact JSON text.
        to: The addresses; `None` for a broadcast.
        ttl: How long it may be held while the room is unreachable.
        present: Participants known when a broadcast was dispatched.
        position: Order of acceptance within the store; 0 until accepted.
        resent: Whether it was written to the room again after an unknown outcome.
        steps: How it came this far since it was accepted, oldest first.
    """

    id: str
    room: str
    type: str
    body: str
    to: tuple[Address, ...] | None
    created_at: datetime
    ttl: timedelta
    expires_at: datetime
    status: MessageStatus = MessageStatus.QUEUED
    waiting_for: WaitingFor | None = None
    match: Match = Match.ONE
    await_recipient: bool = False
    on_unknown: OnUnknown = OnUnknown.REPORT
    ref: str | None = None
    attachment: Attachment | None = None
    recipients: tuple[Recipient, ...] = ()
    present: int | None = None
    error: MessageError | None = None
    resent: bool = False
    position: int = 0
    key_id: str | None = None
    traceparent: str | None = None
    event_id: str | None = None
    steps: tuple[Step, ...] = ()

    @property
    def is_broadcast(self) -> bool:
        """Whether it is for everybody."""
        return self.to is None

    @property
    def is_erased(self) -> bool:
        """Whether what it said and carried was erased."""
        return self.body == ERASED


@dataclass(frozen=True, slots=True)
class Sender:
    """Who said something, as known when it arrived."""

    id: str
    name: str | None
    role: str | None


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message received from a room.

    Attributes:
        body: The message object as compact JSON text.
        event_id: The event that tells of it.
        seq: That event's place in the log; 0 until it is stored.
    """

    id: str
    room: str
    type: str
    body: str
    sender: Sender
    created_at: datetime
    attachment: Attachment | None = None
    event_id: str | None = None
    seq: int = 0

    @property
    def is_erased(self) -> bool:
        """Whether what it said and carried was erased."""
        return self.body == ERASED
