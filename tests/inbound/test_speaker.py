"""What came in is said, of each source in order."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.domain.errors import QueueFull, StoreUnavailable
from gateway.domain.model import InboundState
from gateway.inbound.ports import InOutbox
from gateway.inbound.speaker import ASKED_AGAIN_S
from tests.fakes.clock import settle
from tests.fakes.inbound import Inbounds, a_source, an_arrival

FULL = QueueFull("the outbox is full")
ONE, TWO = a_source("src_1"), a_source("src_2", token_hash="other")


@pytest.fixture
async def world() -> AsyncIterator[Inbounds]:
    """Two sources, and a speaker that runs."""
    world = Inbounds()
    await world.add(ONE, TWO)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(world.speaker.run())
        await settle()
        yield world
        running.cancel()


async def test_what_is_accepted_is_said(world: Inbounds) -> None:
    """In the order in which it was accepted."""
    await world.take(ONE, *[an_arrival({"n": n}) for n in (1, 2, 3)])
    await settle()

    assert world.voice.bodies == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_it_goes_on_with_what_comes_later(world: Inbounds) -> None:
    """A source that had nothing to say is heard again."""
    await world.take(ONE, an_arrival({"n": 1}))
    await settle()
    await world.take(ONE, an_arrival({"n": 2}))
    await settle()

    assert world.voice.bodies == [{"n": 1}, {"n": 2}]


async def test_each_source_waits_by_itself(world: Inbounds) -> None:
    """One whose head is held does not hold back the other."""
    world.voice.errors = [FULL]
    await world.take(ONE, an_arrival({"of": 1}))
    await settle()
    await world.take(TWO, an_arrival({"of": 2}))
    await settle()

    assert world.voice.bodies == [{"of": 2}]


async def test_a_voice_that_is_back_is_used_at_once(world: Inbounds) -> None:
    """Nobody waits for the time to try again."""
    world.voice.silent = FULL
    await world.take(ONE, an_arrival({"n": 1}))
    await settle()
    world.voice.silent = None

    world.voice.change()
    await settle()

    assert world.voice.bodies == [{"n": 1}]


async def test_a_bug_in_one_source_does_not_stop_the_others(
    world: Inbounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and looked at again when something comes."""
    read = world.store.inbox.waiting

    async def failing(source_id: str, limit: int) -> object:
        if source_id == ONE.id:
            raise ZeroDivisionError
        return await read(source_id, limit)

    monkeypatch.setattr(world.store.inbox, "waiting", failing)
    await world.take(ONE, an_arrival({"of": 1}))
    await world.take(TWO, an_arrival({"of": 2}))
    await settle()
    monkeypatch.undo()
    await world.take(ONE, an_arrival({"of": 1, "n": 2}))
    await settle()

    assert len(world.meter.named("inbound.failed")) == 1
    assert world.voice.bodies == [{"of": 2}, {"of": 1}, {"of": 1, "n": 2}]


async def test_a_bug_is_looked_at_again_after_a_minute(
    world: Inbounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was accepted does not wait for a next request, which may never come."""
    read = world.store.inbox.waiting
    failures = [ZeroDivisionError(), ZeroDivisionError()]

    async def failing(source_id: str, limit: int) -> object:
        if failures:
            raise failures.pop()
        return await read(source_id, limit)

    monkeypatch.setattr(world.store.inbox, "waiting", failing)
    await world.take(ONE, an_arrival({"n": 1}))
    await world.clock.advance(119)
    early = list(world.voice.bodies)
    await world.clock.advance(1)

    assert early == []
    assert world.voice.bodies == [{"n": 1}]


async def test_a_start_goes_on_with_what_waits() -> None:
    """Whatever a former process accepted is said."""
    world = Inbounds()
    await world.add(ONE)
    await world.take(ONE, an_arrival({"n": 1}), an_arrival({"n": 2}))

    world.begin()
    await world.speak()

    assert world.voice.bodies == [{"n": 1}, {"n": 2}]


async def test_what_is_in_the_outbox_at_a_start_counts_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long the store cannot tell, nothing is said before."""
    world = Inbounds()
    await world.add(ONE)
    await world.take(ONE, an_arrival({"n": 1}))
    left = InOutbox(ONE.id, "inb_0", "lobby", "msg_0")
    away = [StoreUnavailable("away")]

    async def asked() -> list[InOutbox]:
        if away:
            raise away.pop()
        return [left]

    monkeypatch.setattr(world.store.inbox, "in_outbox", asked)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(world.speaker.run())
        await settle()
        early = list(world.voice.bodies)
        await world.clock.advance(ASKED_AGAIN_S)
        running.cancel()

    assert early == []
    assert world.voice.left == [left]
    assert world.voice.bodies == [{"n": 1}]


async def test_a_stop_before_it_is_settled_says_nothing_twice() -> None:
    """The voice knows what it has said for a request."""
    world = Inbounds()
    await world.add(ONE)
    (taking,) = await world.take(ONE, an_arrival({"n": 1}))
    before = await world.inbound(taking.inbound_id)
    await world.speak()
    world.store.inbound_by_id[before.id] = before

    world.begin()
    await world.speak()

    assert len(world.voice.said) == 1
    assert (await world.inbound(before.id)).state is InboundState.SAID


async def test_what_a_deleted_source_left_at_a_stop_is_refused() -> None:
    """A process that ended between the two leaves nothing waiting for ever."""
    world = Inbounds()
    await world.add(ONE)
    (taking,) = await world.take(ONE, an_arrival())
    await world.controls.delete(ONE.id)

    world.begin()
    await world.speak()

    assert (await world.inbound(taking.inbound_id)).state is InboundState.REFUSED


async def test_what_waits_of_a_source_that_is_deleted_is_not_said() -> None:
    """It is refused, and not left waiting for ever."""
    world = Inbounds()
    await world.add(ONE)
    (taking,) = await world.take(ONE, an_arrival())
    await world.controls.delete(ONE.id)

    await world.speak()

    assert (await world.inbound(taking.inbound_id)).state is InboundState.REFUSED
