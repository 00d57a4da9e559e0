"""JSON text from others: parsed whole or refused, and written compactly."""

import json
import math
from typing import Final, NoReturn

from gateway.domain.errors import MalformedJson


def loads(raw: bytes | str) -> object:
    """Parse JSON; `MalformedJson` for all that is not JSON in UTF-8.

    NaN, Infinity, numbers beyond a double, lone surrogates and nesting beyond the
    interpreter's depth are refused: they could not be said to others. Of a name that
    comes twice the last counts.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        if text.startswith("\ufeff"):  # RFC 8259 §8.1
            message = "The body begins with a byte order mark, which JSON has not."
            raise MalformedJson(message)
        parsed: object = _DECODER.decode(text)
        if "\\ud" in text or "\\uD" in text:
            dumps(parsed).encode("utf-8")
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
    return parsed


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
