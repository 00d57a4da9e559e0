"""The payload of nearly every message: a JSON header, then raw bytes.

u64 length of the header | header, a JSON object in UTF-8 | trailer, to the end
"""

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.room.errors import MalformedEnvelope

RESERVED_KEY = "__meshagent__"
MAX_NESTING = 512  # Of 1 000: whoever writes it again may stand on a higher stack.

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A header without its `__meshagent__` field, and the bytes behind it."""

    header: dict[str, object]
    trailer: bytes


def _no_constant(_: str) -> None:
    """NaN and the infinities become null, as `JSON.stringify` writes them."""


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def pack(header: Mapping[str, object], trailer: bytes = b"") -> bytes:
    """Write one payload.

    Raises:
        ValueError: The header has a value that JSON has not, such as NaN.
        TypeError: The header has a value of a kind that JSON has not.
    """
    return pack_raw(to_json(dict(header)).encode(), trailer)


def to_json(value: object) -> str:
    """Write compact JSON, ASCII only.

    Raises:
        ValueError: There is a value that JSON has not, such as NaN.
        TypeError: There is a value of a kind that JSON has not.
    """
    return _ENCODER.encode(value)


def pack_raw(header: bytes, trailer: bytes = b"") -> bytes:
    """Write one payload whose header is JSON already; it is not checked."""
    return b"".join((_LENGTH.pack(len(header)), header, trailer))


def unpack(payload: bytes) -> Envelope:
    """Read one payload; the header loses its `__meshagent__` field.

    Raises:
        MalformedEnvelope: It is cut short, or its header is not a JSON object.
    """
    start = _LENGTH.size
    if len(payload) < start:
        raise MalformedEnvelope(problem=f"{len(payload)} bytes, at least 8 are needed")
    end = start + int.from_bytes(payload[:start])
    if len(payload) < end:
        raise MalformedEnvelope(problem=f"a header of {end - start} bytes is cut short")
    header = parse_object(payload[start:end])
    header.pop(RESERVED_KEY, None)
    return Envelope(header, payload[end:])


def parse_object(text: bytes) -> dict[str, object]:
    """Read a JSON object in UTF-8.

    NaN, the infinities and numbers too large for a float are read as null.

    Raises:
        MalformedEnvelope: It is not UTF-8, not JSON, nested over 512 levels deep, no
            object, or has an integer of thousands of digits.
    """
    try:
        value: object = _DECODER.decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedEnvelope(problem="the header is not JSON") from error
    if not isinstance(value, dict):
        raise MalformedEnvelope(problem="the header is not a JSON object")
    if text.count(b"{") + text.count(b"[") > MAX_NESTING and _is_too_deep(value):
        raise MalformedEnvelope(problem="the header is nested too deeply")
    return value


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_NESTING):
        level = [inner for outer in level for inner in _containers_in(outer)]
        if not level:
            return False
    return True


def _containers_in(outer: object) -> Iterator[object]:
    if isinstance(outer, dict):
        yield from (one for one in outer.values() if isinstance(one, dict | list))
    elif isinstance(outer, list):
        yield from (one for one in outer if isinstance(one, dict | list))
