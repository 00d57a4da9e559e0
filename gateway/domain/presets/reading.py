"""Reading what strangers sent: any JSON in, plain short text out."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

_SPACE: Final = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+"
)
_LINK: Final = re.compile(r"https?://[^\s\x00-\x20\x7f-\xa0<>\"]{1,2000}", re.ASCII)
_NOTHING: Final[Mapping[str, object]] = {}


def an_object(value: object) -> Mapping[str, object]:
    """Return a JSON object, or an empty one for all that is none."""
    return value if isinstance(value, dict) else _NOTHING


def an_array(value: object) -> Sequence[object]:
    """Return a JSON array, or an empty one for all that is none."""
    return value if isinstance(value, list) else ()


def at(value: object, *path: str) -> object:
    """Return what is at the end of a path of names, or `None`."""
    for name in path:
        value = an_object(value).get(name)
    return value


def a_line(value: object, limit: int = 200) -> str:
    """Return text or a number as one line of at most so many characters.

    "" for all else. Control characters, and those that turn the direction of writing,
    become a space.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return ""
    # More than is shown is cleaned, since spaces may fall together.
    return cut(_SPACE.sub(" ", str(value)[: 4 * limit]).strip(), limit)


def first_line(*values: object, limit: int = 200) -> str:
    """Return the first of some values that is text or a number, as one line."""
    for value in values:
        line = a_line(value, limit)
        if line:
            return line
    return ""


def a_link(value: object) -> str:
    """Return an address of the web, or "" for all that is none."""
    return value if isinstance(value, str) and _LINK.fullmatch(value) else ""


def cut(text: str, limit: int) -> str:
    """Return at most so many characters of a text; one that is cut ends in `…`."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def without_nothing(members: Mapping[str, object]) -> dict[str, object]:
    """Return the members that say something."""
    return {
        name: value
        for name, value in members.items()
        if value not in (None, "", {}, [])
    }


_MAX_BITS: Final = 1_000  # Larger numbers are no text that anybody reads.
