"""How often something may be done for each of many, in any stretch of time."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final

REMEMBERED: Final = 10_000


class Allowance:
    """Counts what was done for each of many.

    Of no more than `REMEMBERED` at a time: beyond that it forgets whoever came up
    longest ago, so that its size has a bound.

    Args:
        most: How often it may be done for one of them within the time.
        within_s: The time, in seconds.
    """

    def __init__(self, most: int, within_s: float) -> None:
        self._most = most
        self._within_s = within_s
        self._done: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def take(self, one: Hashable, now_s: float) -> bool:
        """Count one more and return true, or false if that would be too many.

        Args:
            one: For whom.
            now_s: The moment on a monotonic clock, in seconds.
        """
        times = self._done.setdefault(one, deque())
        self._done.move_to_end(one)
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        while times and times[0] <= now_s - self._within_s:
            times.popleft()
        if len(times) >= self._most:
            return False
        times.append(now_s)
        return True

    def give_back(self, one: Hashable, taken_at_s: float) -> None:
        """Count one less: what was taken at that moment was not done."""
        times = self._done.get(one, deque())
        if taken_at_s in times:
            times.remove(taken_at_s)
        if not times:
            self._done.pop(one, None)
