"""Reading what strangers sent: any JSON in, plain short text out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

# White space, control characters, and those that turn the direction of writing.
_SPACE: Final = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f]+"
)
# What nobody sees: soft hyphens, spaces of no width, fillers, tags. Joiners stay, for
# some scripts and for emoji.
_HIDDEN: Final = re.compile(
    r"[\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII
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
    become a space; those that nobody sees are left out.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return ""
    # More than is shown is cleaned, since spaces may fall together.
    seen = _HIDDEN.sub("", str(value)[: 4 * limit])
    return cut(_SPACE.sub(" ", seen).strip(), limit)


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


def a_moment(value: object) -> datetime | None:
    """Return a date and time of RFC 3339 in UTC, to the second; `None` for all else."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[1] + found[2]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def over_link(lines: Iterable[str], url: str, limit: int) -> str:
    """Return lines over an address, at most so many characters; empty ones left out.

    The address is whole, or left out if it would take more than half.
    """
    url = url if len(url) <= limit // 2 else ""
    text = cut("\n".join(line for line in lines if line), limit - len(url) - 1)
    return f"{text}\n{url}" if text and url else text or url


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
