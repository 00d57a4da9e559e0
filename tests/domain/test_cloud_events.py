"""CloudEvents over HTTP: three modes, one form."""

import json
from base64 import b64decode

import pytest

from gateway.domain import cloud_events
from gateway.domain.cloud_events import BATCH, STRUCTURED, decoded
from gateway.domain.errors import Invalid, MalformedJson, Rejected, UnsupportedMediaType
from gateway.domain.model import Preset
from gateway.domain.payloads import payload_of
from tests.domain.arriving import arrival

EVENT = {
    "specversion": "1.0",
    "id": "A234",
    "source": "/mycontext",
    "type": "com.example.someevent",
    "subject": "larger-context",
}
HEADERS = {f"ce-{name}": value for name, value in EVENT.items()}


def test_a_structured_event_is_as_it_is() -> None:
    """Extensions and data included."""
    event = {**EVENT, "comexampleext": 1, "data": {"a": 1}}
    sent = arrival(json.dumps(event).encode(), f"{STRUCTURED}; charset=UTF-8")

    assert payload_of(sent, Preset.CLOUDEVENTS) == event


def test_an_event_called_json_is_known() -> None:
    """Some senders forget what their Content-Type should be."""
    sent = arrival(json.dumps(EVENT).encode(), "application/json")

    assert payload_of(sent, Preset.CLOUDEVENTS) == EVENT


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"a":[1]}', "application/json", {"data": {"a": [1]}}),
        (b"hi", "text/plain", {"data": "hi"}),
        (b"<a/>", "application/xml", {"data": "<a/>"}),
        (b"\xff\x00", "image/png", {"data_base64": "/wA="}),
        (b"\xff", "text/plain", {"data_base64": "/w=="}),
    ],
)
def test_a_binary_event_has_the_body_as_its_data(
    body: bytes, content_type: str, expected: dict[str, object]
) -> None:
    """JSON as JSON, text as text, the rest as base64."""
    sent = arrival(body, content_type, HEADERS)

    said = payload_of(sent, Preset.CLOUDEVENTS)

    assert said == {**EVENT, "datacontenttype": content_type, **expected}


def test_a_binary_event_needs_no_data() -> None:
    """All of it may be in the headers; without a type the data is JSON."""
    assert payload_of(arrival(headers=HEADERS), Preset.CLOUDEVENTS) == EVENT
    said = payload_of(arrival(b"[1]", headers=HEADERS), Preset.CLOUDEVENTS)
    assert said == {**EVENT, "data": [1]}


def test_bytes_without_a_type_are_kept() -> None:
    """Nothing is lost that has no name."""
    said = cloud_events.payload_of(arrival(b"\xff", headers=HEADERS), "")

    assert isinstance(said, dict)
    assert b64decode(said["data_base64"]) == b"\xff"


def test_a_batch_is_an_array() -> None:
    """Each of its events is checked."""
    sent = arrival(json.dumps([EVENT, EVENT]).encode(), BATCH)

    assert payload_of(sent, Preset.CLOUDEVENTS) == [EVENT, EVENT]


@pytest.mark.parametrize(
    "event",
    [
        [],
        "x",
        {},
        {**EVENT, "specversion": "0.3"},
        {**EVENT, "id": ""},
        {**EVENT, "source": 1},
        {name: value for name, value in EVENT.items() if name != "type"},
    ],
)
@pytest.mark.parametrize("is_batch", [False, True])
def test_what_lacks_an_attribute_is_no_event(event: object, *, is_batch: bool) -> None:
    """Alone and in a batch."""
    body = json.dumps([EVENT, event] if is_batch else event).encode()

    with pytest.raises(Invalid):
        payload_of(arrival(body, BATCH if is_batch else STRUCTURED), Preset.CLOUDEVENTS)


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"{", STRUCTURED, MalformedJson),
        (b"{}", BATCH, Invalid),
        (b"", "application/cloudevents+xml", UnsupportedMediaType),
        (b"hi", "text/plain", Invalid),
    ],
)
def test_what_is_no_event_is_refused(
    body: bytes, content_type: str, error: type[Rejected]
) -> None:
    """By what is wrong with it."""
    with pytest.raises(error):
        payload_of(arrival(body, content_type), Preset.CLOUDEVENTS)


def test_json_that_is_none_is_malformed() -> None:
    """A body that its Content-Type calls JSON has to be."""
    with pytest.raises(MalformedJson):
        payload_of(arrival(b"{", "application/json", HEADERS), Preset.CLOUDEVENTS)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%41plain", "Aplain"),  # Needlessly encoded is allowed.
        ("%2525", "%25"),  # One round.
        ("100%", "100%"),
        ('"a \\"b\\" \\\\ c"', 'a "b" \\ c'),
        ('"Euro%20%E2%82%AC"', "Euro €"),
        ("Euro €".encode().decode("latin-1"), "Euro €"),
        ("Grüße 100 %", "Grüße 100 %"),  # Latin-1, which nothing says.
    ],
)
def test_an_attribute_is_decoded_once(header: str, expected: str) -> None:
    """Quotes go, then percent-encoding, as UTF-8."""
    assert decoded(header) == expected


@pytest.mark.parametrize(
    "header", ["%C0%A0", "%FF", "%20\xff", "%ED%A0%80", "a%00b", "%0A", "\x85\xff", "€"]
)
def test_an_attribute_that_is_no_text_is_refused(header: str) -> None:
    """Overlong forms, half characters, and control characters."""
    with pytest.raises(Invalid):
        decoded(header)


def test_what_is_not_an_attribute_is_left_out() -> None:
    """Headers cannot say what the body and Content-Type say."""
    more = {"ce-data": "x", "ce-datacontenttype": "y", "ce-a_b": "z", "ce-": "w"}

    said = payload_of(arrival(headers={**HEADERS, **more}), Preset.CLOUDEVENTS)

    assert said == EVENT
