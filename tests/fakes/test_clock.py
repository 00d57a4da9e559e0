"""The fake clock keeps the promises of the real one."""

import asyncio

from tests.fakes.clock import NOON, FakeClock


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    """Advancing past several sleepers wakes the earliest first, each at its moment."""
    clock = FakeClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic() - 1000.0))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("late", 30))
        tasks.create_task(sleeper("early", 10))
        await clock.advance(60)

    assert woken == [("early", 10.0), ("late", 30.0)]


async def test_a_sleep_begun_on_the_way_is_part_of_the_advance() -> None:
    """Who sleeps twice ten seconds is through after advancing by twenty."""
    clock = FakeClock()
    done = asyncio.Event()

    async def twice() -> None:
        await clock.sleep(10)
        await clock.sleep(10)
        done.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(twice())
        await clock.advance(20)

    assert done.is_set()


async def test_a_jump_moves_the_wall_clock_alone() -> None:
    """Setting the wall clock wakes nobody and leaves `monotonic` as it was."""
    clock = FakeClock()

    clock.jump(-3600)

    assert ((NOON - clock.now()).total_seconds(), clock.monotonic()) == (3600.0, 1000.0)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    """Advancing over the time of a cancelled sleeper wakes nobody and fails not."""
    clock = FakeClock()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(clock.sleep(5))
        await clock.advance(1)
        task.cancel()
    await clock.advance(10)

    assert clock.sleepers == 0
