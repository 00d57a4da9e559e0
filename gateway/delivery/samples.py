"""Sample events, so that a receiver can be tried before anything has happened."""

import json
from collections.abc import Mapping
from dataclasses import replace
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

_ROOMLESS = ("webhook", "delivery")
_ROOMS: Mapping[EventType, Mapping[str, object]] = {
    EventType.ROOM_MESSAGING_DISABLED: {},
    EventType.ROOM_DUPLICATE_GATEWAY: {"participant": PARTICIPANT},
    EventType.ROOM_CONNECTED: {
        "state": "ready",
        "reason": "joined",
        "attempt": 0,
        "participant_id": "sample-gateway",
    },
    EventType.ROOM_DISCONNECTED: {
        "state": "reconnecting",
        "reason": "a test",
        "close_code": 1006,
        "attempt": 0,
    },
}
_FAILED = MessageError("recipient_not_found", "Nobody of that name is in the room.")


def a_sample(
    event_type: EventType, ids: Ids, now: datetime
) -> tuple[Event, IncomingMessage | OutgoingMessage | None]:
    """Return an event of a type, with the message it tells of. Neither is stored.

    It is told apart by its place in the log, 0, and by its room, `sample-room`. As
    with real ones, what tells of webhooks and deliveries has no room.
    """
    kind = event_type.partition(".")[0]
    event = Event(
        id=ids.new(Kind.EVENT),
        type=event_type,
        room=None if kind in _ROOMLESS else ROOM,
        at=now,
        from_name="alice" if kind == "participant" else None,
    )
    if kind != "message":
        data = json.dumps(_data(event_type, ids, now), separators=(",", ":"))
        return replace(event, data=data), None
    message_id = ids.new(Kind.MESSAGE)
    if event_type is EventType.MESSAGE_RECEIVED:
        return event, _received(message_id, event.id, now)
    message = _said(message_id, event, now)
    return replace(event, data=rendering.state_json(message)), message


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


def _data(event_type: EventType, ids: Ids, now: datetime) -> Mapping[str, object]:
    if event_type.startswith(_ROOMLESS):
        return _about_webhook(event_type, ids, now)
    if event_type is EventType.ROOM_GAP:
        absence = now - timedelta(minutes=1)
        return {"from": rendering.rfc3339(absence), "to": rendering.rfc3339(now)}
    is_update = event_type is EventType.PARTICIPANT_UPDATED
    changed = {"changed": ["attributes"]} if is_update else {}
    return _ROOMS.get(event_type, {"participant": PARTICIPANT, **changed})


def _about_webhook(
    event_type: EventType, ids: Ids, now: datetime
) -> Mapping[str, object]:
    data: dict[str, object] = {"webhook_id": ids.new(Kind.WEBHOOK)}
    match event_type:
        case EventType.DELIVERY_DEAD:
            data["delivery_id"] = ids.new(Kind.DELIVERY)
            data["event_id"] = ids.new(Kind.EVENT)
        case EventType.WEBHOOK_DISABLED:
            data["reason"] = "gone"
            data["delivery_id"] = ids.new(Kind.DELIVERY)
        case _:
            data["reason"] = event_type.partition(".")[2]
            data["failing_since"] = rendering.rfc3339(now - timedelta(days=2.5))
            data["last_error"] = "the answer was 503"
    return data
