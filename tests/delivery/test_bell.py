"""A bell is heard by the one who waits, whenever it rang."""

import asyncio

from gateway.delivery.bell import LONGEST_WAIT_S, Bell
from tests.fakes.clock import FakeClock, settle


async def test_a_ring_before_the_wait_is_kept() -> None:
    """Who waits after the ring returns at once, and only once."""
    async with asyncio.TaskGroup() as tasks:
        bell = Bell(FakeClock(), tasks)
        bell.ring()

        await bell.wait()
        second = tasks.create_task(bell.wait())
        await settle()

        assert not second.done()
        bell.ring()


async def test_it_rings_at_the_earliest_time_asked_for() -> None:
    """Of two times the earlier counts, in whichever order they were asked for."""
    clock = FakeClock()
    async with asyncio.TaskGroup() as tasks:
        bell = Bell(clock, tasks)
        bell.ring_in(30)
        bell.ring_in(10)
        bell.ring_in(20)
        waiting = tasks.create_task(bell.wait())

        await clock.advance(9)
        early = waiting.done()
        await clock.advance(1)

        assert (early, waiting.done()) == (False, True)


async def test_nobody_waits_longer_than_a_minute() -> None:
    """However far the time is, it rings after 60 s, in case the clock was set."""
    clock = FakeClock()
    async with asyncio.TaskGroup() as tasks:
        bell = Bell(clock, tasks)
        bell.ring_in(86_400)
        waiting = tasks.create_task(bell.wait())

        await clock.advance(LONGEST_WAIT_S)

        assert waiting.done()


async def test_a_silenced_bell_leaves_no_task_behind() -> None:
    """After `silence` nothing waits for the time any more."""
    clock = FakeClock()
    async with asyncio.TaskGroup() as tasks:
        bell = Bell(clock, tasks)
        bell.ring_in(30)
        await settle()

        bell.silence()
        await settle()

        assert clock.sleepers == 0
