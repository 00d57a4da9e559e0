"""The log in memory, for reading."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from gateway.bridge.ports import Logged, Stretch
from gateway.domain.model import Event
from gateway.domain.routing import Selection, selects
from tests.fakes.memory_rows import MemoryRows


class MemoryHistory:
    """What was appended, as it is held.

    Attributes:
        epoch: What tells this log from others.
        look: How many places one read looks at; a test may set it.
        error: What a read fails with, once a test has set it.
    """

    def __init__(self, store: MemoryRows) -> None:
        self._store = store
        self._gone: set[int] = set()
        self.epoch = "memory"
        self.look = 5_000
        self.error: Exception | None = None

    @property
    def head(self) -> int:
        """The last place that is committed."""
        return len(self._store.events)

    def trim(self, place: int, keep: Collection[int] = ()) -> None:
        """Hold no more what comes up to a place, but for what is kept."""
        self._gone.update(set(range(1, place + 1)) - set(keep))
        told_of = {event.message_id for event in self._held(0)}
        gone = [
            event.message_id
            for event in self._store.events[:place]
            if event.message_id in self._store.messages_by_id
            and event.message_id not in told_of
        ]
        for message_id in gone:
            self._store.messages_by_id.pop(message_id, None)
        for forget in self._store.forgotten if gone else ():
            forget(gone)

    def follow(
        self,
        told: Callable[[Sequence[Logged]], None],
        forgotten: Callable[[Sequence[str]], None] | None = None,
    ) -> Callable[[], None]:
        """Have `told` called with what each commit appends."""

        def tell(events: Sequence[Event]) -> None:
            told([self._logged(event) for event in events])

        self._store.told.append(tell)
        if forgotten is not None:
            self._store.forgotten.append(forgotten)

        def end() -> None:
            self._store.told.remove(tell)
            if forgotten is not None:
                self._store.forgotten.remove(forgotten)

        return end

    async def read(self, after: int, wanted: Selection, limit: int) -> Stretch:
        """Return at most `limit` of what follows a place."""
        if self.error is not None:
            raise self.error
        held = self._held(after)
        if not held:
            return Stretch((), max(after, self.head))
        reach = min(self.head, held[0].seq - 1 + self.look)
        found = [
            self._logged(event)
            for event in held
            if event.seq <= reach and selects(wanted, event)
        ][:limit]
        return Stretch(found, found[-1].event.seq if len(found) == limit else reach)

    async def newest(self, wanted: Selection, limit: int) -> Sequence[Logged]:
        """Return the newest that is wanted, newest first."""
        newest = reversed(self._held(0))
        return [self._logged(event) for event in newest if selects(wanted, event)][
            :limit
        ]

    async def place_of(self, event_id: str) -> int | None:
        """Return the place of an event; `None` if it is not held."""
        places = [event.seq for event in self._held(0) if event.id == event_id]
        return places[0] if places else None

    async def place_before(self, moment: datetime) -> int:
        """Return the place before the first event that is not older than a moment."""
        places = [event.seq for event in self._held(0) if event.at >= moment]
        return places[0] - 1 if places else self.head

    async def missed(self, after: int) -> int:
        """Return how many events that followed a place are no longer held."""
        return sum(place > after for place in self._gone)

    async def earliest(self) -> int:
        """Return the place after which nothing is missing."""
        return max(self._gone, default=0)

    def _held(self, after: int) -> Sequence[Event]:
        following = self._store.events[max(after, 0) :]
        return [event for event in following if event.seq not in self._gone]

    def _logged(self, event: Event) -> Logged:
        return Logged(event, self._store.messages_by_id.get(event.message_id or ""))
