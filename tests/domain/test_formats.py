"""Formats: flat, CloudEvents and variables tell what the envelope tells."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from gateway.domain import formats, rendering
from gateway.domain.model import Attachment, Event, EventType, IncomingMessage, Sender
from tests.domain.nouns import INCOMING, OUTGOING, RECEIVED

FLAT = [
    *("id", "event", "room", "timestamp", "message_id", "type", "text"),
    *("from_id", "from_name", "from_role", "message"),
    *("attachment_url", "attachment_size"),
]
SENT = replace(
    RECEIVED, id="evt_2", type=EventType.MESSAGE_SENT, message_id="msg_2", seq=1043
)
JOINED = Event(
    id="evt_3",
    type=EventType.PARTICIPANT_JOINED,
    room="lobby",
    at=RECEIVED.at,
    data='{"participant":{"id":"p-1","name":"alice","role":"user"}}',
    from_name="alice",
    seq=7,
)
WITH_FILE = replace(INCOMING, attachment=Attachment(5, "ab"))

TEXTS = st.text(st.characters(codec=None))  # Lone surrogates are among them.
BODIES = st.dictionaries(
    st.sampled_from(["text", "message", '"']) | TEXTS,
    st.none() | st.integers() | TEXTS,
    max_size=3,
)


@st.composite
def received(draw: st.DrawFn) -> IncomingMessage:
    """Draw any received message."""
    body = json.dumps(draw(BODIES), ensure_ascii=draw(st.booleans()))
    sender = Sender(draw(TEXTS), draw(st.none() | TEXTS), draw(st.none() | TEXTS))
    return replace(INCOMING, type=draw(TEXTS), body=body, sender=sender)


def test_a_flat_message_looks_as_documented() -> None:
    """The flat form of message.received is the contract's, member by member."""
    assert formats.flat_json(RECEIVED, INCOMING) == (
        b'{"id":"evt_1","event":"message.received","room":"lobby",'
        b'"timestamp":"2026-03-14T12:00:00.000Z","message_id":"msg_1",'
        b'"type":"chat","text":"hi","from_id":"p-1","from_name":"alice",'
        b'"from_role":"user","message":{"text":"hi"},"attachment_url":null,'
        b'"attachment_size":null}'
    )


@given(received())
def test_a_flat_message_reads_as_it_was(message: IncomingMessage) -> None:
    """Whatever was said, the flat form is UTF-8 JSON that equals it."""
    flat = json.loads(formats.flat_json(RECEIVED, message).decode("utf-8"))

    said = json.loads(message.body)
    text = said.get("text")
    assert list(flat) == FLAT
    assert flat["message"] == said
    assert flat["text"] == (text if isinstance(text, str) else None)
    assert flat["from_id"] == message.sender.id
    assert flat["from_name"] == message.sender.name
    assert flat["from_role"] == message.sender.role
    assert flat["type"] == message.type


@pytest.mark.parametrize("body", ["[]", "null", '"text"', '{"text":["hi"]}', "{}"])
def test_a_message_without_words_has_no_text(body: str) -> None:
    """`text` is the message's own, if it is a string."""
    flat = json.loads(formats.flat_json(RECEIVED, replace(INCOMING, body=body)))

    assert flat["text"] is None
    assert flat["message"] == json.loads(body)


def test_a_message_of_ours_is_from_nobody() -> None:
    """What we said has its type and its text, and no sender."""
    flat = json.loads(formats.flat_json(SENT, OUTGOING))

    assert flat["text"] == "hi"
    assert flat["from_id"] is flat["from_name"] is flat["from_role"] is None


def test_an_event_about_a_participant_is_from_it() -> None:
    """Who came is who it is from; `message` is what the event tells."""
    flat = json.loads(formats.flat_json(JOINED, None))

    assert list(flat) == FLAT
    assert (flat["from_id"], flat["from_name"], flat["from_role"]) == (
        "p-1",
        "alice",
        "user",
    )
    assert flat["message"] == json.loads(JOINED.data or "")
    assert flat["type"] is flat["text"] is flat["message_id"] is None


def test_a_message_no_longer_held_leaves_its_facts() -> None:
    """Without the message, what the event itself knows remains."""
    flat = json.loads(formats.flat_json(RECEIVED, None))

    assert list(flat) == FLAT
    assert (flat["message_id"], flat["type"], flat["from_name"]) == (
        "msg_1",
        "chat",
        "alice",
    )
    assert flat["message"] is flat["text"] is None


def test_an_event_without_data_has_an_empty_message() -> None:
    """An event about nothing in particular is still complete."""
    flat = json.loads(formats.flat_json(replace(JOINED, room=None, data=None), None))

    assert list(flat) == FLAT
    assert flat["message"] == {}
    assert flat["room"] is None


