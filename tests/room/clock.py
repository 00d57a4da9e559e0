"""A clock that a test turns by hand."""

import asyncio
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


class HandClock:
    """Time stands still until `advance`; whoever sleeps wakes then."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self._slept = asyncio.Event()

    def now(self) -> datetime:
        """Noon, and what has passed since."""
        return NOON + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Wait for the hand."""
        future: asyncio.Future[None] = asyncio.Future()
        entry = (self.elapsed_s + seconds, future)
        self._sleepers.append(entry)
        self._slept.set()
        try:
            await future
        finally:
            self._sleepers.remove(entry)

    async def sleeper(self, until_s: float) -> None:
        """Wait until somebody sleeps until that time."""
        while not any(abs(due - until_s) < 1e-9 for due, _ in self._sleepers):
            self._slept.clear()
            await self._slept.wait()

    def advance(self, seconds: float) -> None:
        """Turn the hand."""
        self.elapsed_s += seconds
        for due, future in self._sleepers:
            if due <= self.elapsed_s and not future.done():
                future.set_result(None)
