"""Many readers of the log on raw sockets, which check that every event came, in order.

A client library would cost more than what it measures. Run as a process of its own; see
`servant`.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Final, cast
from urllib.parse import urlsplit

from typing_extensions import override

from benchmarks import servant
from gateway.system import SystemClock

PATIENCE_S = 60.0
AT_A_TIME = 50  # connections that are opened together
_SAID: Final = re.compile(rb'"n":([0-9]+),"t":([0-9.]+)')
_OPENED: Final = b"event: stream.open"
_END: Final = b"\n\n"


class EventReader(asyncio.Protocol):
    """One reader of messages that carry a number, counted from 0, and their moment."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._rest = b""
        self._is_open = False
        self.next = 0
        self.lost = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is no subclass
        cast("asyncio.Transport", transport).write(self._crowd.request)

    @override
    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        whole = data.rfind(_END) + len(_END)
        if whole < len(_END):
            self._rest = data
            return
        self._rest = data[whole:]
        if not self._is_open and _OPENED in data:
            self._is_open = True
            self._crowd.opened()
        said = _SAID.findall(data, 0, whole)
        if said:
            self._take(said)

    def _take(self, said: list[tuple[bytes, bytes]]) -> None:
        now_s = self._crowd.now()
        for number, moment in said:
            if int(number) != self.next:
                self.lost += 1
            self.next = int(number) + 1
            self._crowd.took(now_s - float(moment))
        if self.next >= self._crowd.count:
            self._crowd.finished()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.left()


class Crowd:
    """Readers of one stream each.

    Attributes:
        request: What each asks for.
        count: How many messages each waits for.
        now: The time, as the messages carry it.
    """

    def __init__(self, url: str, key: str, count: int) -> None:
        parts = urlsplit(url)
        self.request = (
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {key}\r\nAccept: text/event-stream\r\n\r\n"
        ).encode()
        self.count = count
        self.now = SystemClock().monotonic
        self._address = (parts.hostname or "", parts.port or 80)
        self._readers: list[EventReader] = []
        self._transports: list[asyncio.BaseTransport] = []
        self._milliseconds: dict[int, int] = {}
        self._open = self._done = self._left = 0
        self._moved = asyncio.Event()

    async def gather(self, readers: int) -> None:
        """Open the streams."""
        loop = asyncio.get_running_loop()
        for opened in range(0, readers, AT_A_TIME):
            for _ in range(min(AT_A_TIME, readers - opened)):
                transport, reader = await loop.create_connection(
                    lambda: EventReader(self), *self._address
                )
                self._readers.append(reader)
                self._transports.append(transport)
            await self._until(lambda: self._open == len(self._readers))

    async def listen(self) -> dict[str, object]:
        """Wait until each has all; return how it went."""
        await self._until(lambda: self._done + self._left >= len(self._readers))
        for transport in self._transports:
            transport.close()
        return {
            "whole": sum(
                reader.next == self.count and not reader.lost
                for reader in self._readers
            ),
            "latencies": self._latencies(),
        }

    def opened(self) -> None:
        """Note that one is there."""
        self._open += 1
        self._moved.set()

    def took(self, seconds: float) -> None:
        """Note how long a message took."""
        took_ms = int(seconds * 1000)
        self._milliseconds[took_ms] = self._milliseconds.get(took_ms, 0) + 1

    def finished(self) -> None:
        """Note that one has all."""
        self._done += 1
        self._moved.set()

    def left(self) -> None:
        """Note that one was cut off."""
        self._left += 1
        self._moved.set()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._moved.clear()
                await self._moved.wait()

    def _latencies(self) -> dict[str, float]:
        total = sum(self._milliseconds.values())
        found: dict[str, float] = {"count": total}
        for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("most_ms", 1.0)):
            seen = 0
            for took_ms in sorted(self._milliseconds):
                seen += self._milliseconds[took_ms]
                if seen >= share * total:
                    found[name] = took_ms + 1
                    break
        return found


class Readers:
    """What can be asked of this process."""

    def __init__(self) -> None:
        self._crowd: Crowd | None = None

    async def gather(self, url: str, key: str, readers: int, count: int) -> int:
        """Open so many streams, each for so many messages."""
        self._crowd = Crowd(url, key, count)
        await self._crowd.gather(readers)
        return readers

    async def listen(self) -> dict[str, object]:
        """Wait until each has all; return how it went."""
        if self._crowd is None:
            raise AssertionError
        return await self._crowd.listen()


if __name__ == "__main__":
    deeds = Readers()
    servant.run(servant.obey({"gather": deeds.gather, "listen": deeds.listen}))
