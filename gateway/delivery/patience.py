"""Waiting for the store to come back, however long that takes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_never

from gateway.bridge.ports import Clock, Meter
from gateway.domain.errors import StoreUnavailable

T = TypeVar("T")

FIRST_WAIT_S = 0.5  # Doubled after each failure, …
LONGEST_WAIT_S = 30.0  # … up to this, with full jitter.
_DOUBLINGS = 10  # After a day of failures 2**n would be no float any more.


@dataclass(frozen=True, slots=True)
class Patience:
    """Repeats what failed with `StoreUnavailable` until it works.

    Only a stop of the process ends the waiting, by cancellation.

    Attributes:
        clock: By which it waits.
        rng: Source of the jitter.
        meter: Told once for each thing that has to wait.
    """

    clock: Clock
    rng: Random
    meter: Meter

    async def insist(self, action: Callable[[], Awaitable[T]], *, what: str) -> T:
        """Return what the action returns; its other errors are not caught.

        Args:
            action: What to do, and to do again.
            what: Its name in the log, such as `record`.
        """
        try:
            return await action()
        except StoreUnavailable:
            self.meter.warning("delivery.store_awaited", what=what)
        again = AsyncRetrying(
            retry=retry_if_exception_type(StoreUnavailable),
            stop=stop_never,
            wait=self._after,
            sleep=self.clock.sleep,
        )
        await self.clock.sleep(self.wait_s(1))
        return await again(action)

    def wait_s(self, failures: int) -> float:
        """Return how many seconds to wait after that many failures in a row."""
        doubled_s = FIRST_WAIT_S * 2.0 ** min(failures - 1, _DOUBLINGS)
        return self.rng.uniform(0.0, min(LONGEST_WAIT_S, doubled_s))

    def _after(self, state: RetryCallState) -> float:
        return self.wait_s(state.attempt_number + 1)
