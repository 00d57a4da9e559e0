"""Deliveries and webhooks, in memory."""

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
from gateway.domain.model import Attempt, Delivery, DeliveryState, Event, Webhook
from gateway.domain.rendering import INLINE_ATTACHMENT_BYTES
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
            known[delivery.id] = settled(due, webhook)
        return len(cut)

    def claim(self, webhook_id: str, limit: int) -> asyncio.Future[Sequence[Due]]:
        """Mark at most `limit` due deliveries `in_flight`, oldest due first."""

        def change() -> Sequence[Due]:
            now = self._store.clock.now()
            due = sorted(
                (at, self._store.positions[delivery.id], delivery)
                for delivery, at in self._owed_to(webhook_id)
                if at <= now
            )
            return [self._taken(delivery) for _, _, delivery in due[:limit]]

        return self._store.commit(change)

    def _owed_to(self, webhook_id: str) -> list[tuple[Delivery, datetime]]:
        return [
            (delivery, delivery.next_attempt_at)
            for delivery in self._store.deliveries_by_id.values()
            if delivery.webhook_id == webhook_id
            and delivery.state in OWED
            and delivery.next_attempt_at is not None
        ]

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
        self, delivery: Delivery, attempt: Attempt | None, *events: Event
    ) -> asyncio.Future[None]:
        """Store an attempt and what became of its delivery, in one commit."""

        def change() -> None:
            webhook = self._store.webhooks_by_id.get(delivery.webhook_id)
            stored = settled(delivery, webhook)
            self._store.deliveries_by_id[delivery.id] = stored
            if attempt is not None:
                self._store.attempts.setdefault(delivery.id, []).append(attempt)
            elif stored.state in OWED:
                self._store.wake([delivery.webhook_id])
            self._store.append(events)

        return self._store.commit(change)

    async def next_due_at(self, webhook_id: str) -> datetime | None:
        """Return when the next delivery of a webhook is due; `None` if none is."""
        return min((at for _, at in self._owed_to(webhook_id)), default=None)

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
        attempts = [a for d in mine for a in self._store.attempts.get(d.id, ())]
        ended = [(a.started_at + a.duration, a.verdict, a) for a in attempts]
        failed = [(at, a) for at, verdict, a in ended if verdict != "delivered"]
        last = max(failed, key=lambda pair: pair[0], default=None)
        return WebhookHealth(
            pending=sum(d.state in OWED for d in mine),
            held=sum(d.state is DeliveryState.HELD for d in mine),
            dead=sum(d.state is DeliveryState.DEAD for d in mine),
            last_error=last and (last[1].detail or last[1].error_class or "failed"),
            last_error_at=last and last[0],
            last_success_at=max(
                (at for at, verdict, _ in ended if verdict == "delivered"),
                default=None,
            ),
        )

    def on_owed(self, wake: Callable[[Sequence[str]], None]) -> None:
        """Have `wake` called with the webhooks to which something new is owed."""
        self._store.wakers.append(wake)


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


class MemoryWebhooks:
    """The webhooks we know."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store

    def get(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or `None`."""
        return self._store.webhooks_by_id.get(webhook_id)

    def all(self) -> Sequence[Webhook]:
        """Return all webhooks, oldest first."""
        return sorted(
            self._store.webhooks_by_id.values(), key=lambda w: (w.created_at, w.id)
        )

    def put(self, webhook: Webhook, *events: Event) -> asyncio.Future[None]:
        """Store a webhook; what is owed to an inactive one is held until it is not."""

        def change() -> None:
            before = self._store.webhooks_by_id.get(webhook.id)
            self._store.webhooks_by_id[webhook.id] = webhook
            if webhook.active and before is not None and not before.active:
                self._release(webhook)
            self._settle(webhook.id)
            self._store.append(events)

        return self._store.commit(change)

    def _release(self, webhook: Webhook) -> None:
        known = self._store.deliveries_by_id
        for delivery in list(known.values()):
            if (
                delivery.webhook_id == webhook.id
                and delivery.state is DeliveryState.HELD
            ):
                known[delivery.id] = replace(
                    delivery,
                    state=DeliveryState.PENDING,
                    next_attempt_at=self._store.clock.now(),
                    reason=None,
                )
        self._store.wake([webhook.id])

    def _settle(self, webhook_id: str) -> None:
        known = self._store.deliveries_by_id
        for delivery in list(known.values()):
            if delivery.webhook_id == webhook_id:
                webhook = self._store.webhooks_by_id.get(webhook_id)
                known[delivery.id] = settled(delivery, webhook)

    def delete(self, webhook_id: str) -> asyncio.Future[None]:
        """Remove a webhook; deliveries still owed to it become `cancelled`."""

        def change() -> None:
            self._store.webhooks_by_id.pop(webhook_id, None)
            known = self._store.deliveries_by_id
            for delivery in list(known.values()):
                if (
                    delivery.webhook_id == webhook_id
                    and delivery.state is DeliveryState.HELD
                ):
                    known[delivery.id] = replace(delivery, state=DeliveryState.PENDING)
            self._settle(webhook_id)

        return self._store.commit(change)
