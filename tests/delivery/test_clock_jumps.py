"""The wall clock is set an hour forward or back while deliveries are owed."""

import pytest

from tests.fakes.delivering import Delivering, a_webhook, delivering
from tests.fakes.sender import an_outcome

HOUR_S = 3600.0
LOOK_S = 60.0  # How often it is looked whether the clock was set.
DELAY_S = 1800
LONGEST_S = DELAY_S * 1.2  # With its jitter.
FAILING = 9  # One fewer than open the circuit.

both_ways = pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])


@both_ways
async def test_what_is_new_goes_out_at_once(jump_s: float) -> None:
    """It waits for no moment of the old time, whatever else does."""
    world = Delivering(500)
    await world.add(a_webhook(schedule_s=(DELAY_S,)))

    async with delivering(world):
        await world.say("before")
        world.clock.jump(jump_s)
        await world.say("after")

        assert world.states[1] == "delivered"


@both_ways
async def test_a_retry_is_early_or_late_by_no_more_than_the_jump(
    jump_s: float,
) -> None:
    """Forward it is due within a minute; back, an hour later than it was."""
    world = Delivering(500)
    await world.add(a_webhook(schedule_s=(DELAY_S,)))

    async with delivering(world):
        await world.say()
        world.clock.jump(jump_s)
        await world.clock.advance(LOOK_S)
        soon = world.states
        await world.clock.advance(LONGEST_S + HOUR_S)

        assert soon == (["delivered"] if jump_s > 0 else ["retrying"])
        assert world.states == ["delivered"]


async def test_set_forward_what_is_due_together_is_no_burst() -> None:
    """Each is tried once, a few at a time, and then not before its next delay."""
    world = Delivering(*[500] * (FAILING + 1))
    webhook = a_webhook(schedule_s=(DELAY_S,) * 2, max_in_flight=2)
    await world.add(webhook)

    async with delivering(world):
        await world.say(times=FAILING)
        world.clock.jump(HOUR_S)
        await world.clock.advance(DELAY_S - LOOK_S)

        attempts = sorted(each.attempts for each in world.deliveries)
        assert attempts == [2] * FAILING
        assert world.states.count("retrying") == 1
        assert world.sender.most_at_once == 2


@both_ways
async def test_a_clock_set_there_and_back_costs_nothing(jump_s: float) -> None:
    """It is made once, not before its time, and no later than it would have been."""
    world = Delivering(500)
    await world.add(a_webhook(schedule_s=(2 * DELAY_S,)))

    async with delivering(world):
        await world.say()
        world.clock.jump(jump_s)
        world.clock.jump(-jump_s)
        await world.clock.advance(2 * DELAY_S - 1)
        before = world.states
        await world.clock.advance(2 * LONGEST_S)

        assert (before, world.states) == (["retrying"], ["delivered"])
        assert len(world.sender.requests) == 2


@both_ways
async def test_a_pause_that_was_asked_for_is_kept(jump_s: float) -> None:
    """By the time that passes, not by what the clock says."""
    world = Delivering(an_outcome(503, retry_after="600"))
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        world.clock.jump(jump_s)
        await world.say("another")
        await world.clock.advance(599)
        during = len(world.sender.requests)
        await world.clock.advance(600 * 0.2 + LOOK_S + HOUR_S)

        assert during == 1
        assert world.states == ["delivered"] * 2


@both_ways
async def test_order_is_kept_over_a_jump(jump_s: float) -> None:
    """What is new waits for what is retried before it."""
    world = Delivering(500)
    await world.add(a_webhook(schedule_s=(DELAY_S,), ordering="room"))

    async with delivering(world):
        await world.say("first")
        world.clock.jump(jump_s)
        await world.say("second")
        await world.clock.advance(LONGEST_S + HOUR_S)

        said = [request.headers["webhook-id"] for request in world.sender.requests]
        first, second = (each.event_id for each in world.deliveries)
        assert said == [first, first, second]
