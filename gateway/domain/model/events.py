"""Events: the entries of the log."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
