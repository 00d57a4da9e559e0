"""JSON text from others: parsed whole or refused, and written compactly."""

import json
import math
from typing import Final, NoReturn

import orjson

from gateway.domain.errors import MalformedJson

MOST_NESTING: Final = 1_000_000  # Arrays and objects of one text.


def loads(raw: bytes | str) -> object:
    """Parse JSON; `MalformedJson` for all that is not JSON in UTF-8.

    NaN, Infinity, numbers beyond a double, lone surrogates and nesting beyond what the
    parsers take, some hundreds of levels, are refused: they could not be said to
    others. So are more than a million arrays and objects, which would take fifty times
    the memory of their text. Of a name that comes twice the last counts.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        _refuse_many(text)
        if text.startswith("\ufeff"):  # RFC 8259 §8.1
            message = "The body begins with a byte order mark, which JSON has not."
            raise MalformedJson(message)
        return _parsed(text)
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8 at byte {error.start}."
        raise MalformedJson(message) from error
    except UnicodeEncodeError as error:
        message = "The body has half of a surrogate pair, which is not text."
        raise MalformedJson(message) from error
    except RecursionError as error:
        message = "The body is nested too deeply."
        raise MalformedJson(message) from error
    except json.JSONDecodeError as error:
        message = f"{error.msg}, line {error.lineno} column {error.colno}."
        raise MalformedJson(message) from error
    except ValueError as error:
        message = f"The body is not JSON: {error}."
        raise MalformedJson(message) from error


def dumps_parsed(value: object) -> str:
    """Return as compact JSON text what is made of values that `loads` returned.

    It is `dumps` in a tenth of the time, and would write infinity as null; of some
    numbers it may choose another of their texts.
    """
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # An integer beyond 64 bits, half a character.
        return dumps(value)


def dumps(value: object) -> str:
    """Return compact JSON text; `MalformedJson` for a number that JSON can't hold."""
    try:
        return _encode(value)
    except RecursionError as error:
        message = "The body is nested too deeply."
        raise MalformedJson(message) from error
    except ValueError as error:
        message = "The body has a number that JSON cannot hold."
        raise MalformedJson(message) from error


_encode: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode


def _parsed(text: str) -> object:
    """Parse with the quick parser what both parsers read alike, else with the other.

    Parsing holds up all others, so that a large body is worth a look at its digits. The
    slow parser also has the last word on what the quick one refuses: it tells where it
    ends to be JSON.
    """
    if not _has_long_number(text):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    parsed: object = _DECODER.decode(text)
    if "\\ud" in text or "\\uD" in text:
        dumps(parsed).encode("utf-8")
    return parsed


def _refuse_many(text: str) -> None:
    """Refuse what would make too many arrays and objects; brackets in strings count."""
    if len(text) <= MOST_NESTING:
        return
    if text.count("[") + text.count("{") > MOST_NESTING:
        message = f"The body has more than {MOST_NESTING:,} arrays and objects."
        raise MalformedJson(message)


def _has_long_number(text: str) -> bool:
    """Say whether there may be an integer beyond 64 bits, which orjson rounds."""
    shape = b"," + text.encode("utf-8", "surrogatepass").translate(_SHAPE)
    return _LONG in shape or _LONG_NEGATIVE in shape


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not a number in JSON"
    raise ValueError(message)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        message = "a number is larger than a double can be"
        raise ValueError(message)
    return number


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
# What a number may follow as a comma, all digits as zeros; in a string that may be seen
# as well, which costs no more than the time of the slow parser.
_SHAPE: Final = bytes.maketrans(b"[: \t\r\n123456789", b",,,,,,000000000")
_LONG: Final = b"," + b"0" * 20  # 2**64 has twenty digits, and 2**63 nineteen.
_LONG_NEGATIVE: Final = b",-" + b"0" * 19
