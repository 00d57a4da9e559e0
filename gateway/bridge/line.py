"""The line of a room: what is to be written, in order of acceptance.

An entry that waits for its recipient is parked: it steps out and holds back only what
later entries say to the same address as written.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from gateway.bridge.entry import Entry
from gateway.domain.model import Address, OutgoingMessage, StepKind

NONE: Final[frozenset[Address]] = frozenset()


class Line:
    """Entries in order of acceptance, and those parked beside it."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._parked: list[Entry] = []
        # What each parked entry holds, and the places of those that hold an address:
        # looked at for every message, however many are parked.
        self._holds: dict[Entry, frozenset[Address]] = {}
        self._held: dict[Address, list[int]] = {}

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

    def is_parked(self, entry: Entry) -> bool:
        """Whether an entry has stepped out."""
        return entry in self._holds

    def held(self, entry: Entry) -> frozenset[Address]:
        """Return the addresses to which a parked entry before it has to be written."""
        if not self._held:
            return NONE
        return frozenset(
            each
            for each in entry.addresses
            if each in self._held and self._held[each][0] < entry.order
        )

    def is_clear(self, addresses: Iterable[Address]) -> bool:
        """Whether nothing stands before a newcomer but what is on its way already."""
        moving = not self._entries or self._entries[-1].is_sending
        return moving and not any(each in self._held for each in addresses)

    def insert(self, entry: Entry) -> None:
        """Put an entry at its place in the order, before all accepted later."""
        self.discard(entry)
        entry.is_lined_up = True
        if not self._entries or self._entries[-1].order < entry.order:
            self._entries.append(entry)  # as nearly all are
        else:
            insort(self._entries, entry, key=_order)

    def discard(self, entry: Entry) -> None:
        """Take an entry out, wherever it stands."""
        if entry.is_lined_up:
            entry.is_lined_up = False
            if self._entries and self._entries[0] is entry:
                del self._entries[0]  # as nearly all are
                return
            entries = self._parked if entry in self._holds else self._entries
            del entries[bisect_left(entries, entry.order, key=_order)]
            self._let_go(entry)

    def park(self, entry: Entry) -> None:
        """Have an entry step out."""
        self.discard(entry)
        entry.is_lined_up = True
        insort(self._parked, entry, key=_order)
        held = self._holds[entry] = frozenset(entry.addresses)
        for address in held:
            insort(self._held.setdefault(address, []), entry.order)

    def release(self, waits: Callable[[Entry, frozenset[Address]], bool]) -> None:
        """Put back whatever need not wait.

        Args:
            waits: Says whether an entry has to, given the addresses that it may not be
                written to because of those before it.
        """
        blocked = NONE
        released: list[Entry] = []
        parked, self._parked = self._parked, []
        for entry in parked:
            held = self._holds[entry]
            if waits(entry, blocked):
                blocked |= held
                self._parked.append(entry)
            else:
                self._let_go(entry)
                released.append(entry)
        if released:
            self._entries = sorted([*self._entries, *released], key=_order)

    def _let_go(self, entry: Entry) -> None:
        for address in self._holds.pop(entry, ()):
            places = self._held[address]
            del places[bisect_left(places, entry.order)]
            if not places:
                del self._held[address]


def _order(entry: Entry) -> int:
    return entry.order


def lined_up(messages: Sequence[OutgoingMessage]) -> list[OutgoingMessage]:
    """Return messages in the order of the line, given in that of their acceptance.

    One that was retried stands where it did when it was: behind all accepted by then.
    """
    retried = {
        message.id: step.at
        for message in messages
        for step in message.steps
        if step.kind is StepKind.RETRIED
    }
    moved = [message for message in messages if message.id in retried]
    moved.sort(key=lambda message: retried[message.id])
    waiting = deque(moved)
    line: list[OutgoingMessage] = []
    for message in messages:
        if message.id in retried:
            continue
        while waiting and retried[waiting[0].id] <= message.created_at:
            line.append(waiting.popleft())
        line.append(message)
    return [*line, *waiting]
