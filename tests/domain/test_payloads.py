"""Payloads: whatever came, it is one JSON value or a named refusal."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from gateway.domain.errors import Invalid, MalformedJson, Rejected, UnsupportedMediaType
from gateway.domain.json_text import dumps
from gateway.domain.model import Preset
from gateway.domain.payloads import MAX_DEPTH, payload_of
from tests.domain.arriving import arrival, parted

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
JSON = "application/json"
DOCUMENT = {"text": "hi", "n": 1}
RAW = json.dumps(DOCUMENT).encode()


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        JSON,
        "application/json; charset=UTF-8",
        "application/vnd.x+json",
        FORM,
        "text/plain",
        "application/octet-stream",
        "application/json, application/json",
    ],
)
@pytest.mark.parametrize("preset", [Preset.JSON, Preset.GITHUB, Preset.STRIPE])
def test_json_is_json_whatever_it_is_called(content_type: str, preset: Preset) -> None:
    """Senders name JSON wrongly, or not at all."""
    assert payload_of(arrival(RAW, content_type), preset) == DOCUMENT


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[1]", [1]),
        (b"null", None),
        (b"0", 0),
        (b'"x"', "x"),
        (b"\xef\xbb\xbf{}", {}),  # .NET writes a byte order mark.
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_any_json_is_a_payload(body: bytes, expected: object) -> None:
    """It need not be an object; of a name that comes twice the last counts."""
    assert payload_of(arrival(body, JSON), Preset.JSON) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[NaN]",
        b"[1e999]",
        b'"\\ud800"',
        b"[" * 5000,
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    ],
)
def test_what_cannot_be_said_again_is_malformed(body: bytes) -> None:
    """What is accepted can be stored, rendered and sent; the rest is told at once."""
    with pytest.raises(MalformedJson):
        payload_of(arrival(body, JSON), Preset.JSON)


def test_the_deepest_payload_is_taken() -> None:
    """As deep as allowed is allowed."""
    body = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH

    assert payload_of(arrival(body, JSON), Preset.JSON) == json.loads(body)


def test_a_form_is_an_object() -> None:
    """Fields are text; one that comes several times is an array."""
    body = "a=1&b=x+%C3%A9&b=&c=é".encode()

    said = payload_of(arrival(body, FORM), Preset.JSON)

    assert said == {"a": "1", "b": ["x é", ""], "c": "é"}


@pytest.mark.parametrize("preset", [Preset.JSON, Preset.GITHUB, Preset.SLACK])
def test_a_field_payload_is_its_json(preset: Preset) -> None:
    """GitHub and Slack can put their JSON into a form."""
    body = urlencode({"payload": json.dumps(DOCUMENT)}).encode()

    assert payload_of(arrival(body, FORM), preset) == DOCUMENT


def test_a_field_payload_that_is_no_json_is_a_field() -> None:
    """Only where the preset promises JSON is other text refused."""
    body = b"payload={weight}"

    assert payload_of(arrival(body, FORM), Preset.JSON) == {"payload": "{weight}"}
    with pytest.raises(MalformedJson):
        payload_of(arrival(body, FORM), Preset.GITHUB)


@pytest.mark.parametrize("preset", [Preset.JSON, Preset.GITHUB, Preset.SLACK])
@pytest.mark.parametrize("more", ["", "\r\nContent-Type: application/json"])
def test_a_part_payload_is_its_json(preset: Preset, more: str) -> None:
    """As in a form of the other kind."""
    body = parted((f"name=payload{more}", RAW))

    assert payload_of(arrival(body, MULTIPART), preset) == DOCUMENT


def test_a_multipart_form_is_an_object() -> None:
    """The boundary is read as it is written."""
    body = parted(("name=a", "é".encode()), ("name=f; filename=x", b"\xff"))

    assert payload_of(arrival(body, MULTIPART), Preset.JSON) == {
        "a": "é",
        "f": {"filename": "x", "content_type": "text/plain", "size": 1},
    }


@pytest.mark.parametrize("raw", [RAW, b"\xef\xbb\xbf" + RAW, b" \n" + RAW])
@pytest.mark.parametrize("content_type", [FORM, MULTIPART])
def test_json_that_is_called_a_form_is_json(raw: bytes, content_type: str) -> None:
    """Some senders set the header and forget what they send."""
    assert payload_of(arrival(raw, content_type), Preset.JSON) == DOCUMENT


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"a=%ff", FORM, Invalid),
        (b"a=\xff", FORM, MalformedJson),
        (b'{"a":', FORM, MalformedJson),
        (b'{"a":', MULTIPART, MalformedJson),
        (b"a=1", f"{FORM}; charset=utf-16", UnsupportedMediaType),
        (b"--B", MULTIPART, Invalid),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    body: bytes, content_type: str, error: type[Rejected]
) -> None:
    """By what is wrong with it."""
    with pytest.raises(error):
        payload_of(arrival(body, content_type), Preset.JSON)


@pytest.mark.parametrize("preset", [Preset.JSON, Preset.MESHAGENT])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_meshagent_may_say_it_in_a_header(preset: Preset, method: str) -> None:
    """Then the body is empty; beside one the header counts for nothing."""
    told = {"meshagent-webhook": '{"event":"grün"}'.encode().decode("latin-1")}

    said = payload_of(arrival(b"", JSON, told, method=method), preset)
    beside = payload_of(arrival(RAW, JSON, told), preset)

    assert (said, beside) == ({"event": "grün"}, DOCUMENT)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"a"'])
def test_what_meshagent_tells_is_an_object(body: bytes) -> None:
    """Its own receiver takes nothing else."""
    with pytest.raises(Invalid):
        payload_of(arrival(body, JSON), Preset.MESHAGENT)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_without_a_body_says_its_query(method: str) -> None:
    """What only knocks is told by what it knocked with."""
    knock = arrival(method=method, query="door=front&open=1")

    assert payload_of(knock, Preset.JSON) == {"door": "front", "open": "1"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Backup done: 3 é".encode(), "text/plain"),
        ("Backup done: 3 é".encode("latin-1"), "text/plain; charset=ISO-8859-1"),
    ],
)
def test_plain_text_is_said(body: bytes, content_type: str) -> None:
    """Without a preset text is text, in the charsets that people still use."""
    said = payload_of(arrival(body, content_type), Preset.JSON)

    assert said == {"text": "Backup done: 3 é"}


@pytest.mark.parametrize(
    "content_type", ["application/xml", "text/html", "image/svg+xml"]
)
def test_xml_is_said_as_text(content_type: str) -> None:
    """It is not looked into."""
    said = payload_of(arrival(b"<a/>", content_type), Preset.JSON)

    assert said == {"text": "<a/>"}


@pytest.mark.parametrize(
    ("body", "content_type", "preset"),
    [
        (b"\x89PNG\xff", "image/png", Preset.JSON),
        (b"PNG", "image/png", Preset.JSON),
        (b"hello", "text/plain", Preset.GITHUB),
        (b"<a/>", "application/xml", Preset.STRIPE),
        (b"{}", "application/json; charset=utf-16", Preset.JSON),
        (b"--b--", "multipart/mixed; boundary=b", Preset.JSON),
    ],
)
def test_what_is_neither_json_nor_text_is_not_supported(
    body: bytes, content_type: str, preset: Preset
) -> None:
    """Pictures, other charsets, and text where JSON was promised."""
    with pytest.raises(UnsupportedMediaType):
        payload_of(arrival(body, content_type), preset)


@pytest.mark.parametrize("preset", list(Preset))
def test_a_compressed_body_is_not_supported(preset: Preset) -> None:
    """It is never unpacked, so that a bomb stays as small as it came."""
    packed = arrival(b"\x1f\x8b", JSON, {"content-encoding": "gzip"})

    with pytest.raises(UnsupportedMediaType):
        payload_of(packed, preset)


@pytest.mark.parametrize("preset", list(Preset))
@given(
    body=st.binary(max_size=60)
    | st.text(max_size=30).map(str.encode)
    | st.sampled_from([RAW, b"payload=%7B%7D", b'{"specversion":"1.0"}', b"[]"])
    | st.builds(parted, st.tuples(st.just("name=payload"), st.binary(max_size=9))),
    content_type=st.sampled_from(
        [
            "",
            JSON,
            FORM,
            MULTIPART,
            "text/plain; charset=latin1",
            "application/cloudevents+json",
            "application/cloudevents-batch+json",
            'a/b; charset="',
        ],
    )
    | st.text(st.characters(max_codepoint=255), max_size=20),
    ce=st.dictionaries(
        st.sampled_from(["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-x"]),
        st.text(st.characters(max_codepoint=255), max_size=10) | st.just("1.0"),
    ),
    method=st.sampled_from(["GET", "POST"]),
)
def test_any_request_gives_json_or_a_named_refusal(
    preset: Preset, body: bytes, content_type: str, ce: dict[str, str], method: str
) -> None:
    """No bytes make another exception, and what is taken can be written."""
    hostile = arrival(body, content_type, ce, method=method, query=content_type)

    try:
        said = payload_of(hostile, preset)
    except Rejected:
        return

    assert json.loads(dumps(said).encode()) == said
