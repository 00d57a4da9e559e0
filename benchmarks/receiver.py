"""The receiver of webhooks: counts, and answers 204. A process of its own."""

import asyncio
import re
from typing import cast

from typing_extensions import override

from benchmarks import servant
from benchmarks.figures import latencies_of
from benchmarks.wire import Messages
from gateway.system import SystemClock

_STAMP = re.compile(rb'"t": ?([0-9.]+)')
_DONE = b"HTTP/1.1 204 No Content\r\n\r\n"


class Tally:
    """What has come since it was last reset."""

    def __init__(self) -> None:
        self._expected = 0
        self._enough = asyncio.Event()
        self._now = SystemClock().monotonic
        self._count = 0
        self._signed = 0
        self._last_s = 0.0
        self._seconds: list[float] = []

    def take(self, head: bytes, body: bytes) -> None:
        """Count a request; one that says when it was made is timed."""
        self._last_s = self._now()
        self._count += 1
        self._signed += b"\r\nwebhook-signature:" in head
        if (stamp := _STAMP.search(body)) is not None:
            self._seconds.append(self._last_s - float(stamp[1]))
        if self._count >= self._expected:
            self._enough.set()

    async def reset(self) -> None:
        """Begin anew."""
        self._count = self._signed = 0
        self._seconds.clear()

    async def until(self, count: int) -> dict[str, object]:
        """Return when so many have come; times are monotonic."""
        self._expected = count
        if self._count < count:
            self._enough.clear()
            await self._enough.wait()
        return {
            "count": self._count,
            "signed": self._signed,
            "last_s": self._last_s,
            "latencies": latencies_of(self._seconds).line(),
        }


class Connection(asyncio.Protocol):
    """One sender's connection."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._messages = Messages()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            "asyncio.Transport", transport
        )  # uvloop's is no subclass

    @override
    def data_received(self, data: bytes) -> None:
        for head, body in self._messages.feed(data):
            self._tally.take(head, body)
            if self._transport is not None:
                self._transport.write(_DONE)


async def main() -> None:
    """Listen, say where, and obey."""
    tally = Tally()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(tally), "127.0.0.1", 0
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        servant.answer({"port": port})
        await servant.obey({"reset": tally.reset, "until": tally.until})


if __name__ == "__main__":
    servant.run(main())
