"""A clock that stands still until a test moves it."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

# A turn runs everything that is ready, so this bounds the depth of a chain of
# wake-ups that `settle` follows, not how many tasks there are.
TURNS = 64


async def settle(turns: int = TURNS) -> None:
    """Let every task run until it waits for something that isn't there yet."""
    loop = asyncio.get_running_loop()
    for _ in range(turns):
        turn: asyncio.Future[None] = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


class FakeClock:
    """Satisfies the `Clock` port; `await clock.advance(60)` runs everything due.

    Args:
        start: What `now()` says first. `monotonic()` begins at 1000.0 s.
    """

    def __init__(self, start: datetime = NOON) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._skew = timedelta()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._slept = 0

    def now(self) -> datetime:
        """Return the moment it has been set to, in UTC."""
        return self._start + timedelta(seconds=self._elapsed_s) + self._skew

    def monotonic(self) -> float:
        """Return 1000.0 plus the seconds advanced so far."""
        return 1000.0 + self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Return once the clock has been advanced that far; at once for 0 or less."""
        if seconds <= 0:
            await settle(1)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slept += 1
        entry = (self._elapsed_s + seconds, self._slept, woken)
        heapq.heappush(self._sleepers, entry)
        await woken

    async def advance(self, seconds: float) -> None:
        """Move on, stopping at each moment on the way at which somebody wakes."""
        await settle()
        end_s = self._elapsed_s + seconds
        while self._sleepers and self._sleepers[0][0] <= end_s:
            due_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():  # Its sleeper was cancelled.
                continue
            self._elapsed_s = max(self._elapsed_s, due_s)
            woken.set_result(None)
            await settle()
        self._elapsed_s = end_s
        await settle()

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an administrator would."""
        self._skew += timedelta(seconds=seconds)

    @property
    def sleepers(self) -> int:
        """How many tasks are asleep."""
        return sum(not woken.done() for _, _, woken in self._sleepers)
