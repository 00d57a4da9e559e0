"""How many requests may be in flight in all, shared out in turn."""

from collections.abc import Callable

IN_FLIGHT_IN_ALL = 256


class Cap:
    """Slots for requests, shared by lanes that come and go.

    A lane that has slots may take a further one while it has fewer than are free, and
    the last quarter of all is for lanes that have none. So receivers that hang leave
    something to the others: of 256 slots, eighty lanes that take all they can leave
    some.

    Whoever gets none stands in line and is called when one is there for it: it then
    takes it, or leaves, so that the next is called.

    Args:
        slots: How many there are.
    """

    def __init__(self, slots: int = IN_FLIGHT_IN_ALL) -> None:
        self._free = slots
        self._aside = slots // 4
        self._line: dict[Share, None] = {}  # For its order: first come, first called.
        self._called: set[Share] = set()

    @property
    def free(self) -> int:
        """How many slots nobody has."""
        return self._free

    def share(self, call: Callable[[], None]) -> "Share":
        """Return a lane's part, of nothing yet, and what is called to take a slot."""
        return Share(self, call)

    def take(self, share: "Share") -> bool:
        """Take a slot for a share, or have it stand in line to be called.

        What is free belongs first to those who were called, and nobody overtakes who
        could be.
        """
        was_called = share in self._called
        kept = len(self._called) - was_called
        if kept < self._free and self._is_fair(share):
            self._called.discard(share)
            self._line.pop(share, None)
            self._free -= 1
            return True
        self._line.setdefault(share)
        if was_called:  # And too little was left for it: it is another's turn.
            self._called.discard(share)
            self._call()
        return False

    def give_back(self) -> None:
        """Return a slot."""
        self._free += 1
        self._call()

    def leave(self, share: "Share") -> None:
        """Have a share no longer want a slot; the next in line may be called."""
        self._line.pop(share, None)
        if share in self._called:
            self._called.discard(share)
            self._call()

    def _is_fair(self, share: "Share") -> bool:
        return share.held == 0 or share.held < self._free - self._aside

    def _call(self) -> None:
        """Call those in line for whom a slot is there."""
        left = self._free - len(self._called)
        if left <= 0 or not self._line:
            return
        called = [share for share in self._line if self._is_fair(share)][:left]
        self._called.update(called)
        for share in called:
            del self._line[share]
            share.call()


class Share:
    """The slots that one lane has.

    Args:
        cap: Whose slots.
        call: Called, while it stands in line, when there is a slot for it.

    Attributes:
        held: How many it has.
    """

    def __init__(self, cap: Cap, call: Callable[[], None]) -> None:
        self._cap = cap
        self.call = call
        self.held = 0

    def take(self) -> bool:
        """Take a slot, or stand in line to be called."""
        if not self._cap.take(self):
            return False
        self.held += 1
        return True

    def give_back(self) -> None:
        """Return a slot."""
        self.held -= 1
        self._cap.give_back()

    def leave(self) -> None:
        """No longer want a slot; the next in line is called if one is free."""
        self._cap.leave(self)
