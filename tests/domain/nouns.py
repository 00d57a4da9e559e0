"""One of each noun, to be changed with `dataclasses.replace`."""

from datetime import timedelta

from gateway.domain.model import (
    Address,
    AddressKind,
    Event,
    EventType,
    IncomingMessage,
    OutgoingMessage,
    Sender,
    Webhook,
)
from tests.fakes.clock import NOON

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

RECEIVED = Event(
    id="evt_1",
    type=EventType.MESSAGE_RECEIVED,
    room="lobby",
    at=NOON,
    message_id="msg_1",
    message_type="chat",
    from_name="alice",
    seq=1042,
)

INCOMING = IncomingMessage(
    id="msg_1",
    room="lobby",
    type="chat",
    body='{"text":"hi"}',
    sender=Sender(id="p-1", name="alice", role="user"),
    created_at=NOON,
    event_id="evt_1",
    seq=1042,
)

OUTGOING = OutgoingMessage(
    id="msg_2",
    room="lobby",
    type="chat",
    body='{"text":"hi"}',
    to=(Address(AddressKind.ANY, "alice"),),
    created_at=NOON,
    ttl=timedelta(seconds=300),
    expires_at=NOON + timedelta(seconds=300),
)

WEBHOOK = Webhook(
    id="wh_1", url="https://example.com/hook", secret=SECRET, created_at=NOON
)
