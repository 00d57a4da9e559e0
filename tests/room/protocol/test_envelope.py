"""Envelopes: header and trailer, and everything that is neither."""

import contextlib

import pytest
from hypothesis import given, strategies as st

from gateway.room.errors import MalformedEnvelope
from gateway.room.protocol.envelope import (
    Envelope,
    pack,
    pack_raw,
    parse_object,
    unpack,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
HEADERS = st.dictionaries(st.text().filter(lambda key: key != "__meshagent__"), JSON)


@given(header=HEADERS, trailer=st.binary())
def test_what_is_packed_is_unpacked(header: dict[str, object], trailer: bytes) -> None:
    """Header and trailer come back as they were."""
    assert unpack(pack(header, trailer)) == Envelope(header, trailer)


@given(st.binary() | st.binary().map(pack_raw))
def test_any_bytes_give_a_value_or_a_named_error(payload: bytes) -> None:
    """No payload raises anything but MalformedEnvelope."""
    with contextlib.suppress(MalformedEnvelope):
        unpack(payload)


BAD = {
    "empty": b"",
    "seven bytes": bytes(7),
    "cut header": pack_raw(b'{"a":1}')[:-1],
    "length beyond all": b"\xff" * 8 + b"{}",
    "not UTF-8": pack_raw(b'{"a":"\xff"}'),
    "UTF-16": pack_raw('{"a":1}'.encode("utf-16")),
    "not JSON": pack_raw(b"{"),
    "a list": pack_raw(b"[1]"),
    "null": pack_raw(b"null"),
    "too deep": pack_raw(b'{"a":' + b"[" * 200_000),
    "too many digits": pack_raw(b'{"a":' + b"9" * 5000 + b"}"),
    "two values": pack_raw(b"{}{}"),
}


@pytest.mark.parametrize("payload", BAD.values(), ids=BAD)
def test_a_bad_payload_is_named(payload: bytes) -> None:
    """Every way of being no envelope ends in the same error."""
    with pytest.raises(MalformedEnvelope):
        unpack(payload)


def test_the_meshagent_field_is_stripped() -> None:
    """Trace fields of the Python SDK are no part of the header."""
    payload = pack({"status": "busy", "__meshagent__": {"v": 1, "otel": {}}}, b"rest")

    assert unpack(payload) == Envelope({"status": "busy"}, b"rest")


def test_raw_and_escaped_unicode_are_the_same() -> None:
    """One SDK writes UTF-8, the other escapes."""
    raw = unpack(pack_raw('{"name":"Zoé 🎉"}'.encode()))
    escaped = unpack(pack_raw(b'{"name":"Zo\\u00e9 \\ud83c\\udf89"}'))

    assert raw == escaped == Envelope({"name": "Zoé 🎉"}, b"")


def test_numbers_that_json_has_not_are_read_as_null() -> None:
    """What could not be written again as JSON does not get in."""
    header = parse_object(b'{"a":NaN,"b":[-Infinity,1e999,1.5],"c":1e3}')

    assert header == {"a": None, "b": [None, None, 1.5], "c": 1000.0}


def test_a_header_with_nan_is_not_written() -> None:
    """NaN in our own header is our bug, and says so."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack({"a": float("nan")})


@pytest.mark.parametrize(("levels", "is_taken"), [(511, True), (512, False)])
def test_a_header_is_nested_512_levels_deep_at_most(
    levels: int, *, is_taken: bool
) -> None:
    """Deeper ones could be read here, and written again nowhere."""
    text = b'{"a":' + b"[" * levels + b"]" * levels + b"}"

    if is_taken:
        parse_object(text)
    else:
        with pytest.raises(MalformedEnvelope, match="too deeply"):
            parse_object(text)


def test_a_header_of_many_objects_side_by_side_is_not_deep() -> None:
    """As a list of participants is."""
    text = b'{"a":[' + b",".join([b'{"b":[{}]}'] * 1000) + b"]}"

    assert len(parse_object(text)["a"]) == 1000  # type: ignore[arg-type]  # a list
