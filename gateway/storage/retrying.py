"""Waiting for a database that can't be reached."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_never

from gateway.bridge.ports import Clock, Meter
from gateway.storage.engine import is_unanswered

T = TypeVar("T")

FIRST_WAIT_S: Final = 0.5  # Doubled after each failure, …
LONGEST_WAIT_S: Final = 5.0  # … up to this: a database that is back is found soon.
_DOUBLINGS: Final = 10


@dataclass(frozen=True, slots=True)
class Insistence:
    """Tries again for as long as the database can't be reached.

    Attributes:
        clock: By which it waits.
        rng: Source of the jitter.
        meter: Told of the first failure.
    """

    clock: Clock
    rng: Random
    meter: Meter

    async def on(self, action: Callable[[], Awaitable[T]]) -> T:
        """Return what the action returns; failures of another kind are raised."""

        async def attempt() -> T:
            return await action()

        return await AsyncRetrying(
            retry=retry_if_exception(is_unanswered),
            stop=stop_never,
            wait=self._wait_s,
            sleep=self.clock.sleep,
            before_sleep=self._tell,
        )(attempt)

    def _wait_s(self, state: RetryCallState) -> float:
        doubled_s = FIRST_WAIT_S * 2.0 ** min(state.attempt_number - 1, _DOUBLINGS)
        return self.rng.uniform(0.0, min(LONGEST_WAIT_S, doubled_s))

    def _tell(self, state: RetryCallState) -> None:
        outcome = state.outcome
        error = None if outcome is None else outcome.exception()
        if state.attempt_number == 1 and error is not None:
            lines = str(error).splitlines() or [type(error).__name__]
            self.meter.warning("store.awaited", reason=lines[0])
