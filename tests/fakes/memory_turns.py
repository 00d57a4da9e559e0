"""What is due, and whose turn it is, in memory."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from heapq import heappop, heappush

from typing_extensions import override

from gateway.domain.model import Delivery, DeliveryState

OWED = {DeliveryState.PENDING, DeliveryState.RETRYING}
OPEN = {*OWED, DeliveryState.IN_FLIGHT}

Entry = tuple[datetime, int, str]
Key = tuple[str, str]


class MemoryTurns:
    """Finds what is due without looking through all that is stored.

    Of the open deliveries of a webhook with the same order key one has its turn: it is
    in flight, or says when it is due.
    """

    def __init__(self) -> None:
        self._due: dict[str, list[Entry]] = {}
        self._now: dict[str, Entry] = {}
        self._open: dict[Key, dict[str, tuple[int, bool]]] = {}
        self._key_of: dict[str, Key] = {}
        self._touched: dict[Key, None] = {}

    def keep(self, delivery: Delivery, position: int) -> None:
        """Note what a delivery is from now on."""
        self._now.pop(delivery.id, None)
        at = delivery.next_attempt_at
        if delivery.state in OWED and at is not None:
            entry = (at, position, delivery.id)
            self._now[delivery.id] = entry
            heappush(self._due.setdefault(delivery.webhook_id, []), entry)
        self._keep_order(delivery, position)

    def _keep_order(self, delivery: Delivery, position: int) -> None:
        before = self._key_of.pop(delivery.id, None)
        if before is not None:
            self._open[before].pop(delivery.id)
            self._touched[before] = None
        if delivery.order_key is not None and delivery.state in OPEN:
            key = (delivery.webhook_id, delivery.order_key)
            has_turn = (
                delivery.state is DeliveryState.IN_FLIGHT
                or delivery.next_attempt_at is not None
            )
            self._open.setdefault(key, {})[delivery.id] = (position, has_turn)
            self._key_of[delivery.id] = key
            self._touched[key] = None

    def passed(self) -> Iterator[str]:
        """Give the ids of those that get their turn now."""
        touched, self._touched = self._touched, {}
        for key in touched:
            waiting = self._open[key]
            if waiting and not any(has_turn for _, has_turn in waiting.values()):
                yield min(waiting, key=lambda one: waiting[one][0])
        self._touched = {}

    def due(self, webhook_id: str, now: datetime, limit: int) -> list[str]:
        """Return at most `limit` ids of what is due, oldest due first."""
        heap = self._due.get(webhook_id, [])
        found: dict[Entry, None] = {}
        while len(found) < limit and (first := self._first(heap)) is not None:
            if first[0] > now:
                break
            found[heappop(heap)] = None
        for entry in found:
            heappush(heap, entry)  # Until it is kept as something else.
        return [delivery_id for _, _, delivery_id in found]

    def next_at(self, webhook_id: str) -> datetime | None:
        """Return when the next of a webhook is due; `None` if none is."""
        first = self._first(self._due.get(webhook_id, []))
        return None if first is None else first[0]

    def _first(self, heap: list[Entry]) -> Entry | None:
        while heap and self._now.get(heap[0][2]) != heap[0]:
            heappop(heap)
        return heap[0] if heap else None


class MemoryTable(dict[str, Delivery]):
    """Deliveries by id; whatever is put in takes its place among what is due."""

    def __init__(self, turns: MemoryTurns, positions: Mapping[str, int]) -> None:
        super().__init__()
        self._turns = turns
        self._positions = positions

    @override
    def __setitem__(self, delivery_id: str, delivery: Delivery) -> None:
        self._turns.keep(delivery, self._positions[delivery_id])
        super().__setitem__(delivery_id, delivery)
