"""The last events of the log, held for all who read its end."""

from collections import deque
from collections.abc import Collection, Sequence
from typing import Final

from gateway.bridge.ports import Logged

MAX_EVENTS: Final = 10_000
MAX_BYTES: Final = 16 * 1024**2
ENTRY_BYTES: Final = 1_000  # What an event takes besides what it says.


class Entry:
    """One event: with what it tells of until it is rendered, then as that.

    Attributes:
        logged: `None` once it is rendered, or if what it tells of was erased: the
            store knows what is left.
        envelope: What readers get; `None` until it is rendered.
        version: Grows when what was rendered is good no more.
    """

    __slots__ = ("envelope", "event", "logged", "size_bytes", "version")

    def __init__(self, logged: Logged) -> None:
        self.event = logged.event
        self.logged: Logged | None = logged
        self.envelope: bytes | None = None
        self.version = 0
        body = "" if logged.message is None else logged.message.body
        self.size_bytes = ENTRY_BYTES + len(logged.event.data or "") + len(body)


class Tail:
    """The end of the log, without a gap, as far as it fits.

    Args:
        head: The last place that is committed.
        max_events: Most events that are held.
        max_bytes: Most bytes that they take, as estimated.

    Attributes:
        low: The place after which it holds everything.
        high: The last place that it was told of.
    """

    def __init__(
        self, head: int, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES
    ) -> None:
        self.low = self.high = head
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._entries: deque[Entry] = deque()
        self._size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def holds(self, place: int) -> bool:
        """Whether everything after a place is here."""
        return place >= self.low

    def add(self, appended: Sequence[Logged]) -> None:
        """Take in what a commit appended."""
        for logged in appended:
            seq = logged.event.seq
            if seq != self.high + 1:  # What lies between is in the store.
                self.begin_at(seq - 1)
            entry = Entry(logged)
            self._entries.append(entry)
            self._size_bytes += entry.size_bytes
            self.high = seq
        self._shrink()

    def after(self, place: int, limit: int) -> Sequence[Entry]:
        """Return at most `limit` of what follows a place that it holds."""
        first = place - self.low
        last = min(first + limit, len(self._entries))
        return [self._entries[index] for index in range(first, last)]

    def render(self, entry: Entry, envelope: bytes) -> None:
        """Hold an entry as what readers get."""
        entry.envelope, entry.logged = envelope, None
        self._resize(entry, ENTRY_BYTES + len(entry.event.data or "") + len(envelope))
        self._shrink()

    def forget(self, message_ids: Collection[str]) -> None:
        """Hold no more what messages said that were erased."""
        erased = frozenset(message_ids)
        for entry in self._entries:
            if entry.event.message_id in erased:
                entry.logged = entry.envelope = None
                entry.version += 1
                self._resize(entry, ENTRY_BYTES + len(entry.event.data or ""))

    def begin_at(self, place: int) -> None:
        """Hold nothing, and from now on what follows a place."""
        self._entries.clear()
        self._size_bytes = 0
        self.low = self.high = place

    def _resize(self, entry: Entry, size_bytes: int) -> None:
        # One that was let go while it was rendered counts no more.
        if entry.event.seq > self.low:
            self._size_bytes += size_bytes - entry.size_bytes
        entry.size_bytes = size_bytes

    def _shrink(self) -> None:
        while self._entries and (
            len(self._entries) > self._max_events or self._size_bytes > self._max_bytes
        ):
            entry = self._entries.popleft()
            self._size_bytes -= entry.size_bytes
            self.low = entry.event.seq
