"""Parts of an answer, as RFC 9110 §14 has callers ask for them."""

import re
from dataclasses import dataclass
from typing import Final

from gateway.domain.errors import RangeNotSatisfiable

UNIT: Final = "bytes"
_RANGE: Final = re.compile(r"(?i)\s*bytes\s*=\s*([0-9]{0,18})-([0-9]{0,18})\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the bytes of a whole.

    Attributes:
        first: Place of its first byte, from 0.
        last: Place of its last byte.
        size: Bytes of the whole.
    """

    first: int
    last: int
    size: int

    def of(self, content: bytes) -> bytes:
        """Return these bytes of the whole."""
        return content[self.first : self.last + 1]

    @property
    def content_range(self) -> str:
        """The value of Content-Range."""
        return f"{UNIT} {self.first}-{self.last}/{self.size}"


def part_of(asked: str | None, size: int) -> Part | None:
    """Return the part that a Range asks for; `None` for the whole.

    The whole is what is sent, too, for several parts and for what is no range of
    bytes: a server may ignore any Range.

    Args:
        asked: The header.
        size: Bytes of the whole.

    Raises:
        RangeNotSatisfiable: It begins beyond the end, or asks for no bytes.
    """
    found = None if asked is None else _RANGE.fullmatch(asked)
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        first, last = max(size - int(found[2]), 0), size - 1
    else:
        first = int(found[1])
        last = min(int(found[2] or size), size - 1)
        if found[2] and int(found[2]) < first:
            return None
    if first >= size:
        detail = f"It has {size} bytes, and none that were asked for."
        raise RangeNotSatisfiable(detail, facts={"size": size})
    return Part(first, last, size)


def none_of(size: int) -> str:
    """Return the Content-Range of a refusal: how much there is."""
    return f"{UNIT} */{size}"
