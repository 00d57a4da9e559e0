"""Sample events, so that a receiver can be tried before anything has happened."""

import json
from datetime import datetime, timedelta

from gateway.domain import rendering
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Event,
    EventType,
    IncomingMessage,
    MessageError,
    MessageStatus,
    OutgoingMessage,
    Recipient,
    Sender,
)

ROOM = "sample-room"
BODY = '{"text":"This is a test from the gateway."}'
PARTICIPANT = {
    "id": "sample-participant",
    "name": "alice",
    "role": "user",
    "attributes": {},
    "online": True,
}

_FAILED = MessageError("recipient_not_found", "Nobody of that name is in the room.")


def a_sample(
    event_type: EventType, ids: Ids, now: datetime
) -> tuple[Event, IncomingMessage | OutgoingMessage | None]:
    """Return an event of a type, with the message it tells of. Neither is stored.

    It is told apart by its room, `sample-room`, and its place in the log, 0.
    """
    event = Event(
        id=ids.new(Kind.EVENT), type=event_type, room=ROOM, at=now, from_name="alice"
    )
    message_id = ids.new(Kind.MESSAGE)
    if event_type is EventType.MESSAGE_RECEIVED:
        return event, _received(message_id, event.id, now)
    if event_type.startswith("message."):
        message = _said(message_id, event, now)
        return _with(event, rendering.state_json(message)), message
    return _with(event, json.dumps(_data(event_type, ids, now))), None


def _received(message_id: str, event_id: str, now: datetime) -> IncomingMessage:
    return IncomingMessage(
        id=message_id,
        room=ROOM,
        type="chat",
        body=BODY,
        sender=Sender("sample-participant", "alice", "user"),
        created_at=now,
        event_id=event_id,
    )


def _said(message_id: str, event: Event, now: datetime) -> OutgoingMessage:
    status = MessageStatus(event.type.removeprefix("message."))
    error = _FAILED if status is MessageStatus.FAILED else None
    return OutgoingMessage(
        id=message_id,
        room=ROOM,
        type="chat",
        body=BODY,
        to=(),
        created_at=now,
        ttl=timedelta(minutes=5),
        expires_at=now + timedelta(minutes=5),
        status=status,
        recipients=(Recipient(0, "alice", "sample-participant", status, 1),),
        error=error,
        event_id=event.id,
    )


def _data(event_type: EventType, ids: Ids, now: datetime) -> dict[str, object]:
    kind, _, what = event_type.partition(".")
    if kind == "participant":
        changed = {"changed": ["attributes"]} if what == "updated" else {}
        return {"participant": PARTICIPANT, **changed}
    if kind == "webhook":
        return {"webhook_id": ids.new(Kind.WEBHOOK), "reason": "test"}
    if kind == "delivery":
        return {
            "delivery_id": ids.new(Kind.DELIVERY),
            "webhook_id": ids.new(Kind.WEBHOOK),
            "event_id": ids.new(Kind.EVENT),
        }
    if event_type is EventType.ROOM_GAP:
        absence = now - timedelta(minutes=1)
        return {"from": rendering.rfc3339(absence), "to": rendering.rfc3339(now)}
    return {"state": what, "reason": "test", "attempt": 0}


def _with(event: Event, data: str) -> Event:
    return Event(
        id=event.id,
        type=event.type,
        room=event.room,
        at=event.at,
        data=data,
        from_name=event.from_name,
    )
