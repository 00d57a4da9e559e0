"""Deliveries are sent again by hand."""

import pytest

from gateway.delivery.ports import DeliveryFilter
from gateway.delivery.redelivery import DeliveryControls
from gateway.domain.errors import NotFound, WrongState
from tests.fakes.clock import settle
from tests.fakes.delivering import Delivering, a_webhook, delivering


def controls_of(world: Delivering) -> DeliveryControls:
    """Return the controls of a world's deliveries."""
    return DeliveryControls(
        world.store.deliveries,
        world.roster,
        world.worker.wake,
        world.meter,
    )


async def test_a_dead_delivery_gets_its_whole_schedule_again() -> None:
    """After a retry by hand the delivery fails once more and is tried once more."""
    world = Delivering(500, 500, 500)
    await world.add(a_webhook(schedule_s=(10,)))

    async with delivering(world):
        await world.say()
        await world.clock.advance(15)
        died = world.states
        await controls_of(world).retry(world.deliveries[0].id)
        await world.clock.advance(15)

    assert (died, world.states) == (["dead"], ["delivered"])
    assert world.deliveries[0].attempts == 4


async def test_what_was_delivered_can_be_sent_once_more() -> None:
    """A delivered one goes out again under the same `webhook-id`."""
    world = Delivering()
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        await controls_of(world).retry(world.deliveries[0].id)
        await settle()

    ids = [request.headers["webhook-id"] for request in world.sender.requests]
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_what_waits_for_its_time_can_be_sent_now() -> None:
    """A retry by hand does not wait for the schedule."""
    world = Delivering(500)
    await world.add(a_webhook(schedule_s=(3600,)))

    async with delivering(world):
        await world.say()
        await controls_of(world).retry(world.deliveries[0].id)
        await settle()

    assert world.states == ["delivered"]


async def test_an_attempt_under_way_is_left_to_end() -> None:
    """`WrongState` for a delivery in flight."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    await world.store.deliveries.claim("wh_one", 1)

    with pytest.raises(WrongState, match="under way"):
        await controls_of(world).retry(world.deliveries[0].id)


async def test_an_inactive_webhook_gets_nothing_by_hand_either() -> None:
    """`WrongState` that says to enable the webhook."""
    world = Delivering()
    await world.add(a_webhook(active=False))
    await world.say()

    with pytest.raises(WrongState, match="enable it first"):
        await controls_of(world).retry(world.deliveries[0].id)


async def test_a_deleted_webhook_has_no_address() -> None:
    """`WrongState` for what was owed to a webhook now deleted."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    await world.store.webhooks.delete("wh_one")

    with pytest.raises(WrongState, match="deleted"):
        await controls_of(world).retry(world.deliveries[0].id)


async def test_an_unknown_delivery_is_not_found() -> None:
    """`NotFound` for an id that is none."""
    with pytest.raises(NotFound):
        await controls_of(Delivering()).retry("dlv_none")


async def test_deliveries_are_listed() -> None:
    """Listing goes to the store as it is asked."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say(times=3)

    page = await controls_of(world).list(DeliveryFilter(limit=2))

    assert (len(page.deliveries), page.next_cursor is None) == (2, False)
