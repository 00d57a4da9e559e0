"""What becomes of deliveries, written down however long the store is away."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from gateway.delivery.attempts import Result
from gateway.delivery.patience import Patience
from gateway.delivery.ports import Deliveries, Due
from gateway.domain.model import DeliveryState


class Disabling(Protocol):
    """Makes webhooks inactive."""

    async def disable(self, webhook_id: str, result: Result) -> None:
        """Make a webhook inactive because of what it answered."""
        ...


@dataclass(frozen=True, slots=True)
class Ledger:
    """Stores results; a store that is away is waited for, and no result is dropped.

    Attributes:
        deliveries: Where results are stored.
        disabling: What is asked to disable a webhook that is gone.
        patience: Waits for the store.
    """

    deliveries: Deliveries
    disabling: Disabling
    patience: Patience

    async def take_over(self) -> int:
        """Make due what a former process left in flight; return how many there were."""
        return await self.patience.insist(self.deliveries.take_over, what="take_over")

    async def next_due_at(self, webhook_id: str) -> datetime | None:
        """Return when the next delivery of a webhook is due; `None` if none is."""

        async def ask() -> datetime | None:
            return await self.deliveries.next_due_at(webhook_id)

        return await self.patience.insist(ask, what="next_due_at")

    def record(self, result: Result) -> asyncio.Future[None]:
        """Store a result, once: what fails is to be given to `keep`."""
        return self.deliveries.record(result.delivery, result.attempt, *result.events)

    async def keep(
        self, result: Result, begun: asyncio.Future[None] | None = None
    ) -> None:
        """Store a result; disable the webhook first, if that is what it asks for.

        Args:
            result: What came of an attempt.
            begun: What `record` returned for it, if it has been tried before.
        """
        delivery = result.delivery
        if result.disables:

            async def disable() -> None:
                await self.disabling.disable(delivery.webhook_id, result)

            await self.patience.insist(disable, what="disable")

        tries = iter([] if begun is None else [begun])

        async def record() -> None:
            await (next(tries, None) or self.record(result))

        await self.patience.insist(record, what="record")

    async def put_back(self, due: Due, now: datetime) -> None:
        """Undo a claim.

        What is owed to an inactive webhook is held by the store, what is owed to a
        deleted one cancelled.
        """
        delivery = due.delivery
        if delivery.attempts:
            owed = replace(delivery, state=DeliveryState.RETRYING, next_attempt_at=now)
        else:
            owed = replace(
                delivery,
                state=DeliveryState.PENDING,
                next_attempt_at=delivery.created_at,  # Before what came after it.
            )

        async def record() -> None:
            await self.deliveries.record(owed, None)

        await self.patience.insist(record, what="put_back")
