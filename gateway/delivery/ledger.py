"""What becomes of deliveries, written down however long the store is away."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.delivery.disabling import Disabling
from gateway.delivery.notices import Notices
from gateway.delivery.patience import Patience
from gateway.delivery.ports import Deliveries, Due, Replies, Said
from gateway.delivery.result import Answered, Result
from gateway.domain.model import DeliveryState, Standing

# Why a reply was not sent: a bug of ours, or nobody to send it.
INTERNAL = "internal"
UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Stores results; a store that is away is waited for, and no result is dropped.

    Attributes:
        deliveries: Where results are stored.
        disabling: What makes webhooks inactive.
        patience: Waits for the store.
        notices: What is told.
        replies: Says in the room what receivers answered; `None` if nobody does.
    """

    deliveries: Deliveries
    disabling: Disabling
    patience: Patience
    notices: Notices
    replies: Replies | None = None

    async def take_over(self) -> int:
        """Make due what a former process left in flight; return how many there were.

        Subscriptions that it left to be removed are removed.
        """
        await self.patience.insist(self.disabling.remove_all_gone, what="disable")
        return await self.patience.insist(self.deliveries.take_over, what="take_over")

    async def next_due_at(self, webhook_id: str) -> datetime | None:
        """Return when the next delivery of a webhook is due; `None` if none is."""

        async def ask() -> datetime | None:
            return await self.deliveries.next_due_at(webhook_id)

        return await self.patience.insist(ask, what="next_due_at")

    async def standing(self, webhook_id: str) -> Standing:
        """Return how a webhook's receiver has behaved."""

        async def ask() -> Standing:
            return await self.deliveries.standing(webhook_id)

        return await self.patience.insist(ask, what="standing")

    def record(self, result: Result, standing: Standing) -> asyncio.Future[None]:
        """Store a result, once: what fails is to be given to `keep`."""
        return self.deliveries.record(
            result.delivery, result.attempt, *result.events, standing=standing
        )

    async def keep(
        self,
        result: Result,
        standing: Callable[[], Standing],
        begun: asyncio.Future[None] | None = None,
    ) -> None:
        """Store a result; first do what it asks for.

        That is, to say in the room what was answered, and to disable the webhook.

        Args:
            result: What came of an attempt.
            standing: Says how the receiver stands, whenever it is asked.
            begun: What `record` returned for it, if it has been tried before.
        """
        if result.answered is not None and begun is None:
            result = await self._said(result, result.answered)
        reason = result.disables
        if reason is not None:

            async def disable() -> None:
                delivery = result.delivery
                await self.disabling.disable(
                    delivery, reason, standing(), url=result.url
                )

            await self.patience.insist(disable, what="disable")

        tries = iter([] if begun is None else [begun])

        async def record() -> None:
            await (next(tries, None) or self.record(result, standing()))

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

    async def _said(self, result: Result, answered: Answered) -> Result:
        """Say in the room what was answered, and note what became of that."""

        async def say() -> Said:
            if self.replies is None:
                return Said(skipped=UNSUPPORTED)
            return await self.replies.say(
                answered.webhook, answered.due, answered.reply
            )

        try:
            said = await self.patience.insist(say, what="reply")
        except Exception as error:  # noqa: BLE001  # A bug of ours must not cycle.
            self.notices.blame(error, result.delivery)
            said = Said(skipped=INTERNAL)
        self.notices.replied(result.delivery, said.message_id, said.skipped)
        attempt = result.attempt
        if attempt is None:
            return result
        noted = replace(
            attempt, reply_message_id=said.message_id, reply_skipped=said.skipped
        )
        return replace(result, attempt=noted)
