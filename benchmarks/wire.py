"""As much of HTTP/1.1 as a benchmark needs: whole messages with a Content-Length."""

import re
from collections.abc import Iterator

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_END = b"\r\n\r\n"


class Messages:
    """Cuts a stream of bytes into messages; one without a length has no body."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Give the head and the body of each message that is whole now."""
        buffer = self._buffer + data if self._buffer else data
        while (end := buffer.find(_END)) >= 0:
            head = buffer[:end]
            found = _LENGTH.search(head)
            stop = end + len(_END) + (int(found[1]) if found else 0)
            if len(buffer) < stop:
                break
            body = buffer[end + len(_END) : stop]
            buffer = buffer[stop:]
            self._buffer = buffer
            yield head, body
        self._buffer = buffer
