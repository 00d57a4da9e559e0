"""Typed messages: what the room says, and what we say."""

import base64
import contextlib
import json

import pytest
from hypothesis import given, strategies as st

from gateway.room.errors import MalformedEnvelope, MalformedMessage
from gateway.room.protocol.envelope import pack, unpack
from gateway.room.protocol.frames import WireMessage
from gateway.room.protocol.messages import (
    RESERVED_TYPES,
    Connected,
    Dismissed,
    Fault,
    Incoming,
    Peer,
    PeerChanged,
    PeerDisabled,
    PeerEnabled,
    Response,
    RoomReady,
    Said,
    Snapshot,
    Unknown,
    Utterance,
    invoke,
    parse,
    set_attributes,
)

Header = dict[str, object]


def wire(type_: str, header: Header, trailer: bytes = b"") -> WireMessage:
    """A message of the room."""
    return WireMessage(7, type_, pack(header, trailer))


def event(type_: str, message: object, **fields: object) -> Header:
    """The header of a messaging event."""
    return {"from_participant_id": "p1", "type": type_, "message": message, **fields}


ANNA: Header = {"id": "a", "role": "agent", "attributes": {"name": "Anna"}}
ANNA_PEER = Peer("a", "agent", {"name": "Anna"})

UNDERSTOOD: list[tuple[str, Header, Incoming]] = [
    ("room_ready", {"room_name": "r", "room_url": "u", "session_id": "s"}, RoomReady()),
    ("room_ready", {}, RoomReady()),
    (
        "connected",
        {"type": "init", "participantId": "me", "attributes": {"name": "x"}},
        Connected("me", {"name": "x"}),
    ),
    ("connected", {"type": "init", "participantId": "me"}, Connected("me", {})),
    ("connected", {"type": "other"}, Unknown("connected")),
    ("room.status", {"status": "s", "message": "m"}, Unknown("room.status")),
    ("__response__", {"type": "empty"}, Response(7, None)),
    ("__response__", {"type": "json", "json": {}}, Response(7, None)),
    ("__response__", {"type": "text", "text": "ok"}, Response(7, None)),
    (
        "__response__",
        {"type": "error", "text": "no", "code": 1003},
        Response(7, Fault(1003, "no")),
    ),
    (
        "__response__",
        {"type": "error", "text": "no", "code": "1001"},
        Response(7, Fault(1001, "no")),
    ),
    ("__response__", {"type": "error", "text": "no"}, Response(7, Fault(None, "no"))),
    (
        "__response__",
        {"type": "error", "code": "x1"},
        Response(7, Fault(None, "")),
    ),
    ("__response__", {"type": "error", "code": True}, Response(7, Fault(None, ""))),
    (
        "messaging.send",
        event("messaging.enabled", {"participants": [ANNA, {"id": "b"}]}),
        Snapshot((ANNA_PEER, Peer("b", "user", {}))),
    ),
    ("messaging.send", event("participant.enabled", ANNA), PeerEnabled(ANNA_PEER)),
    (
        "messaging.send",
        event("participant.disabled", {"id": "a"}),
        PeerDisabled("a"),
    ),
    ("messaging.send", event("participant.disabled", {}), PeerDisabled("p1")),
    (
        "messaging.send",
        event(
            "participant.attributes",
            {"attributes": {"status": "busy", "__meshagent__": {"v": 1}}},
        ),
        PeerChanged("p1", {"status": "busy"}),
    ),
    ("messaging.send", event("dismiss", {}), Dismissed()),
    (
        "messaging.send",
        event("chat", {"text": "hé 🎉"}),
        Said("p1", "chat", {"text": "hé 🎉"}, b""),
    ),
    ("storage.file.updated", {}, Unknown("storage.file.updated")),
]


@pytest.mark.parametrize(("type_", "header", "expected"), UNDERSTOOD)
def test_a_message_of_the_room_has_its_meaning(
    type_: str, header: Header, expected: Incoming
) -> None:
    """Each documented message becomes a value."""
    assert parse(wire(type_, header)) == expected


