"""Deliveries looked at, and sent again by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.bridge.ports import Meter
from gateway.delivery.ports import (
    Deliveries,
    DeliveryFilter,
    DeliveryPage,
    DeliveryRow,
)
from gateway.delivery.roster import Roster
from gateway.delivery.webhooks import Wake
from gateway.domain.errors import NotFound
from gateway.domain.model import Attempt


@dataclass(frozen=True, slots=True)
class DeliveryControls:
    """What callers do with deliveries.

    Attributes:
        deliveries: The deliveries.
        roster: The webhooks that they are owed to.
        wake: Tells the worker that something is due.
        meter: Told of every retry.
    """

    deliveries: Deliveries
    roster: Roster
    wake: Wake
    meter: Meter

    async def get(self, delivery_id: str) -> tuple[DeliveryRow, Sequence[Attempt]]:
        """Return a delivery with its attempts, oldest first; `NotFound`."""
        found = await self.deliveries.get(delivery_id)
        if found is None:
            detail = f"There is no delivery {delivery_id}."
            raise NotFound(detail, facts={"what": "delivery"})
        return found

    async def list(self, query: DeliveryFilter) -> DeliveryPage:
        """Return a page of deliveries; `Invalid` for a cursor that is not ours."""
        return await self.deliveries.list(query)

    async def retry(self, delivery_id: str) -> DeliveryRow:
        """Make a delivery due now, with the whole schedule before it again.

        One that was delivered is sent once more, under the same `webhook-id`.

        Raises:
            NotFound: There is none of that id.
            WrongState: An attempt is under way, or its webhook is deleted or inactive.
            StoreUnavailable: Nothing was changed.
        """
        row, _ = await self.get(delivery_id)
        again = await self.deliveries.retry(delivery_id)
        self.meter.info(
            "delivery.retried", delivery_id=again.id, webhook_id=again.webhook_id
        )
        self.wake([again.webhook_id])
        return replace(row, delivery=again)
