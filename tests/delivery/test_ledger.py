"""Results are stored, sooner or later."""

import asyncio
from dataclasses import replace

from gateway.delivery.ledger import Ledger
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Standing
from tests.fakes.clock import NOON
from tests.fakes.delivering import Delivering, a_webhook


def ledger_of(world: Delivering) -> Ledger:
    """Return the ledger of a world's worker."""
    return world.works.ledger


async def test_a_result_is_kept_once_the_store_is_back() -> None:
    """An attempt made while the store is away is stored afterwards."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    (due,) = await world.store.deliveries.claim("wh_one", 1)
    result = await world.attempts.make(a_webhook(), due)
    world.store.fail_with(StoreUnavailable("away"))

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(ledger_of(world).keep(result, Standing))
        await world.clock.advance(60)
        world.store.fail_with(None)
        await world.clock.advance(60)

    assert world.states == ["delivered"]
    assert len(world.store.attempts[due.delivery.id]) == 1


async def test_what_was_never_tried_is_put_back_in_its_place() -> None:
    """A first attempt undone is due as of when the delivery came to be."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    (due,) = await world.store.deliveries.claim("wh_one", 1)
    await world.clock.advance(60)

    await ledger_of(world).put_back(due, world.clock.now())

    assert await ledger_of(world).next_due_at("wh_one") == NOON
    assert world.states == ["pending"]


async def test_what_was_tried_before_is_put_back_as_retrying() -> None:
    """A later attempt undone is due at once."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    (due,) = await world.store.deliveries.claim("wh_one", 1)
    tried = replace(due, delivery=replace(due.delivery, attempts=2))
    await world.clock.advance(60)

    await ledger_of(world).put_back(tried, world.clock.now())

    assert await ledger_of(world).next_due_at("wh_one") == world.clock.now()
    assert world.states == ["retrying"]


async def test_what_was_left_in_flight_is_taken_over() -> None:
    """Claims of a former process are due again, and counted."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say(times=2)
    await world.store.deliveries.claim("wh_one", 2)

    count = await ledger_of(world).take_over()

    assert (count, world.states) == (2, ["pending", "pending"])
