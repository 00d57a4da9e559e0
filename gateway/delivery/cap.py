"""How many requests may be in flight in all, shared out in turn."""

from collections import deque
from collections.abc import Callable

IN_FLIGHT_IN_ALL = 256


class Cap:
    """Slots for requests, given out in the order in which they were asked for.

    Whoever gets none stands in line and is called when one is free: it then takes it,
    or leaves, so that the next is called.

    Args:
        slots: How many there are.
    """

    def __init__(self, slots: int = IN_FLIGHT_IN_ALL) -> None:
        self._free = slots
        self._line: deque[Callable[[], None]] = deque()

    @property
    def free(self) -> int:
        """How many slots nobody has."""
        return self._free

    def take(self, wanted: int, call: Callable[[], None]) -> int:
        """Take up to `wanted` slots, or stand in line to be called.

        What is free belongs first to those who stood in line before. The same `call`
        stands in line once, however often it asks.
        """
        ahead = len(self._line)
        if call in self._line:
            ahead = self._line.index(call)
        taken = min(wanted, max(0, self._free - ahead))
        self._free -= taken
        if taken == 0:
            if call not in self._line:
                self._line.append(call)
        else:
            self.leave(call)
        return taken

    def give_back(self, slots: int) -> None:
        """Return slots taken, and call as many as stand in line."""
        self._free += slots
        self._call_next()

    def leave(self, call: Callable[[], None]) -> None:
        """No longer want a slot; the next in line is called if one is free."""
        if call in self._line:
            self._line.remove(call)
        self._call_next()

    def _call_next(self) -> None:
        if self._line:
            for call in list(self._line)[: self._free]:
                call()
