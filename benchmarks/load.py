"""The load generator: lean keep-alive connections that post, closed loop or at a rate.

A client library would be slower than what it measures. Run as a process of its own; see
`servant`.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from typing_extensions import override

from benchmarks import servant
from benchmarks.figures import latencies_of
from benchmarks.wire import Messages
from gateway.system import SystemClock

TEXT = "The quick brown fox jumps over the lazy dog, and says so in the room."
PATIENCE_S = 30.0  # for answers that are owed when the time is up

Compose = Callable[[int], bytes]


def request_to(url: str, key: str) -> Compose:
    """Return what makes request `n` to a URL; its message carries when it was made."""
    parts = urlsplit(url)
    path = parts.path or "/"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    ).encode()
    now = SystemClock().monotonic

    def compose(number: int) -> bytes:
        body = (
            f'{{"to":"peer","message":{{"text":"{TEXT}","n":{number},"t":{now():.6f}}}}}'
        ).encode()
        return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)

    return compose


class Lane(asyncio.Protocol):
    """One connection with at most one request under way.

    Args:
        answered: Called with the lane, the status and the seconds that it took.
    """

    def __init__(self, answered: Callable[["Lane", int, float], None]) -> None:
        self._answered = answered
        self._messages = Messages()
        self._transport: asyncio.Transport | None = None
        self._began_s = 0.0
        self._now = SystemClock().monotonic

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            "asyncio.Transport", transport
        )  # uvloop's is no subclass

    def post(self, request: bytes) -> None:
        """Write a request."""
        self._began_s = self._now()
        if self._transport is None:
            raise ConnectionError
        self._transport.write(request)

    @override
    def data_received(self, data: bytes) -> None:
        for head, _ in self._messages.feed(data):
            status = int(head[9:12])
            if not 100 <= status < 200:  # noqa: PLR2004 - RFC 9110 §15.2
                self._answered(self, status, self._now() - self._began_s)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._answered(self, 0, 0.0)

    def close(self) -> None:
        """Close the connection, which is an answer with status 0."""
        if self._transport is not None:
            self._transport.close()


class Load:
    """Requests made and answered so far.

    Args:
        request: Makes request `n`.
    """

    def __init__(self, request: Compose) -> None:
        self._request = request
        self._idle: deque[Lane] = deque()
        self._waiting: deque[bytes] = deque()
        self._open: list[Lane] = []
        self._sent = 0
        self._is_endless = False
        self._quiet = asyncio.Event()
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self._now = SystemClock().monotonic

    async def connect(self, url: str, count: int) -> None:
        """Open the connections."""
        parts = urlsplit(url)
        for _ in range(count):
            _, lane = await asyncio.get_running_loop().create_connection(
                lambda: Lane(self._answered), parts.hostname or "", parts.port or 80
            )
            self._open.append(lane)
            self._idle.append(lane)

    async def endlessly(self, seconds: float) -> float:
        """Keep every connection busy for so long; return how long it was."""
        loop = asyncio.get_running_loop()
        self._is_endless = True
        began_s = self._now()
        for lane in self._open:
            self._next(lane)
        over = asyncio.Event()
        loop.call_later(seconds, over.set)
        await over.wait()
        self._is_endless = False
        await self._answers()
        return self._now() - began_s

    async def at_rate(self, count: int, per_second: float) -> None:
        """Post at a rate, whether or not earlier ones are answered."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number in range(count):
            moment = asyncio.Event()
            loop.call_at(began_s + number / per_second, moment.set)
            await moment.wait()
            self._sent += 1
            self._waiting.append(self._request(self._sent))
            if self._idle:
                self._next(self._idle.popleft())
        await self._answers()

    async def _answers(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while sum(self.statuses.values()) < self._sent:
                self._quiet.clear()
                await self._quiet.wait()
        for lane in self._open:
            lane.close()

    def _next(self, lane: Lane) -> None:
        if self._is_endless:
            self._sent += 1
            lane.post(self._request(self._sent))
        elif self._waiting:
            lane.post(self._waiting.popleft())
        else:
            self._idle.append(lane)

    def _answered(self, lane: Lane, status: int, took_s: float) -> None:
        if status == 0 and sum(self.statuses.values()) >= self._sent:
            return  # closed by us
        self.statuses[status] += 1
        self.seconds.append(took_s)
        self._quiet.set()
        if status:
            self._next(lane)


async def endlessly(
    url: str, key: str, connections: int, seconds: float
) -> dict[str, object]:
    """Post on every connection as fast as answers come."""
    load = Load(request_to(url, key))
    await load.connect(url, connections)
    took_s = await load.endlessly(seconds)
    return {**_summary(load), "per_second": load.statuses[200] / took_s}


async def at_rate(
    url: str, key: str, connections: int, count: int, per_second: float
) -> dict[str, object]:
    """Post so many a second."""
    load = Load(request_to(url, key))
    await load.connect(url, connections)
    await load.at_rate(count, per_second)
    return _summary(load)


def _summary(load: Load) -> dict[str, object]:
    statuses = {str(status): count for status, count in load.statuses.items()}
    return {"statuses": statuses, "latencies": latencies_of(load.seconds).line()}


if __name__ == "__main__":
    servant.run(servant.obey({"endlessly": endlessly, "at_rate": at_rate}))
