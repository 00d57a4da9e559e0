"""Deliveries, in memory."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.delivery.ports import (
    DeliveryFilter,
    DeliveryPage,
    DeliveryRow,
    Due,
    WebhookHealth,
)
from gateway.domain.errors import NotFound
from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    Event,
    Standing,
)
from gateway.domain.rendering import INLINE_ATTACHMENT_BYTES
from gateway.storage.redelivering import refusal
from tests.fakes.memory_rows import OWED, MemoryRows, position_of, settled


class MemoryDeliveries:
    """Events owed to webhooks."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    async def take_over(self) -> int:
        """Make every delivery that was left `in_flight` due at once."""
        return await self._store.commit(self._take_over)

    def _take_over(self) -> int:
        known = self._store.deliveries_by_id
        cut = [d for d in known.values() if d.state is DeliveryState.IN_FLIGHT]
        for delivery in cut:
            due = replace(
                delivery,
                state=DeliveryState.RETRYING
                if delivery.attempts
                else DeliveryState.PENDING,
                next_attempt_at=self._store.clock.now(),
            )
            webhook = self._store.webhooks_by_id.get(delivery.webhook_id)
            known[delivery.id] = settled(held_if_marked(due), webhook)
        return len(cut)

    def claim(self, webhook_id: str, limit: int) -> asyncio.Future[Sequence[Due]]:
        """Mark at most `limit` due deliveries `in_flight`, oldest due first."""

        def change() -> Sequence[Due]:
            now = self._store.clock.now()
            due = self._store.turns.due(webhook_id, now, limit)
            return [self._taken(self._store.deliveries_by_id[one]) for one in due]

        return self._store.commit(change)

    def _taken(self, delivery: Delivery) -> Due:
        taken = replace(delivery, state=DeliveryState.IN_FLIGHT, next_attempt_at=None)
        self._store.deliveries_by_id[delivery.id] = taken
        event = self._store.events[delivery.event_seq - 1]
        message_id = event.message_id or ""
        data = self._store.attachments.get(message_id)
        small = data is not None and len(data) <= INLINE_ATTACHMENT_BYTES
        return Due(
            delivery=taken,
            event=event,
            message=self._store.messages_by_id.get(message_id),
            attachment=data if small else None,
        )

    def record(
        self,
        delivery: Delivery,
        attempt: Attempt | None,
        *events: Event,
        standing: Standing | None = None,
    ) -> asyncio.Future[None]:
        """Store an attempt and what became of its delivery, in one commit."""

        def change() -> None:
            webhook = self._store.webhooks_by_id.get(delivery.webhook_id)
            known = self._store.deliveries_by_id
            is_out = known[delivery.id].state is DeliveryState.IN_FLIGHT
            mark = known[delivery.id].reason if is_out else None
            back = settled(delivery, webhook)
            if mark is not None and back.state in OWED:
                back = held_if_marked(replace(back, reason=mark))
            stored = replace(back, order_key=known[delivery.id].order_key)
            known[delivery.id] = stored
            if attempt is not None:
                self._store.attempts.setdefault(delivery.id, []).append(attempt)
            elif stored.state in OWED:
                self._store.wake([delivery.webhook_id])
            if standing is not None and webhook is not None:
                self._store.standings[webhook.id] = standing
            self._store.append(events)

        return self._store.commit(change)

    def retry(self, delivery_id: str) -> asyncio.Future[Delivery]:
        """Make a delivery due now, with its whole schedule before it again."""

        def change() -> Delivery:
            delivery = self._store.deliveries_by_id.get(delivery_id)
            if delivery is None:
                detail = f"There is no delivery {delivery_id}."
                raise NotFound(detail, facts={"what": "delivery"})
            refused = refusal(delivery, self._store.webhooks_by_id.get)
            if refused is not None:
                raise refused
            again = replace(
                delivery,
                state=DeliveryState.PENDING,
                schedule_index=0,
                next_attempt_at=self._renewed_at(delivery),
                finished_at=None,
                reason=None,
            )
            self._store.deliveries_by_id[delivery_id] = again
            self._store.pass_turns()
            self._store.wake([again.webhook_id])
            return self._store.deliveries_by_id[delivery_id]

        return self._store.commit(change)

    def _renewed_at(self, delivery: Delivery) -> datetime | None:
        """Say when a retry is due: one in order keeps its turn, or waits for it."""
        has_turn = delivery.state in OWED and delivery.next_attempt_at is not None
        is_free = delivery.order_key is None or has_turn
        return self._store.clock.now() if is_free else None

    async def standing(self, webhook_id: str) -> Standing:
        """Return how a webhook's receiver has behaved."""
        return self._store.standings.get(webhook_id, Standing())

    async def next_due_at(self, webhook_id: str) -> datetime | None:
        """Return when the next delivery of a webhook is due; `None` if none is."""
        return self._store.turns.next_at(webhook_id)

    async def get(
        self, delivery_id: str
    ) -> tuple[DeliveryRow, Sequence[Attempt]] | None:
        """Return a delivery with its attempts, oldest first."""
        delivery = self._store.deliveries_by_id.get(delivery_id)
        if delivery is None:
            return None
        return self._row(delivery), tuple(self._store.attempts.get(delivery_id, ()))

    def _row(self, delivery: Delivery) -> DeliveryRow:
        event = self._store.events[delivery.event_seq - 1]
        attempts = self._store.attempts.get(delivery.id)
        return DeliveryRow(
            delivery=delivery,
            event_type=event.type.value,
            room=event.room,
            message_id=event.message_id,
            last_attempt=attempts[-1] if attempts else None,
        )

    async def list(self, query: DeliveryFilter) -> DeliveryPage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        start = position_of("d", query.cursor)
        positions = self._store.positions
        found = [
            row
            for row in reversed(
                [self._row(d) for d in self._store.deliveries_by_id.values()]
            )
            if (start is None or positions[row.delivery.id] < start)
            and is_listed(row, query)
        ]
        page = found[: query.limit]
        more = len(found) > query.limit
        return DeliveryPage(
            page, f"d{positions[page[-1].delivery.id]}" if more else None
        )

    async def health(self, webhook_id: str) -> WebhookHealth:
        """Return how a webhook's deliveries fare."""
        mine = [
            d
            for d in self._store.deliveries_by_id.values()
            if d.webhook_id == webhook_id
        ]
        return WebhookHealth(
            pending=sum(d.state in OWED for d in mine),
            held=sum(d.state is DeliveryState.HELD for d in mine),
            dead=sum(d.state is DeliveryState.DEAD for d in mine),
            standing=await self.standing(webhook_id),
        )

    def on_owed(self, wake: Callable[[Sequence[str]], None]) -> None:
        """Have `wake` called with the webhooks to which something new is owed."""
        self._store.wakers.append(wake)


def held_if_marked(delivery: Delivery) -> Delivery:
    """Hold what was to be held if it came back, cancel what was to be dropped."""
    if delivery.state not in OWED or delivery.reason is None:
        return delivery
    is_dropped = delivery.reason == "not_released"
    state = DeliveryState.CANCELLED if is_dropped else DeliveryState.HELD
    return replace(delivery, state=state, next_attempt_at=None)


def is_listed(row: DeliveryRow, query: DeliveryFilter) -> bool:
    """Say whether a delivery passes a filter."""
    delivery = row.delivery
    return (
        (query.states is None or delivery.state in query.states)
        and (query.webhook_ids is None or delivery.webhook_id in query.webhook_ids)
        and (query.events is None or row.event_type in query.events)
        and (query.since is None or delivery.created_at >= query.since)
        and (query.until is None or delivery.created_at < query.until)
    )
