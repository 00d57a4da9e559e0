"""Webhooks are made inactive once, and gone subscriptions are removed."""

import asyncio

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Delivery, DeliveryState, Standing, Webhook
from tests.fakes.clock import NOON
from tests.fakes.delivering import Delivering, a_webhook

DELIVERY = Delivery(
    "dlv_1", "wh_one", "evt_1", 1, DeliveryState.IN_FLIGHT, created_at=NOON
)


async def disabled(world: Delivering, reason: str = "gone") -> Webhook | None:
    """Disable `wh_one`, and return what it has become."""
    standing = Standing(failing_since=NOON)
    await world.attempts.disabling.disable(DELIVERY, reason, standing)
    return world.roster.find("wh_one")


async def test_it_is_inactive_with_the_reason() -> None:
    """The webhook says why it is inactive, and the log does too."""
    world = Delivering()
    await world.add(a_webhook())

    webhook = await disabled(world, "failing")

    assert webhook is not None
    assert (webhook.active, webhook.disabled_reason) == (False, "failing")
    (line,) = world.meter.named("webhook.disabled")
    assert (line["reason"], line["host"]) == ("failing", "one.example")


async def test_one_that_was_enabled_meanwhile_stays_active() -> None:
    """A last failure that is stored late disables no receiver that starts afresh."""
    world = Delivering()
    await world.add(a_webhook())

    await world.attempts.disabling.disable(DELIVERY, "failing", Standing())

    assert world.roster.get("wh_one").active


async def test_of_several_at_once_one_is_told() -> None:
    """Ten that disable the same webhook leave one event and one line."""
    world = Delivering()
    await world.add(a_webhook())

    await asyncio.gather(*(disabled(world) for _ in range(10)))

    assert world.told == ["webhook.disabled"]
    assert len(world.meter.named("webhook.disabled")) == 1


async def test_a_subscription_that_is_gone_is_removed_and_told_of() -> None:
    """What was made as a REST hook is deleted at 410, after that was told."""
    world = Delivering()
    await world.add(a_webhook(is_subscription=True))

    webhook = await disabled(world)

    assert (webhook, world.told) == (None, ["webhook.disabled"])


async def test_a_subscription_that_only_fails_stays() -> None:
    """Five days of failures disable a subscription, and do not remove it."""
    world = Delivering()
    await world.add(a_webhook(is_subscription=True))

    webhook = await disabled(world, "failing")

    assert webhook is not None


async def test_disabling_a_deleted_webhook_is_nothing() -> None:
    """A webhook deleted while it answered 410 is not brought back."""
    world = Delivering()

    await disabled(world)

    assert world.store.webhooks_by_id == {}


async def test_nothing_is_told_of_what_was_not_stored() -> None:
    """While the store is away nothing is logged, as it is to be done again."""
    world = Delivering()
    await world.add(a_webhook())
    world.store.fail_with(StoreUnavailable("away"))

    with pytest.raises(StoreUnavailable):
        await disabled(world)

    assert world.meter.named("webhook.disabled") == []


async def test_what_a_former_process_left_is_removed() -> None:
    """Of the webhooks known at the start, those gone and subscribed are removed."""
    world = Delivering()
    gone = {"active": False, "disabled_reason": "gone"}
    await world.add(
        a_webhook("one", is_subscription=True, **gone),
        a_webhook("two", **gone),
        a_webhook("three", is_subscription=True),
    )

    await world.attempts.disabling.remove_all_gone()

    assert set(world.store.webhooks_by_id) == {"wh_two", "wh_three"}


async def test_a_subscription_wanted_again_stays() -> None:
    """One that was enabled before it could be removed is left alone."""
    world = Delivering()
    gone = a_webhook(is_subscription=True, active=False, disabled_reason="gone")
    await world.add(a_webhook(is_subscription=True))

    await world.attempts.disabling.remove_if_gone(gone)

    assert set(world.store.webhooks_by_id) == {"wh_one"}
