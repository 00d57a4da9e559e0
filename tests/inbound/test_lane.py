"""The requests of one source are said in their order."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import QueueFull, StoreUnavailable
from gateway.domain.model import InboundState
from gateway.inbound.lane import AT_A_TIME, LONGEST_WAIT_S, Lane
from gateway.inbound.ports import Saying
from gateway.inbound.utterance import Utterance
from gateway.inbound.wording import Sizes
from tests.fakes.clock import settle
from tests.fakes.inbound import Inbounds, a_source, an_arrival

FULL = QueueFull("the outbox is full")


def lane_of(world: Inbounds) -> Lane:
    """Return the lane of `src_1`."""
    utterance = Utterance(world.voice, world.clock, world.meter, Sizes())
    return Lane("src_1", world.store.sources, world.store.inbox, utterance, world.clock)


async def waiting(*numbers: int, **changes: Any) -> Inbounds:  # noqa: ANN401  # a builder
    """Return a source with requests that wait to be said."""
    world = Inbounds()
    source = a_source(**changes)
    await world.add(source)
    await world.take(source, *[an_arrival({"n": n}) for n in numbers])
    return world


def states(world: Inbounds) -> list[InboundState]:
    """Return how far the requests have come, in their order."""
    return [inbound.state for inbound in world.store.inbound_by_id.values()]


async def test_all_that_waits_is_said_in_order_and_settled() -> None:
    """However many there are."""
    numbers = list(range(1, AT_A_TIME + 3))
    world = await waiting(*numbers)

    async with asyncio.timeout(10):
        await lane_of(world).run()

    assert world.voice.bodies == [{"n": n} for n in numbers]
    assert set(states(world)) == {InboundState.SAID}


async def test_what_cannot_be_said_now_holds_back_what_is_behind_it() -> None:
    """It is tried again after a while, and told once."""
    world = await waiting(1, 2)
    world.voice.errors = [FULL, FULL]

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane_of(world).run())
        await settle()
        assert world.voice.said == []
        await world.clock.advance(2 * LONGEST_WAIT_S)

    assert world.voice.bodies == [{"n": 1}, {"n": 2}]
    assert len(world.meter.named("inbound.held")) == 1


async def test_what_was_begun_before_a_hold_is_settled() -> None:
    """What is behind it waits, and is said after it."""
    world = await waiting(1, 2, 3)
    say, failures = world.voice.say, [FULL]

    async def refusing_two(saying: Saying, inbound_id: str) -> str:
        if saying.body == '{"n":2}' and failures:
            raise failures.pop()
        return await say(saying, inbound_id)

    world.voice.say = refusing_two  # type: ignore[method-assign]  # for one of them
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane_of(world).run())
        await settle()
        assert states(world) == [InboundState.SAID, *[InboundState.ACCEPTED] * 2]
        await world.clock.advance(LONGEST_WAIT_S)

    assert world.voice.bodies == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_who_is_woken_tries_at_once() -> None:
    """As when the room is back."""
    world = await waiting(1)
    world.voice.errors = [FULL]
    lane = lane_of(world)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane.run())
        await settle()
        lane.wake()

    assert world.voice.bodies == [{"n": 1}]


async def test_what_waits_too_long_makes_way() -> None:
    """It expires while it is held; the next is said."""
    world = await waiting(1, ttl=timedelta(seconds=20))
    world.voice.silent = FULL

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane_of(world).run())
        await world.clock.advance(25)

    assert states(world) == [InboundState.EXPIRED]


async def test_what_was_said_is_settled_however_long_the_store_is_away() -> None:
    """It is not said again meanwhile."""
    world = await waiting(1, 2)
    lane = lane_of(world)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane.run())
        await settle(2)
        world.store.fail_with(StoreUnavailable("the disk is full"))
        await world.clock.advance(60)
        assert states(world) == [InboundState.ACCEPTED] * 2
        world.store.fail_with(None)
        await world.clock.advance(LONGEST_WAIT_S)

    assert states(world) == [InboundState.SAID] * 2
    assert len(world.voice.said) == 2


async def test_a_store_that_cannot_be_read_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What waits is said when it can be read again."""
    world = await waiting(1)
    read, failures = world.store.inbox.waiting, [StoreUnavailable("away")]

    async def failing(source_id: str, after: int, limit: int) -> object:
        if failures:
            raise failures.pop()
        return await read(source_id, after, limit)

    monkeypatch.setattr(world.store.inbox, "waiting", failing)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane_of(world).run())
        await world.clock.advance(LONGEST_WAIT_S)

    assert len(world.voice.said) == 1


async def test_what_comes_while_it_ends_is_not_overlooked() -> None:
    """It looks again before it ends, or says that it has to."""
    world = await waiting()
    lane = lane_of(world)

    lane.wake()

    assert lane.is_woken
