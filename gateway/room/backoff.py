"""How long to wait before the next attempt to join."""

from random import Random

from tenacity import AsyncRetrying, RetryCallState, wait_exponential

from gateway.room.protocol.options import DEFAULT_OPTIONS, RoomOptions
from gateway.room.protocol.standing import Pace, Setback

FIRST_S = 0.5
CAP_S = 30.0


class FullJitter:
    """A wait of tenacity: uniform between nothing and a doubling ceiling.

    Ceilings are 0.5, 1, 2, 4, 8, 16, 30, 30 … seconds. The chance is the given one,
    where `wait_random_exponential` takes the process's.
    """

    def __init__(
        self, rng: Random, *, first_s: float = FIRST_S, cap_s: float = CAP_S
    ) -> None:
        self._rng = rng
        self._ceiling = wait_exponential(multiplier=first_s, max=cap_s)

    def __call__(self, retry_state: RetryCallState) -> float:
        """Give the wait after the attempt that tenacity counts, in seconds."""
        return self._rng.uniform(0.0, self._ceiling(retry_state))


class Backoff:
    """Counts attempts since the last steady time, and gives their waits.

    Args:
        rng: Source of the jitter.
        options: `steady_s` and `denied_retry_s`. Visits shorter than `steady_s` go
            on counting, or a room that flaps would become a hot loop.
    """

    def __init__(self, rng: Random, options: RoomOptions = DEFAULT_OPTIONS) -> None:
        self._wait = FullJitter(rng)
        self._options = options
        self._state = self._fresh()

    @staticmethod
    def _fresh() -> RetryCallState:
        return RetryCallState(AsyncRetrying(), fn=None, args=(), kwargs={})

    def next_s(self) -> float:
        """Give the wait after one more failure, in seconds."""
        wait_s = self._wait(self._state)
        self._state.attempt_number += 1
        return wait_s

    def after(self, setback: Setback) -> float | None:
        """Give the wait that a setback asks for; `None` waits for a request."""
        match setback.pace:
            case Pace.BACKOFF:
                return max(self.next_s(), setback.at_least_s)
            case Pace.SLOW:
                return self._options.denied_retry_s
            case Pace.ON_REQUEST:
                return None

    def was_ready(self, duration_s: float) -> None:
        """Start afresh if the room was ready for long enough."""
        if duration_s >= self._options.steady_s:
            self._state = self._fresh()
