"""Webhooks made inactive because of what their receivers answered."""

from dataclasses import dataclass, replace

from gateway.delivery.notices import Notices
from gateway.delivery.roster import Roster
from gateway.domain.errors import NotFound, WrongState
from gateway.domain.model import Delivery, Event, Standing, Webhook

GONE = "gone"
FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Disabling:
    """Makes webhooks inactive, and tells of it.

    Attributes:
        roster: The webhooks.
        notices: What is told.
    """

    roster: Roster
    notices: Notices

    async def disable(
        self,
        delivery: Delivery,
        reason: str,
        standing: Standing,
        *,
        url: str | None = None,
    ) -> None:
        """Make a delivery's webhook inactive, and tell of it, once.

        A subscription whose receiver is gone is removed besides: what is owed to it is
        cancelled. A webhook deleted meanwhile is left so, and so is one that failed and
        was enabled meanwhile: its receiver starts afresh. So does one with a new URL.
        `StoreUnavailable` if it is to be done again.

        Args:
            delivery: The one whose answer was the last straw.
            reason: `gone` or `failing`.
            standing: How its receiver stands.
            url: Where the answer came from, if that matters.
        """
        is_forgiven = reason == FAILING and standing.failing_since is None

        def edit(webhook: Webhook) -> Webhook:
            if not webhook.active or is_forgiven or url not in {None, webhook.url}:
                return webhook
            return replace(
                webhook,
                active=False,
                disabled_reason=reason,
                updated_at=self.notices.clock.now(),
            )

        told: list[Event] = []

        def tell(webhook: Webhook) -> Event:
            told.append(self.notices.disabled(webhook, delivery, reason))
            return told[-1]

        try:
            webhook = await self.roster.change(delivery.webhook_id, edit, tell=tell)
        except NotFound:
            return
        if told:
            self.notices.log_disabled(webhook, reason, standing)
        await self.remove_if_gone(webhook)

    async def remove_all_gone(self) -> None:
        """Remove the subscriptions that are gone, and that a former process left."""
        for webhook in self.roster.all():
            await self.remove_if_gone(webhook)

    async def remove_if_gone(self, webhook: Webhook) -> None:
        """Remove a subscription that was disabled because its receiver is gone."""
        if not _is_over(webhook):
            return
        try:
            await self.roster.remove(webhook.id, _still_over)
        except (NotFound, WrongState):
            return  # Somebody removed it meanwhile, or made something else of it.


def _is_over(webhook: Webhook) -> bool:
    return (
        webhook.is_subscription
        and not webhook.active
        and webhook.disabled_reason == GONE
    )


def _still_over(webhook: Webhook) -> None:
    if not _is_over(webhook):
        detail = f"The webhook {webhook.id} is wanted again."
        raise WrongState(detail)
