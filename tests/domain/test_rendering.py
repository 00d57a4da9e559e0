"""Rendering: JSON that equals the nouns it was made from."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from gateway.domain import rendering
from gateway.domain.model import (
    Attachment,
    Event,
    EventType,
    IncomingMessage,
    MessageError,
    MessageStatus,
    OutgoingMessage,
    Recipient,
    Sender,
    WaitingFor,
)
from tests.domain.nouns import INCOMING, OUTGOING, RECEIVED

SENT = replace(
    RECEIVED,
    id="evt_2",
    type=EventType.MESSAGE_SENT,
    message_id="msg_2",
    from_name=None,
)
JOINED = Event(
    id="evt_3",
    type=EventType.PARTICIPANT_JOINED,
    room="lobby",
    at=RECEIVED.at,
    data='{"participant":{"id":"p-1"}}',
    seq=7,
)

MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(codec=None))  # Lone surrogates are among them.
BODIES = st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS, max_size=3)
ATTACHMENTS = st.none() | st.builds(
    Attachment, size=st.integers(min_value=0), sha256=st.text("0123456789abcdef")
)
ERRORS = st.none() | st.builds(
    MessageError, code=TEXTS, text=TEXTS, upstream_code=st.none() | st.integers()
)
RECIPIENTS = st.builds(
    Recipient,
    to=st.integers(0, 99),
    name=st.none() | TEXTS,
    participant_id=st.none() | TEXTS,
    status=st.sampled_from(MessageStatus),
    attempts=st.integers(0, 9),
    error=ERRORS,
)


@st.composite
def incoming(draw: st.DrawFn) -> IncomingMessage:
    """Draw any received message."""
    return replace(
        INCOMING,
        room=draw(TEXTS),
        type=draw(TEXTS),
        body=compact(draw(BODIES)),
        sender=Sender(draw(TEXTS), draw(st.none() | TEXTS), draw(st.none() | TEXTS)),
        attachment=draw(ATTACHMENTS),
        event_id=draw(st.none() | TEXTS),
        seq=draw(st.integers(0)),
    )


@st.composite
def outgoing(draw: st.DrawFn) -> OutgoingMessage:
    """Draw any outgoing message."""
    return replace(
        OUTGOING,
        room=draw(TEXTS),
        type=draw(TEXTS),
        body=compact(draw(BODIES)),
        to=draw(st.sampled_from([None, OUTGOING.to])),
        created_at=draw(MOMENTS),
        status=draw(st.sampled_from(MessageStatus)),
        waiting_for=draw(st.none() | st.sampled_from(WaitingFor)),
        ref=draw(st.none() | TEXTS),
        attachment=draw(ATTACHMENTS),
        recipients=tuple(draw(st.lists(RECIPIENTS, max_size=3))),
        present=draw(st.none() | st.integers(0, 99)),
        error=draw(ERRORS),
        key_id=draw(st.none() | TEXTS),
    )


def compact(value: object) -> str:
    """Write JSON as the store keeps it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def error_of(error: MessageError | None) -> object:
    """Say what an error must read as."""
    if error is None:
        return None
    return {
        "code": error.code,
        "upstream_code": error.upstream_code,
        "text": error.text,
    }


def attachment_of(attachment: Attachment | None) -> object:
    """Say what an attachment must read as when its bytes are elsewhere."""
    if attachment is None:
        return None
    return {"size": attachment.size, "sha256": attachment.sha256}


def recipient_of(recipient: Recipient) -> object:
    """Say what a recipient must read as."""
    shown: dict[str, object] = {
        "name": recipient.name,
        "participant_id": recipient.participant_id,
        "status": recipient.status.value,
        "attempts": recipient.attempts,
    }
    if recipient.error is not None:
        shown["error"] = error_of(recipient.error)
    return shown


def state_of(message: OutgoingMessage) -> dict[str, object]:
    """Say what the state of a message must read as."""
    reach: dict[str, object] = (
        {"present": message.present}
        if message.to is None
        else {"recipients": [recipient_of(each) for each in message.recipients]}
    )
    return {
        "status": message.status.value,
        "waiting_for": message.waiting_for and message.waiting_for.value,
        "ref": message.ref,
        **reach,
        "error": error_of(message.error),
        "expires_at": rendering.rfc3339(message.expires_at),
        "next_retry_at": None,
        "key_id": message.key_id,
    }


