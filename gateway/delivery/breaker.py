"""A circuit breaker: it spares a receiver that fails, and tries it again with care."""

from collections import deque
from enum import StrEnum

FAILURES_IN_A_ROW = 10
WINDOW_S = 60
WINDOW_LEAST = 20  # Outcomes within the window, or their shares say nothing.
OPEN_S = 30.0  # Doubled with each opening, …
LONGEST_OPEN_S = 600.0  # … up to this.
PROBES = 3  # Successes in a row that close it again.


class Circuit(StrEnum):
    """What a breaker lets through: everything, nothing, or one request at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Says how many requests may be in flight, from how the last ones ended.

    It opens after 10 failures in a row, or when of at least 20 outcomes within 60 s
    half were failures. It stays open for 30 s, twice as long each time it opens again,
    up to 10 min. Then one request at a time is let through: a failure opens it again,
    3 successes in a row close it. After that 1, 2, 4, 8 … may be in flight, each step
    after as many successes as it is wide; a failure meanwhile counts as any other, and
    takes the width back to 1. When the widest step is done, the next opening is one of
    30 s again.

    Outcomes belong to the `era` in which their request was sent: those of an era that
    is over, as when it opened meanwhile, change nothing.

    Attributes:
        era: Grows when it opens, and when it starts afresh.
    """

    def __init__(self) -> None:
        self.era = 0
        self._begin()

    def _begin(self) -> None:
        self._circuit = Circuit.CLOSED
        self._ends_at_s = 0.0  # When it is not open any more.
        self._open_s = OPEN_S  # How long the next opening is.
        self._in_a_row = 0  # Failures while closed, successes while half open.
        self._width = 0  # Of the slow start; 0 when there is none.
        self._stepped = 0  # Successes at this width.
        self._tally = _Tally()

    def reset(self) -> None:
        """Forget everything, as for a receiver never called before."""
        self.era += 1
        self._begin()

    def circuit(self, *, now_s: float) -> Circuit:
        """Return what it lets through at a moment of a monotonic clock."""
        if self._circuit is Circuit.OPEN and now_s >= self._ends_at_s:
            self._circuit = Circuit.HALF_OPEN
            self._in_a_row = 0
        return self._circuit

    def width(self, most: int, *, now_s: float) -> int:
        """Return how many requests may be in flight together, at most `most`."""
        if self._circuit is Circuit.CLOSED:
            return min(self._width, most) if self._width else most
        return 0 if self.circuit(now_s=now_s) is Circuit.OPEN else 1

    @property
    def is_careful(self) -> bool:
        """Whether it lets through less than everything."""
        return self._circuit is not Circuit.CLOSED or self._width > 0

    def wait_s(self, *, now_s: float) -> float:
        """Return for how many seconds nothing is let through; 0 if something is."""
        if self.circuit(now_s=now_s) is not Circuit.OPEN:
            return 0.0
        return self._ends_at_s - now_s

    def succeed(self, era: int, most: int, *, now_s: float) -> None:
        """Count a success.

        Args:
            era: Of its request.
            most: How many requests may be in flight when all is well.
            now_s: The present moment on a monotonic clock.
        """
        if era != self.era:
            return
        if self.circuit(now_s=now_s) is Circuit.CLOSED:
            self._in_a_row = 0
            self._tally.add(now_s, is_failure=False)
            if self._width:
                self._step(most)
            return
        self._in_a_row += 1
        if self._in_a_row >= PROBES:
            self._circuit = Circuit.CLOSED
            self._in_a_row = 0
            self._width, self._stepped = 1, 0
            self._tally = _Tally()

    def fail(self, era: int, *, now_s: float) -> None:
        """Count a failure.

        Args:
            era: Of its request.
            now_s: The present moment on a monotonic clock.
        """
        if era != self.era:
            return
        if self.circuit(now_s=now_s) is not Circuit.CLOSED:
            self._open(now_s)
            return
        self._in_a_row += 1
        self._tally.add(now_s, is_failure=True)
        if self._width:
            self._width, self._stepped = 1, 0
        if self._in_a_row >= FAILURES_IN_A_ROW or self._tally.is_bad:
            self._open(now_s)

    def _open(self, now_s: float) -> None:
        self.era += 1
        self._circuit = Circuit.OPEN
        self._ends_at_s = now_s + self._open_s
        self._open_s = min(self._open_s * 2, LONGEST_OPEN_S)
        self._in_a_row = 0
        self._width = self._stepped = 0

    def _step(self, most: int) -> None:
        self._stepped += 1
        if self._stepped < self._width:
            return
        self._stepped = 0
        if self._width < most:
            self._width = min(self._width * 2, most)
        else:
            self._width = 0
            self._open_s = OPEN_S


class _Tally:
    """Counts the outcomes of the last 60 s, to the second."""

    def __init__(self) -> None:
        self._seconds: deque[list[int]] = deque()  # The second, outcomes, failures.
        self._outcomes = 0
        self._failures = 0

    def add(self, now_s: float, *, is_failure: bool) -> None:
        """Count an outcome, and forget those that are too long ago."""
        second = int(now_s)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
            while self._seconds[0][0] <= second - WINDOW_S:
                _, outcomes, failures = self._seconds.popleft()
                self._outcomes -= outcomes
                self._failures -= failures
        last = self._seconds[-1]
        last[1] += 1
        self._outcomes += 1
        if is_failure:
            last[2] += 1
            self._failures += 1

    @property
    def is_bad(self) -> bool:
        """Whether there are enough outcomes, and half of them failures."""
        return self._outcomes >= WINDOW_LEAST and self._failures * 2 >= self._outcomes
