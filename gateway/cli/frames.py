"""Server-sent events as they come out of a connection.

Source: WHATWG HTML, "Server-sent events", section 9.2.6.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_BYTES: Final = 67_108_864  # Held of one event at most: more than a gateway takes.

_CURSOR = re.compile(rb"[!-~]{1,200}")


class TooLarge(Exception):
    """An event has no end in sight."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a stream.

    Attributes:
        cursor: Where the stream is after it; `None` if it does not say.
        type: What kind of event it is, in the stream's words.
        data: Its content, which is one line.
    """

    cursor: str | None
    type: str
    data: bytes


class Frames:
    """Puts frames together out of the pieces that arrive."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._pieces_bytes = 0
        self._cursor: str | None = None
        self._type = b""
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """Yield the frames that a piece completes.

        Raises:
            TooLarge: What is held is more than `MAX_BYTES`.
        """
        self._pieces.append(piece)
        self._pieces_bytes += len(piece)
        if b"\n" in piece:
            *lines, rest = b"".join(self._pieces).split(b"\n")
            self._pieces, self._pieces_bytes = [rest], len(rest)
            for line in lines:
                if (frame := self._take(line.removesuffix(b"\r"))) is not None:
                    yield frame
        if self._pieces_bytes + self._data_bytes > MAX_BYTES:
            raise TooLarge

    def _take(self, line: bytes) -> Frame | None:
        if not line:
            return self._completed()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._data_bytes += len(value)
        elif name == b"event":
            self._type = value
        elif name == b"id" and _CURSOR.fullmatch(value):
            self._cursor = value.decode("ascii")
        return None

    def _completed(self) -> Frame | None:
        kind, data = self._type.decode("utf-8", "replace"), self._data
        self._type, self._data, self._data_bytes = b"", [], 0
        if not data:
            return None
        # In JSON a line break is nothing but space.
        return Frame(self._cursor, kind or "message", b" ".join(data))
