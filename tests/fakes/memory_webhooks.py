"""Webhooks, in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from gateway.delivery.ports import Hold, Release
from gateway.domain.model import (
    Delivery,
    DeliveryState,
    Event,
    Ordering,
    Standing,
    Webhook,
)
from gateway.domain.once import Done, Once
from tests.fakes.memory_rows import MemoryRows, settled
from tests.fakes.memory_turns import OPEN, OWED


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

    def put(
        self,
        webhook: Webhook,
        *events: Event,
        owed: Hold | Release | None = None,
        once: Once | None = None,
        answer: str | None = None,
    ) -> asyncio.Future[None]:
        """Store a webhook; what is owed to an inactive one is held until released."""

        def change() -> None:
            if once is not None:
                done = Done(fingerprint=once.fingerprint, answer=answer)
                self._store.use(once, done)
            before = self._store.webhooks_by_id.get(webhook.id)
            self._store.webhooks_by_id[webhook.id] = webhook
            if webhook.active and before is not None and not before.active:
                self._clean(webhook.id)
            if before is not None and webhook.ordering is Ordering.NONE:
                self._unorder(webhook.id)
            if not webhook.active:
                self._hold(webhook, webhook.disabled_reason or "disabled")
            if webhook.active and isinstance(owed, Release):
                self._release(webhook, owed)
            elif webhook.active and isinstance(owed, Hold):
                self._hold(webhook, owed.reason)
            self._store.append(events)

        return self._store.commit(change)

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up; `None` if nothing has."""
        return self._store.done.get(once)

    def _clean(self, webhook_id: str) -> None:
        known = self._store.standings.get(webhook_id, Standing())
        self._store.standings[webhook_id] = replace(
            known, failing_since=None, warned_at=None, paused_until=None
        )

    def _hold(self, webhook: Webhook, reason: str) -> None:
        known = self._store.deliveries_by_id
        for delivery in list(known.values()):
            if delivery.webhook_id != webhook.id:
                continue
            if delivery.state in OWED:
                known[delivery.id] = replace(
                    delivery,
                    state=DeliveryState.HELD,
                    next_attempt_at=None,
                    reason=reason,
                )
            elif delivery.state is DeliveryState.IN_FLIGHT:
                known[delivery.id] = replace(delivery, reason=reason)

    def _release(self, webhook: Webhook, wish: Release) -> None:
        known = self._store.deliveries_by_id
        for delivery in list(known.values()):
            if delivery.webhook_id != webhook.id:
                continue
            if delivery.state is DeliveryState.HELD:
                known[delivery.id] = self._released(delivery, wish)
            elif delivery.state is DeliveryState.IN_FLIGHT and delivery.reason:
                decided = self._released(delivery, wish)
                known[delivery.id] = replace(delivery, reason=decided.reason)
        self._store.wake([webhook.id])

    def _released(self, delivery: Delivery, wish: Release) -> Delivery:
        now = self._store.clock.now()
        at = self._store.events[delivery.event_seq - 1].at
        if wish.none or (wish.since is not None and at < wish.since):
            return replace(
                delivery,
                state=DeliveryState.CANCELLED,
                finished_at=now,
                reason="not_released",
            )
        return replace(
            delivery,
            state=DeliveryState.PENDING,
            next_attempt_at=now if delivery.order_key is None else None,
            reason=None,
        )

    def _unorder(self, webhook_id: str) -> None:
        known = self._store.deliveries_by_id
        now = self._store.clock.now()
        for delivery in list(known.values()):
            if delivery.webhook_id != webhook_id or delivery.order_key is None:
                continue
            is_waiting = delivery.state in OWED and delivery.next_attempt_at is None
            due_at = now if is_waiting else delivery.next_attempt_at
            if delivery.state in {*OPEN, DeliveryState.HELD}:
                known[delivery.id] = replace(
                    delivery, order_key=None, next_attempt_at=due_at
                )
                self._store.wake([webhook_id])

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
            self._store.standings.pop(webhook_id, None)
            known = self._store.deliveries_by_id
            for delivery in list(known.values()):
                if (
                    delivery.webhook_id == webhook_id
                    and delivery.state is DeliveryState.HELD
                ):
                    known[delivery.id] = replace(delivery, state=DeliveryState.PENDING)
            self._settle(webhook_id)

        return self._store.commit(change)
