"""What becomes of deliveries, written down however long the store is away."""

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

    async def keep(self, result: Result) -> None:
        """Store a result; disable the webhook first, if that is what it asks for."""
        delivery = result.delivery
        if result.disables:

            async def disable() -> None:
                await self.disabling.disable(delivery.webhook_id, result)

            await self.patience.insist(disable, what="disable")

        async def record() -> None:
            await self.deliveries.record(delivery, result.attempt, *result.events)

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
