"""A great many deliveries owed to one webhook, kept as lightly as can be."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from heapq import heappop, heappush
from typing import TypeVar

from typing_extensions import override

from gateway.delivery.ports import Due
from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Event,
    IncomingMessage,
    Standing,
)
from tests.fakes.clock import NOON
from tests.fakes.memory_deliveries import MemoryDeliveries
from tests.fakes.memory_store import MemoryStore

T = TypeVar("T")


class Backlog(MemoryDeliveries):
    """Owes one event so many times to a webhook; others are owed what they are.

    Args:
        store: Where all else is kept.
        webhook_id: The webhook.
        told: What each of its deliveries tells.
        count: How many there are, all due at noon.

    Attributes:
        attempts: How often each was attempted.
        states: What became of each.
        claimed: How many are in flight.
    """

    def __init__(
        self,
        store: MemoryStore,
        webhook_id: str,
        told: tuple[Event, IncomingMessage],
        count: int,
    ) -> None:
        super().__init__(store)
        self._mine = webhook_id
        self._told = told
        self._clock = store.clock
        self._due = [(NOON, number) for number in range(count)]
        self.attempts = [0] * count
        self.states = [DeliveryState.PENDING] * count
        self.claimed = 0

    @override
    def claim(self, webhook_id: str, limit: int) -> asyncio.Future[Sequence[Due]]:
        """Take the oldest due."""
        if webhook_id != self._mine:
            return super().claim(webhook_id, limit)
        now = self._clock.now()
        taken: list[Due] = []
        while len(taken) < limit and self._due and self._due[0][0] <= now:
            taken.append(self._taken_out(heappop(self._due)[1]))
        self.claimed += len(taken)
        return _done(taken)

    def _taken_out(self, number: int) -> Due:
        event, message = self._told
        delivery = Delivery(
            id=f"dlv_{number}",
            webhook_id=self._mine,
            event_id=event.id,
            event_seq=1,
            state=DeliveryState.IN_FLIGHT,
            created_at=NOON,
            attempts=self.attempts[number],
            schedule_index=self.attempts[number],
        )
        return Due(delivery, replace(event, id=f"evt_{number}"), message)

    @override
    def record(
        self,
        delivery: Delivery,
        attempt: Attempt | None,
        *events: Event,
        standing: Standing | None = None,
    ) -> asyncio.Future[None]:
        """Note what became of one."""
        if delivery.webhook_id != self._mine:
            return super().record(delivery, attempt, *events, standing=standing)
        number = int(delivery.id.removeprefix("dlv_"))
        self.claimed -= 1
        self.attempts[number] = delivery.attempts
        self.states[number] = delivery.state
        if delivery.next_attempt_at is not None:
            heappush(self._due, (delivery.next_attempt_at, number))
        return _done(None)

    @override
    async def next_due_at(self, webhook_id: str) -> datetime | None:
        """Return when the next is due."""
        if webhook_id != self._mine:
            return await super().next_due_at(webhook_id)
        return self._due[0][0] if self._due else None


def _done(result: T) -> asyncio.Future[T]:
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future
