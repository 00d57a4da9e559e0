"""The line of a room: what is to be written, in order of acceptance.

An entry that waits for its recipient is parked: it steps out and holds back only later
entries to the same address as written.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator

from gateway.bridge.entry import Entry
from gateway.domain.model import Address


class Line:
    """Entries in order of acceptance, and those parked beside it."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._parked: list[Entry] = []

    def __len__(self) -> int:
        """Count the entries that are not parked."""
        return len(self._entries)

    @property
    def head(self) -> Entry | None:
        """The next to be written."""
        return self._entries[0] if self._entries else None

    def first(self, count: int) -> list[Entry]:
        """Return the next few to be written."""
        return self._entries[:count]

    def __iter__(self) -> Iterator[Entry]:
        """Go through a copy of the line, so that it may be changed meanwhile."""
        return iter(list(self._entries))

    @property
    def parked(self) -> list[Entry]:
        """A copy of the parked entries, in order."""
        return list(self._parked)

    @property
    def held(self) -> set[Address]:
        """The addresses to which nothing later may be written."""
        return {address for entry in self._parked for address in entry.addresses}

    def is_clear(self, addresses: Iterable[Address]) -> bool:
        """Whether nothing stands before a newcomer but what is on its way already."""
        moving = not self._entries or self._entries[-1].is_sending
        return moving and (not self._parked or self.held.isdisjoint(addresses))

    def insert(self, entry: Entry) -> None:
        """Put an entry at its place in the order, before all accepted later."""
        self.discard(entry)
        entry.is_lined_up = True
        insort(self._entries, entry, key=_order)

    def discard(self, entry: Entry) -> None:
        """Take an entry out, wherever it stands."""
        if entry.is_lined_up:
            entry.is_lined_up = False
            (self._entries if entry in self._entries else self._parked).remove(entry)

    def park(self, entry: Entry) -> None:
        """Have an entry step out."""
        self.discard(entry)
        entry.is_lined_up = True
        insort(self._parked, entry, key=_order)

    def release(self, waits: Callable[[Entry], bool]) -> None:
        """Put back whatever neither waits itself nor is behind one that does."""
        blocked: set[Address] = set()
        parked, self._parked = self._parked, []
        for entry in parked:
            addresses = set(entry.addresses)
            if waits(entry) or not blocked.isdisjoint(addresses):
                blocked |= addresses
                self._parked.append(entry)
            else:
                insort(self._entries, entry, key=_order)


def _order(entry: Entry) -> int:
    return entry.order
