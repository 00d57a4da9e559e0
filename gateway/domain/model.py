"""The nouns: message, recipient, event, webhook, delivery, attempt.

JSON that belongs to a user (`body`, `data`) is kept as compact text from the moment
it has been parsed once: it is stored, sent and rendered without being parsed again.
Times are aware datetimes in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


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
    """How an address is to be read; `ANY` is tried as an id, then as an exact name."""

    ANY = "any"
    ID = "id"
    NAME = "name"
    ROLE = "role"


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
    """Whom a message is for, as written by its sender."""

    kind: AddressKind
    value: str


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

    @property
    def is_broadcast(self) -> bool:
        """Whether it is for everybody."""
        return self.to is None


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


class EventType(StrEnum):
    """What an event tells of."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_SENT = "message.sent"
    MESSAGE_PARTIAL = "message.partial"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_EXPIRED = "message.expired"
    MESSAGE_UNKNOWN = "message.unknown"
    MESSAGE_CANCELLED = "message.cancelled"
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_LEFT = "participant.left"
    PARTICIPANT_UPDATED = "participant.updated"
    ROOM_CONNECTED = "room.connected"
    ROOM_DISCONNECTED = "room.disconnected"
    ROOM_GAP = "room.gap"
    ROOM_MESSAGING_DISABLED = "room.messaging_disabled"
    ROOM_DUPLICATE_GATEWAY = "room.duplicate_gateway"
    WEBHOOK_FAILING = "webhook.failing"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_RECOVERED = "webhook.recovered"
    DELIVERY_DEAD = "delivery.dead"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the log.

    Attributes:
        message_id: The message it tells of; its content is stored once, there.
        data: What it tells besides, as compact JSON text: for a message its state at
            that moment (`status`, `recipients`, `error` …), for others all of `data`.
        from_name: Name of the sender, for waiting for someone's answer.
        message_type: The message's own type, so that routing needs no second look.
        webhook_id: The webhook it is about; it is never delivered there.
        seq: Place in the log, in commit order; 0 until it is stored.
    """

    id: str
    type: EventType
    room: str | None
    at: datetime
    data: str | None = None
    message_id: str | None = None
    message_type: str | None = None
    from_name: str | None = None
    webhook_id: str | None = None
    key_id: str | None = None
    traceparent: str | None = None
    seq: int = 0


class Signature(StrEnum):
    """How a delivery is signed."""

    STANDARD = "standard"
    GITHUB = "github"
    NONE = "none"


class Ordering(StrEnum):
    """Which deliveries of a webhook wait for each other."""

    NONE = "none"
    SENDER = "sender"
    ROOM = "room"


DEFAULT_SCHEDULE_S = (
    5, 30, 120, 300, 900, 3600, 7200, 18000, 36000, 50400, 64800, 86400,
)  # fmt: skip  # Seconds after each failure: 13 attempts over 74 h 22 m.


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody's address, and which events it wants.

    Attributes:
        secrets: `whsec_…` secrets, newest first; all of them sign.
        headers: Further headers of a delivery; their values are secrets.
        source: `api`, or `env` for one given by configuration, which is read-only.
        disabled_reason: Why it is inactive, if we made it so.
    """

    id: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    created_at: datetime
    events: tuple[str, ...] = (EventType.MESSAGE_RECEIVED.value,)
    rooms: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    senders: tuple[str, ...] | None = None
    filter: str | None = None
    format: str = "envelope"
    template: str | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    signature: Signature = Signature.STANDARD
    ordering: Ordering = Ordering.NONE
    links: bool = False
    replies: bool = False
    timeout: timedelta = timedelta(seconds=15)
    max_in_flight: int = 8
    max_age: timedelta | None = None
    rate_limit: str | None = None
    schedule_s: tuple[int, ...] = DEFAULT_SCHEDULE_S
    stop_on: tuple[int, ...] = (410,)
    active: bool = True
    description: str | None = None
    name: str | None = None
    source: str = "api"
    disabled_reason: str | None = None
    updated_at: datetime | None = None
    key_id: str | None = None


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    HELD = "held"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event owed to one webhook.

    Attributes:
        attempts: Attempts that were finished.
        schedule_index: Place in the webhook's schedule: a retry by hand starts it anew.
        next_attempt_at: When it is due; `None` when nothing more will happen by itself.
        reason: Why it is held, dead or cancelled.
    """

    id: str
    webhook_id: str
    event_id: str
    event_seq: int
    state: DeliveryState
    created_at: datetime
    attempts: int = 0
    schedule_index: int = 0
    next_attempt_at: datetime | None = None
    finished_at: datetime | None = None
    reason: str | None = None
    traceparent: str | None = None


class ErrorClass(StrEnum):
    """What kept an attempt from success."""

    DNS_ERROR = "dns_error"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    TLS_ERROR = "tls_error"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_TOTAL = "timeout_total"
    BLOCKED_ADDRESS = "blocked_address"
    REDIRECT = "redirect"
    HTTP_STATUS = "http_status"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back from one HTTP request.

    Attributes:
        status: HTTP status of the answer; `None` if none came.
        error_class: What went wrong; `None` for a 2xx.
        detail: A sentence about it that names no address and no secret.
        headers: Lower-cased headers of the answer that matter (`retry-after`, …).
        body: At most the first 16 KiB of the answer, as received.
    """

    status: int | None
    error_class: ErrorClass | None
    duration: timedelta
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request for a delivery, as it is kept.

    Attributes:
        number: Counted from 1 over the life of the delivery.
        verdict: What we made of the outcome: `delivered`, `try_again`, `give_up`.
        response: The start of the answer's body, as text; bad bytes replaced.
    """

    id: str
    delivery_id: str
    number: int
    started_at: datetime
    duration: timedelta
    status: int | None
    error_class: ErrorClass | None
    detail: str | None
    verdict: str
    response: str | None = None