def test_a_flat_attachment_is_an_address_and_a_size() -> None:
    """Bytes are never set into the flat form."""
    body = formats.flat_json(RECEIVED, WITH_FILE, attachment_url="https://g.example/a")

    flat = json.loads(body)
    assert flat["attachment_url"] == "https://g.example/a"
    assert flat["attachment_size"] == 5


def test_no_attachment_has_no_address() -> None:
    """An address without an attachment is not passed on."""
    flat = json.loads(formats.flat_json(RECEIVED, INCOMING, attachment_url="u"))

    assert flat["attachment_url"] is None


@pytest.mark.parametrize("reply_url", [None, "https://g.example/r"])
def test_with_links_there_is_always_an_address_for_answers(
    reply_url: str | None,
) -> None:
    """What is absent is null, never missing."""
    body = formats.flat_json(RECEIVED, INCOMING, reply_url=reply_url, with_reply=True)

    flat = json.loads(body)
    assert list(flat) == [*FLAT, "reply_url"]
    assert flat["reply_url"] == reply_url


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (RECEIVED, INCOMING),
        (RECEIVED, WITH_FILE),
        (RECEIVED, None),
        (SENT, OUTGOING),
        (JOINED, None),
        (replace(JOINED, data=None), None),
    ],
)
def test_variables_are_the_flat_form_and_more(
    event: Event, message: IncomingMessage | None
) -> None:
    """A template can name what a flat receiver gets, and `seq` and `data`."""
    named = formats.variables(event, message, attachment_url="a", reply_url="r")

    flat = formats.flat_json(
        event, message, attachment_url="a", reply_url="r", with_reply=True
    )
    envelope = rendering.envelope(event, message, attachment_url="a")
    assert named == {
        **json.loads(flat),
        "seq": event.seq,
        "data": json.loads(envelope)["data"],
    }


def test_a_cloud_event_looks_as_documented() -> None:
    """The attributes of a received message are those that the page shows."""
    body = formats.cloudevents_json(
        RECEIVED, INCOMING, source="https://g.example", reply_url="https://g.example/r"
    )

    assert json.loads(body) == {
        "specversion": "1.0",
        "id": "evt_1",
        "source": "https://g.example/rooms/lobby",
        "type": "meshagent.message.received",
        "time": "2026-03-14T12:00:00.000Z",
        "subject": "msg_1",
        "datacontenttype": "application/json",
        "sequence": "00000000000000001042",
        "replyurl": "https://g.example/r",
        "data": json.loads(rendering.envelope(RECEIVED, INCOMING))["data"],
    }


@given(received())
def test_a_cloud_event_carries_what_the_envelope_does(message: IncomingMessage) -> None:
    """Whatever was said, the CloudEvent is UTF-8 JSON with the envelope's `data`."""
    body = formats.cloudevents_json(RECEIVED, message)

    envelope = rendering.envelope(RECEIVED, message)
    assert json.loads(body.decode("utf-8"))["data"] == json.loads(envelope)["data"]


@given(TEXTS)
def test_the_source_of_a_cloud_event_is_a_uri_reference(room: str) -> None:
    """A room's name cannot add a segment, a query or a character no URI has."""
    body = formats.cloudevents_json(replace(RECEIVED, room=room), INCOMING)

    assert re.fullmatch(
        r"/rooms/([A-Za-z0-9_.~-]|%[0-9A-F]{2})*", json.loads(body)["source"]
    )


@pytest.mark.parametrize("event_type", EventType)
def test_attributes_of_a_cloud_event_are_never_empty(event_type: EventType) -> None:
    """An attribute that has nothing to say is absent, and names are lower-case."""
    event = replace(JOINED, type=event_type, room=None)

    shown = json.loads(formats.cloudevents_json(event, None))

    del shown["data"]
    assert all(re.fullmatch("[a-z0-9]+", name) for name in shown)
    assert all(isinstance(value, str) and value for value in shown.values())
    assert shown["source"] == "/gateway"


def test_a_cloud_event_has_the_bytes_of_a_small_attachment() -> None:
    """Attachments follow the rule of the envelope."""
    body = formats.cloudevents_json(RECEIVED, WITH_FILE, attachment=b"abcde")

    assert json.loads(body)["data"]["attachment"]["data"] == "YWJjZGU="


def test_every_format_has_its_content_type() -> None:
    """Structured CloudEvents are known by their type; the others are plain JSON."""
    assert set(formats.CONTENT_TYPES) == {"envelope", "flat", "cloudevents"}
    assert formats.CONTENT_TYPES["cloudevents"].startswith(
        "application/cloudevents+json"
    )
