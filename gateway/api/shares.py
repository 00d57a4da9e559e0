"""How much is held at a time of what many send, in all and of each of them."""

from collections import Counter

from gateway.domain.errors import QueueFull


class Shares:
    """Divides room among those who need some of it, without a number for each.

    Each may have as much as is still free (Choudhury and Hahne, "Dynamic Queue Length
    Thresholds", 1998): half of all if nobody else needs any, a third if two do, and
    so on. However much some have, there is room left for one who has nothing yet.

    Args:
        most: What they may have together, in bytes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all = 0
        self._held: Counter[str] = Counter()

    def free(self, whose: str) -> int:
        """Return how many bytes more somebody may have now."""
        return max(0, (self._most - self._all - self._held[whose]) // 2)

    def check(self, whose: str, size: int) -> None:
        """Raise `QueueFull` if somebody may not have so many bytes more."""
        if size > self.free(whose):
            detail = "More is coming in at once than there is room for."
            raise QueueFull(detail)

    def take(self, whose: str, size: int) -> None:
        """Let somebody have so many bytes more; `QueueFull` if there is no room."""
        self.check(whose, size)
        self._held[whose] += size
        self._all += size

    def give_back(self, whose: str, size: int) -> None:
        """Take back bytes that somebody had."""
        self._held[whose] -= size
        self._all -= size
        if not self._held[whose]:
            del self._held[whose]
