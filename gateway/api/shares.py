"""How much is held at a time of what many send, in all and of each of them."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Final

from gateway.domain.errors import QueueFull

GiveUp = Callable[[], None]

PARTS: Final = 12  # in which a body comes, if it comes at an even pace


class Held:
    """What is held of one body.

    Args:
        whose: By whom it is sent.
        due: Of how many bytes it will be at most.

    Attributes:
        give_up: Ends the waiting for it; `None` while nobody waits.
        is_given_up: Whether it had to make room for others.
    """

    def __init__(self, whose: str, due: int, now_s: float) -> None:
        self.whose = whose
        self.size = 0
        self.give_up: GiveUp | None = None
        self.is_given_up = False
        self.reached_s = now_s
        self._part = due / PARTS
        self._reached = 0

    def grow(self, size: int, now_s: float) -> None:
        """Have so many bytes more of it."""
        self.size += size
        if self.size - self._reached >= self._part:
            self._reached, self.reached_s = self.size, now_s


class Shares:
    """Divides room among those who need some of it, without a number for each.

    Each may have as much as is still free (Choudhury and Hahne, "Dynamic Queue Length
    Thresholds", 1998): half of all if nobody else needs any, a third if two do, and
    so on. However much some have, there is room left for one who has nothing yet.

    Where one has no room for more, what the same one sends too slowly to come in time
    is given up first: else a few that stall would keep out all that follow.

    Args:
        most: What they may have together, in bytes.
        seconds: In which a body has to come.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._pace_s = seconds / PARTS
        self._all = 0
        self._sizes: Counter[str] = Counter()
        self._held: defaultdict[str, set[Held]] = defaultdict(set)

    def begin(self, whose: str, due: int, now_s: float) -> Held:
        """Return what is held of a body that has yet to come; `end` it in any case."""
        held = Held(whose, due, now_s)
        self._held[whose].add(held)
        return held

    def free(self, whose: str) -> int:
        """Return how many bytes more somebody may have now."""
        return max(0, self._room(whose))

    def make_room(self, whose: str, size: int, now_s: float) -> None:
        """Return if there is room for so many bytes more; raise `QueueFull` if not."""
        if size <= self.free(whose):
            return
        slow = self._slow(whose, now_s)
        if size > self._room(whose) + sum(each.size for each in slow):
            detail = "More is coming in at once than there is room for."
            raise QueueFull(detail)
        while size > self._room(whose):
            self._give_up(slow.pop())

    def take(self, held: Held, size: int, now_s: float) -> None:
        """Hold so many bytes more of a body; `QueueFull` if there is no room."""
        self.make_room(held.whose, size, now_s)
        held.grow(size, now_s)
        self._sizes[held.whose] += size
        self._all += size

    def end(self, held: Held) -> None:
        """Hold a body no more."""
        self._release(held)
        bodies = self._held[held.whose]
        bodies.discard(held)
        if not bodies:
            del self._held[held.whose], self._sizes[held.whose]

    def _room(self, whose: str) -> int:
        return (self._most - self._all - self._sizes[whose]) // 2

    def _slow(self, whose: str, now_s: float) -> list[Held]:
        """Return what somebody sends too slowly, the slowest at the end."""
        behind_s = now_s - self._pace_s
        held = self._held.get(whose, ())
        slow = [each for each in held if each.give_up and each.reached_s < behind_s]
        return sorted(slow, key=lambda each: each.reached_s, reverse=True)

    def _give_up(self, held: Held) -> None:
        give_up, held.give_up = held.give_up, None
        held.is_given_up = True
        self._release(held)
        if give_up is not None:
            give_up()

    def _release(self, held: Held) -> None:
        self._sizes[held.whose] -= held.size
        self._all -= held.size
        held.size = 0