def content_of(message: OutgoingMessage | IncomingMessage) -> dict[str, object]:
    """Say what the content of a message must read as."""
    return {
        "id": message.id,
        "direction": "in" if isinstance(message, IncomingMessage) else "out",
        "room": message.room,
        "type": message.type,
        "message": json.loads(message.body),
        "attachment": attachment_of(message.attachment),
        "created_at": rendering.rfc3339(message.created_at),
        "event_id": message.event_id,
    }


def sender_of(sender: Sender) -> object:
    """Say what a sender must read as."""
    return {"id": sender.id, "name": sender.name, "role": sender.role}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2030, 1, 31, 12, tzinfo=UTC), "2030-01-31T12:00:00.000Z"),
        (datetime(2030, 1, 31, 12, 0, 0, 1_999, UTC), "2030-01-31T12:00:00.001Z"),
        (
            datetime(2030, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "2029-12-31T23:00:00.000Z",
        ),
    ],
)
def test_a_moment_is_utc_in_milliseconds(moment: datetime, expected: str) -> None:
    """Times end in Z and have three decimals, whatever zone they were in."""
    assert rendering.rfc3339(moment) == expected


@given(MOMENTS)
def test_a_moment_reads_back_to_the_millisecond(moment: datetime) -> None:
    """Nothing but the microseconds is lost."""
    parsed = datetime.fromisoformat(rendering.rfc3339(moment))

    assert timedelta() <= moment - parsed < timedelta(milliseconds=1)


@given(moment=MOMENTS)
def test_a_moment_to_the_microsecond_comes_back_whole(moment: datetime) -> None:
    """Nothing of it is cut, and it is as long as any other."""
    text = rendering.rfc3339_micros(moment)

    assert datetime.fromisoformat(text) == moment
    assert len(text) == len("2030-01-31T12:00:00.000000Z")


@given(incoming())
def test_a_received_message_reads_as_it_was(message: IncomingMessage) -> None:
    """The JSON of a received message equals the message."""
    shown = json.loads(rendering.message_json(message))

    assert shown == content_of(message) | {
        "from": sender_of(message.sender),
        "seq": message.seq,
    }


@given(outgoing())
def test_an_outgoing_message_reads_as_it_was(message: OutgoingMessage) -> None:
    """The JSON of an outgoing message is its content and its state."""
    shown = json.loads(rendering.message_json(message))

    assert shown == content_of(message) | state_of(message)


@given(outgoing())
def test_a_receipt_reads_as_the_message_was(message: OutgoingMessage) -> None:
    """A receipt has the state, and an error only if there is one."""
    state = state_of(message)
    del state["key_id"]
    if message.error is None:
        del state["error"]

    shown = json.loads(rendering.receipt_json(message))

    assert shown == state | {
        "id": message.id,
        "room": message.room,
        "type": message.type,
        "created_at": rendering.rfc3339(message.created_at),
    }


def test_a_receipt_looks_as_documented() -> None:
    """The members of a receipt come in the order that the contract shows."""
    alice = Recipient(0, "alice", "p-1", MessageStatus.SENT, attempts=1)
    message = replace(
        OUTGOING, status=MessageStatus.SENT, ref="order-17", recipients=(alice,)
    )

    assert rendering.receipt_json(message) == (
        '{"id":"msg_2","status":"sent","waiting_for":null,"room":"lobby",'
        '"type":"chat","ref":"order-17","recipients":[{"name":"alice",'
        '"participant_id":"p-1","status":"sent","attempts":1}],'
        '"created_at":"2026-03-14T12:00:00.000Z",'
        '"expires_at":"2026-03-14T12:05:00.000Z","next_retry_at":null}'
    )


def test_a_message_tells_when_its_room_is_tried_again() -> None:
    """The time of the next try is shown where it is known."""
    shown = json.loads(
        rendering.message_json(OUTGOING, next_retry_at=OUTGOING.created_at)
    )

    assert shown["next_retry_at"] == "2026-03-14T12:00:00.000Z"


