"""What comes late, or too early, undoes nothing that has happened meanwhile."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from gateway.delivery.lane import Lane
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import RateLimit, Standing
from tests.fakes.clock import NOON, settle
from tests.fakes.delivering import Delivering, a_webhook, delivering
from tests.fakes.sender import an_outcome

ONE = "https://one.example/hook"
GONE = StoreUnavailable("The disk is full.")


async def test_a_webhook_enabled_while_its_lane_ends_gets_what_waits() -> None:
    """What is put back once the webhook is active again is sent without an event."""
    limited = a_webhook(rate_limit=RateLimit(per_second=1, burst=1))
    world = Delivering()
    await world.add(limited)

    async with delivering(world):
        await world.say(times=3)
        world.store.fail_with(GONE)
        # As if the commits had been made whose answers the lane cannot see.
        world.store.webhooks_by_id["wh_one"] = replace(limited, active=False)
        world.worker.wake(["wh_one"])
        await settle()
        world.store.webhooks_by_id["wh_one"] = limited
        world.worker.wake(["wh_one"])
        await settle()
        world.store.fail_with(None)
        await world.clock.advance(60)

    assert world.states == ["delivered"] * 3


async def test_nothing_is_sent_before_what_was_left_is_taken_over() -> None:
    """A change of the webhook before that starts no request which is then repeated."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    world.store.fail_with(GONE)

    async with delivering(world):
        world.store.fail_with(None)
        world.sender.hang(ONE)
        world.worker.wake(["wh_one"])
        await settle()
        await world.clock.advance(1)
        world.sender.release(ONE)
        await settle()

    assert (len(world.sender.requests), world.states) == (1, ["delivered"])


async def test_gone_says_nothing_of_a_new_address() -> None:
    """A 410 from where the webhook was before ends that delivery, and no more."""
    world = Delivering(410)
    await world.add(a_webhook(is_subscription=True))
    world.sender.hang(ONE)

    async with delivering(world):
        await world.say()
        moved = a_webhook(url="https://one.example/new", is_subscription=True)
        await world.add(moved)
        world.worker.wake(["wh_one"])
        world.sender.release(ONE)
        await settle()
        await world.say()

    assert world.roster.find("wh_one") == moved
    assert world.states == ["dead", "delivered"]


async def test_gone_is_forgotten_if_the_address_changes_while_it_is_stored() -> None:
    """While the store is away a 410 waits; the webhook may be another one then."""
    world = Delivering(410)
    await world.add(a_webhook())

    async with delivering(world):
        world.sender.hang(ONE)
        await world.say()
        world.store.fail_with(GONE)
        world.sender.release(ONE)
        await settle()
        world.store.fail_with(None)
        await world.add(a_webhook(url="https://one.example/new"))
        world.worker.wake(["wh_one"])
        await world.clock.advance(60)

    assert world.roster.get("wh_one").active
    assert world.states == ["dead"]


async def test_a_success_saves_a_webhook_that_was_hopeless_until_then() -> None:
    """A delivery that arrives before it is disabled leaves it active."""
    world = Delivering(500)
    await world.add(a_webhook())
    world.store.standings["wh_one"] = Standing(
        last_error_at=NOON, failing_since=NOON - timedelta(days=6)
    )

    async with delivering(world):
        world.sender.hang(ONE)
        await world.say(times=2)
        world.store.fail_with(GONE)
        world.sender.release(ONE)
        await settle()
        world.store.fail_with(None)
        await world.clock.advance(60)

    assert world.roster.get("wh_one").active
    assert world.states == ["delivered"] * 2
    assert "webhook.disabled" not in world.told


async def test_what_was_stored_before_the_clock_was_set_back_is_not_forgotten() -> None:
    """It goes out once the clock is there again, if nothing else is owed either."""
    world = Delivering()
    await world.add(a_webhook())

    async with delivering(world):
        event, message = world.a_message("hi")
        await world.store.log.append(event, message=message)
        world.clock.jump(-0.25)
        await settle()
        early = len(world.sender.requests)
        await world.clock.advance(1)

    assert (early, world.states) == (0, ["delivered"])


async def test_answers_in_any_order_pause_until_the_latest_they_ask_for() -> None:
    """Of three that ask for different pauses at once, the longest is kept."""
    world = Delivering(*(an_outcome(429, retry_after=s) for s in ("9", "600", "60")))
    await world.add(a_webhook())

    async with delivering(world):
        await world.say(times=3)
        await world.clock.advance(599)
        during = len(world.sender.requests)
        await world.clock.advance(200)

    assert (during, world.states) == (3, ["delivered"] * 3)


async def test_fewer_at_once_are_kept_to_while_more_are_under_way() -> None:
    """A lower `max_in_flight` sends nothing until so few are left."""
    world = Delivering()
    await world.add(a_webhook(max_in_flight=4))
    world.sender.hang(ONE)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        lane = Lane("wh_one", world.works, tasks)
        running = tasks.create_task(lane.run())
        await world.say(times=8)
        lane.wake()
        await settle()
        before = world.sender.flying
        await world.add(a_webhook(max_in_flight=1))
        lane.wake()
        await settle()
        world.sender.most_at_once = 0
        world.sender.release(ONE)
        await settle(400)
        world.works.draining.set()
        lane.wake()
        await running

    assert (before, world.sender.most_at_once) == (4, 1)
    assert (world.states, world.works.cap.free) == (["delivered"] * 8, 256)
