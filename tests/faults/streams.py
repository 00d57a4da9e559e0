"""Streams by the thousand, on raw sockets: some are read, some are not for a while."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from typing_extensions import override

from tests.faults.town import PATIENCE_S, Town, clock

AT_A_TIME = 50  # connections that are opened together
_OPENED = b"event: stream.open"
_ENDED = b"event: stream.close"
_END = b"\n\n"
_CURSOR = re.compile(rb"^id: (\S+-([0-9]+))\nevent: [^s]", re.MULTILINE)
_SAID = re.compile(rb'"t":([0-9.]+)')


class Stream(asyncio.Protocol):
    """One stream of the log.

    Args:
        request: What it asks for.
        is_asleep: Whether nothing is read until it is woken.

    Attributes:
        opened: Set once it has begun.
        ended: Set once it is closed.
        is_closed_in_order: Whether the gateway said so before.
        cursor: Where it is.
        places: Of the events that came.
        late_s: How long each took that says when it was said.
    """

    def __init__(self, request: bytes, *, is_asleep: bool) -> None:
        self.opened = asyncio.Event()
        self.ended = asyncio.Event()
        self.is_closed_in_order = False
        self.cursor = ""
        self.places: list[int] = []
        self.late_s: list[float] = []
        self._request = request
        self._is_asleep = is_asleep
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)
        if self._is_asleep:
            self._transport.pause_reading()

    @override
    def data_received(self, data: bytes) -> None:
        # A chunk of the body is never so long that it ends within an event.
        data = self._rest + data
        whole = data.rfind(_END) + len(_END)
        if whole < len(_END):
            self._rest = data
            return
        self._rest, data = data[whole:], data[:whole]
        if not self.opened.is_set() and _OPENED in data:
            self.opened.set()
        for cursor, place in _CURSOR.findall(data):
            self.cursor = cursor.decode()
            self.places.append(int(place))
        now_s = clock.monotonic()
        self.late_s += [now_s - float(moment) for moment in _SAID.findall(data)]
        self.is_closed_in_order = self.is_closed_in_order or _ENDED in data

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()

    def wake(self) -> None:
        """Begin to read."""
        assert self._transport is not None
        self._transport.resume_reading()

    def leave(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.abort()


@asynccontextmanager
async def streams(
    town: Town, count: int, *, query: str = "", is_asleep: bool = False
) -> AsyncIterator[list[Stream]]:
    """Have so many streams open for a block."""
    address = urlsplit(town.url)
    request = (
        f"GET /events?{query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Accept: text/event-stream\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    made: list[Stream] = []
    try:
        for first in range(0, count, AT_A_TIME):
            for _ in range(first, min(first + AT_A_TIME, count)):
                _, stream = await loop.create_connection(
                    lambda: Stream(request, is_asleep=is_asleep),
                    address.hostname or "",
                    address.port or 0,
                )
                made.append(stream)
            async with asyncio.timeout(PATIENCE_S):
                for stream in made[first:] if not is_asleep else ():
                    await stream.opened.wait()
        yield made
    finally:
        for stream in made:
            stream.leave()


def resident_bytes(pid: int) -> int:
    """Return how much memory a process has."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(pid)