@pytest.mark.parametrize(
    ("type_", "header"),
    [
        ("connected", {"type": "init"}),
        ("messaging.send", {"type": "chat", "message": {}}),
        ("messaging.send", {"from_participant_id": "p", "message": {}}),
        ("messaging.send", event("chat", "just text")),
        ("messaging.send", event("messaging.enabled", {})),
        ("messaging.send", event("messaging.enabled", {"participants": [1]})),
        ("messaging.send", event("participant.enabled", {"role": "user"})),
    ],
)
def test_a_message_without_what_it_needs_is_named(type_: str, header: Header) -> None:
    """The error says which type, and what is missing."""
    with pytest.raises(MalformedMessage):
        parse(wire(type_, header))


def test_the_trailer_is_the_attachment() -> None:
    """Attachments come as raw bytes behind the header."""
    said = parse(wire("messaging.send", event("file", {}), b"\x00\xff"))

    assert said == Said("p1", "file", {}, b"\x00\xff")


TYPES = st.sampled_from(
    ["__response__", "messaging.send", "room_ready", "connected", "x"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from([*sorted(RESERVED_TYPES), "init", "error"]) | JSON,
        "from_participant_id": st.just("p") | JSON,
        "participantId": JSON,
        "message": st.fixed_dictionaries(
            {}, optional={"participants": JSON, "id": JSON, "attributes": JSON}
        )
        | JSON,
        "attributes": JSON,
        "code": JSON,
        "text": JSON,
    },
)


@given(type_=TYPES, payload=FIELDS.map(pack) | st.binary())
def test_any_message_has_a_meaning_or_a_named_error(type_: str, payload: bytes) -> None:
    """Nothing that a room can say raises anything else."""
    with contextlib.suppress(MalformedEnvelope, MalformedMessage):
        parse(WireMessage(1, type_, payload))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(1003, "x"), True),
        (Fault(None, "the participant was not found"), True),
        (Fault(1001, "no"), False),
    ],
)
def test_nobody_there_is_known_by_code_or_text(fault: Fault, *, expected: bool) -> None:
    """Servers were seen with either."""
    assert fault.not_found is expected


@given(
    to=st.none() | st.text(),
    type_=st.text(),
    message_json=st.text(),
    attachment=st.binary(),
)
def test_an_utterance_becomes_a_tool_call(
    to: str | None, type_: str, message_json: str, attachment: bytes
) -> None:
    """Whatever the texts are, the header is JSON and says just that."""
    utterance = Utterance(to, type_, message_json, attachment)

    header = unpack(utterance.payload("call-1")).header

    expected: Header = {
        "type": type_,
        "message_json": message_json,
        "attachment_base64": base64.b64encode(attachment).decode() or None,
    }
    if to is not None:
        expected["to_participant_id"] = to
    assert header == {
        "toolkit": "messaging",
        "tool": "broadcast" if to is None else "send",
        "participant_id": None,
        "on_behalf_of_id": None,
        "arguments": {"type": "json", "json": expected},
        "tool_call_id": "call-1",
    }


def test_trace_fields_travel_in_the_field_of_the_sdk() -> None:
    """They are the last key of the header, as the Python SDK writes them."""
    utterance = Utterance("p", "chat", "{}", otel={"traceparent": "00-é"})

    payload = utterance.payload("c")

    header = json.loads(payload[8:])
    assert list(header)[-1] == "__meshagent__"
    assert header["__meshagent__"] == {"v": 1, "otel": {"traceparent": "00-é"}}


def test_enabling_has_no_arguments() -> None:
    """Enable and disable take an empty object."""
    header = unpack(invoke("enable", "c")).header

    assert header["tool"] == "enable"
    assert header["arguments"] == {"type": "json", "json": {}}


def test_attributes_are_the_header_itself() -> None:
    """Only what changes is sent; null clears."""
    assert unpack(set_attributes({"a": 1, "b": None})).header == {"a": 1, "b": None}
