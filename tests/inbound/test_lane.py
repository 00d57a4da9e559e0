"""The requests of one source are said in their order."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import QueueFull, StoreUnavailable
from gateway.domain.model import InboundState, Source
from gateway.inbound.lane import AT_A_TIME, LONGEST_WAIT_S, Lane
from gateway.inbound.ports import Saying
from gateway.inbound.utterance import Utterance
from gateway.inbound.wording import Sizes
from tests.fakes.clock import settle
from tests.fakes.inbound import Inbounds, a_source, an_arrival

FULL = QueueFull("the outbox is full")
AWAY = StoreUnavailable("it was away for a moment")


def lane_of(world: Inbounds, turns: asyncio.Semaphore | None = None) -> Lane:
    """Return the lane of `src_1`."""
    utterance = Utterance(world.voice, world.clock, world.meter, Sizes())
    return Lane(
        "src_1",
        world.store.sources,
        world.store.inbox,
        utterance,
        world.clock,
        turns or asyncio.Semaphore(1),
    )


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


async def test_what_is_to_be_tried_again_is_tried_at_once() -> None:
    """As when the room is back."""
    world = await waiting(1)
    world.voice.errors = [FULL]
    lane = lane_of(world)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane.run())
        await settle()
        lane.try_again()

    assert world.voice.bodies == [{"n": 1}]


async def test_a_store_that_is_back_at_once_changes_no_order() -> None:
    """What fails with the first is begun with it: none is stored before the first."""
    numbers = list(range(1, 6))
    world = await waiting(*numbers)
    say = world.voice.say

    def recover() -> None:
        world.voice.silent = None

    async def fails_at_first(saying: Saying, inbound_id: str) -> str:
        if world.voice.silent is None:
            return await say(saying, inbound_id)
        asyncio.get_running_loop().call_soon(recover)
        await settle(3)  # As long as it takes to hear of a commit that failed.
        raise AWAY

    world.voice.say = fails_at_first  # type: ignore[method-assign]  # for a moment
    world.voice.silent = FULL
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane_of(world).run())
        await world.clock.advance(2 * LONGEST_WAIT_S)

    assert world.voice.bodies == [{"n": n} for n in numbers]


async def test_what_has_to_wait_is_not_kept_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it is held, the next alone is read and tried; then the rest."""
    world = await waiting(1, 2, 3)
    read, limits = world.store.inbox.waiting, []

    async def counting(source_id: str, limit: int) -> object:
        limits.append(limit)
        return await read(source_id, limit)

    monkeypatch.setattr(world.store.inbox, "waiting", counting)
    world.voice.errors = [FULL, FULL]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane_of(world).run())
        await world.clock.advance(2 * LONGEST_WAIT_S)

    assert limits == [AT_A_TIME, 1, 1, AT_A_TIME, AT_A_TIME]
    assert world.voice.bodies == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_what_comes_does_not_hurry_what_has_to_wait() -> None:
    """However much comes, it is tried once in a while, or when it may be said."""
    world = await waiting(1)
    world.voice.silent = FULL
    lane = lane_of(world)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane.run())
        await settle()
        world.voice.silent = None
        lane.wake()
        await settle()
        early = list(world.voice.bodies)
        await world.clock.advance(LONGEST_WAIT_S)

    assert early == []
    assert world.voice.bodies == [{"n": 1}]


async def test_a_source_changed_meanwhile_is_said_as_it_is_now() -> None:
    """All that is read together is worded on the same terms: the last."""
    world = await waiting(1, 2)
    sources = world.store.sources
    get, asked = sources.get, []

    def changing(source_id: str) -> Source | None:
        asked.append(source_id)
        if len(asked) == 2:
            changed = replace(a_source(), template='{"text":"no. {{ n }}"}')
            world.store.sources_by_id[source_id] = changed
        return get(source_id)

    sources.get = changing  # type: ignore[method-assign]  # at that very moment
    async with asyncio.timeout(10):
        await lane_of(world).run()

    assert world.voice.bodies == [{"text": "no. 1"}, {"text": "no. 2"}]


async def test_what_is_not_said_is_settled_before_others_are() -> None:
    """Killed in between and filtered no more, it would be said behind them."""
    world = await waiting(1, 2, filter="n == `2`")

    async with asyncio.TaskGroup() as tasks:
        world.store.fail_with(AWAY)
        tasks.create_task(lane_of(world).run())
        await settle()
        early = list(world.voice.bodies)
        changed = a_source(filter=None)
        world.store.sources_by_id[changed.id] = changed
        world.store.fail_with(None)
        await world.clock.advance(LONGEST_WAIT_S)

    assert early == []
    assert states(world) == [InboundState.FILTERED, InboundState.SAID]
    assert world.voice.bodies == [{"n": 2}]


async def test_few_lanes_hold_requests_at_a_time() -> None:
    """One that has its turn says what it has before another reads."""
    world = await waiting(1)
    turns = asyncio.Semaphore(1)
    lane = lane_of(world, turns)

    async with asyncio.TaskGroup() as tasks, turns:
        tasks.create_task(lane.run())
        await settle()
        early = list(world.voice.bodies)

    assert early == []
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

    async def failing(source_id: str, limit: int) -> object:
        if failures:
            raise failures.pop()
        return await read(source_id, limit)

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
