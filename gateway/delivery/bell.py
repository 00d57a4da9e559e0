"""A bell that one task waits for and that others, or the clock, ring."""

import asyncio

from gateway.bridge.ports import Clock

# The wall clock may be set forward while we wait for a moment of it. Looking again
# this often bounds how late we can be.
LONGEST_WAIT_S = 60.0
SHORTEST_WAIT_S = 0.001  # Timers are no finer, and a wait of nothing would not end.


class Bell:
    """Rings at once by `ring`, or later by `ring_in`; a ring nobody waits for is kept.

    Args:
        clock: By which it rings later.
        tasks: Where the task that waits for the time belongs; it lives until the time
            has come or `silence` is called.
    """

    def __init__(self, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        self._clock = clock
        self._tasks = tasks
        self._rung = asyncio.Event()
        self._timer: asyncio.Task[None] | None = None
        self._rings_at_s = 0.0

    def ring(self) -> None:
        """Wake the one who waits, or who waits next."""
        self._rung.set()

    def ring_in(self, seconds: float) -> None:
        """Ring after so many seconds, 0.001 to 60, unless it rings sooner anyway."""
        wait_s = min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)
        at_s = self._clock.monotonic() + wait_s
        if self._timer is not None:
            if self._rings_at_s <= at_s:
                return
            self._timer.cancel()
        self._rings_at_s = at_s
        self._timer = self._tasks.create_task(self._wait_until(at_s))

    async def wait(self) -> None:
        """Return when it rings; at once if it has rung since the last wait."""
        await self._rung.wait()
        self._rung.clear()

    def silence(self) -> None:
        """Give up waiting for the time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _wait_until(self, at_s: float) -> None:
        await self._clock.sleep(at_s - self._clock.monotonic())
        self._timer = None
        self._rung.set()