def test_a_received_message_looks_as_documented() -> None:
    """The envelope of message.received is the contract's example, member by member."""
    assert rendering.envelope(RECEIVED, INCOMING) == (
        b'{"v":1,"id":"evt_1","seq":1042,"type":"message.received","room":"lobby",'
        b'"timestamp":"2026-03-14T12:00:00.000Z","data":{"id":"msg_1","from":'
        b'{"id":"p-1","name":"alice","role":"user"},"type":"chat",'
        b'"message":{"text":"hi"},"attachment":null}}'
    )


def test_the_address_for_answers_is_the_last_member() -> None:
    """With links, the envelope ends in the address to which one answers."""
    body = rendering.envelope(RECEIVED, INCOMING, reply_url='https://g.example/"')

    assert body == rendering.envelope(RECEIVED, INCOMING)[:-1] + (
        b',"reply_url":"https://g.example/\\""}'
    )


@given(incoming())
def test_an_envelope_of_a_received_message_reads_as_it_was(
    message: IncomingMessage,
) -> None:
    """Whatever was said, the envelope is UTF-8 JSON that equals it."""
    body = rendering.envelope(RECEIVED, message)

    assert json.loads(body.decode("utf-8"))["data"] == {
        "id": message.id,
        "from": sender_of(message.sender),
        "type": message.type,
        "message": json.loads(message.body),
        "attachment": attachment_of(message.attachment),
    }


@given(message=outgoing(), changed_since=st.booleans())
def test_an_envelope_of_a_sent_message_has_the_state_of_its_moment(
    message: OutgoingMessage, *, changed_since: bool
) -> None:
    """The event's own state is shown, though the message has moved on."""
    event = replace(SENT, data=rendering.state_json(message))
    now = replace(message, status=MessageStatus.UNKNOWN) if changed_since else message

    data = json.loads(rendering.envelope(event, now))["data"]

    assert data == content_of(message) | state_of(message) | {"event_id": "evt_2"}


def test_an_event_without_a_state_shows_the_present_one() -> None:
    """An event that carries no state takes the message's."""
    data = json.loads(rendering.envelope(SENT, OUTGOING))["data"]

    assert data["status"] == "queued"


def test_an_event_about_a_participant_shows_its_data() -> None:
    """What an event carries is set in as it is."""
    body = json.loads(rendering.envelope(JOINED, None))

    assert body == {
        "v": 1,
        "id": "evt_3",
        "seq": 7,
        "type": "participant.joined",
        "room": "lobby",
        "timestamp": "2026-03-14T12:00:00.000Z",
        "data": {"participant": {"id": "p-1"}},
    }


def test_an_event_of_no_room_without_data_is_still_an_envelope() -> None:
    """Absent members are null or empty, never missing."""
    body = json.loads(rendering.envelope(replace(JOINED, room=None, data=None), None))

    assert body["room"] is None
    assert body["data"] == {}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, {"id": "msg_2"}),
        ("{}", {"id": "msg_2"}),
        ('{"status":"sent"}', {"id": "msg_2", "status": "sent"}),
    ],
)
def test_an_event_outlives_its_message(data: str | None, expected: object) -> None:
    """With the message gone, its id and what the event carries remain."""
    body = json.loads(rendering.envelope(replace(SENT, data=data), None))

    assert body["data"] == expected


@pytest.mark.parametrize("size", [0, 1, rendering.INLINE_ATTACHMENT_BYTES])
def test_a_small_attachment_is_sent_along(size: int) -> None:
    """Up to 64 KiB the bytes themselves are in the envelope."""
    data = b"\xff" * size
    message = replace(INCOMING, attachment=Attachment(size, "ab"))

    body = rendering.envelope(RECEIVED, message, attachment=data, attachment_url="u")

    shown = json.loads(body)["data"]["attachment"]
    assert shown == {
        "size": size,
        "sha256": "ab",
        "data": base64.b64encode(data).decode(),
    }


@pytest.mark.parametrize(
    "data", [None, b"\xff" * (rendering.INLINE_ATTACHMENT_BYTES + 1)]
)
def test_a_large_attachment_is_linked(data: bytes | None) -> None:
    """Above 64 KiB there is a link in place of the bytes."""
    message = replace(INCOMING, attachment=Attachment(70_000, "ab"))

    body = rendering.envelope(
        RECEIVED, message, attachment=data, attachment_url="https://g.example/a?sig=1"
    )

    assert json.loads(body)["data"]["attachment"] == {
        "size": 70_000,
        "sha256": "ab",
        "url": "https://g.example/a?sig=1",
    }
