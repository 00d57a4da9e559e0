"""Any text becomes a plain value or is refused by name."""

import json

import pytest
from hypothesis import given, strategies as st

from gateway.domain.errors import MalformedJson
from gateway.domain.json_text import dumps, loads


def test_what_is_written_is_compact() -> None:
    """No spaces, and letters as they are."""
    assert dumps(loads(b'{ "a": [1, "\xc3\xa9"] }')) == '{"a":[1,"é"]}'


def test_a_number_that_json_cannot_hold_is_not_written() -> None:
    """Infinity has no text in JSON."""
    with pytest.raises(MalformedJson):
        dumps({"a": float("inf")})


@pytest.mark.parametrize(
    "raw", [b"", b"[NaN]", b"[1e999]", b'"\\ud800"', b"\xff", b"[" * 200_000]
)
def test_what_cannot_be_said_again_is_malformed(raw: bytes) -> None:
    """Nothing at all, no number, half a letter, no UTF-8, no end of nesting."""
    with pytest.raises(MalformedJson):
        loads(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_malformed(raw: bytes) -> None:
    """No byte string makes another exception."""
    try:
        parsed = loads(raw)
    except MalformedJson:
        return

    assert json.loads(raw) == parsed
