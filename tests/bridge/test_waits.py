"""A wait ends with what is waited for, with its time, or with the gateway."""

import asyncio

import pytest

from gateway.bridge.waits import Waits
from tests.fakes.clock import settle

LONG_S = 3600.0


@pytest.fixture
async def future() -> asyncio.Future[None]:
    """Something to wait for."""
    return asyncio.get_running_loop().create_future()


async def test_a_wait_ends_with_what_is_waited_for(
    future: asyncio.Future[None],
) -> None:
    """At once, however long it might have been."""
    waits = Waits()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(waits.until(future, LONG_S))
        await settle()
        before = waiting.done()

        future.set_result(None)

    assert not before
    assert not waits._waiters


async def test_a_wait_ends_with_its_time(future: asyncio.Future[None]) -> None:
    """What is waited for stays as it is."""
    async with asyncio.timeout(60):
        await Waits().until(future, 0.001)

    assert not future.done()


async def test_all_waits_end_with_the_gateway(future: asyncio.Future[None]) -> None:
    """Those that are held, and those that begin later."""
    waits = Waits()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(waits.until(future, LONG_S))
        await settle()

        waits.end()
    await waits.until(future, LONG_S)

    assert not future.done()


async def test_a_waiter_who_goes_away_is_forgotten(
    future: asyncio.Future[None],
) -> None:
    """A caller may hang up at any time."""
    waits = Waits()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(waits.until(future, LONG_S))
        await settle()

        waiting.cancel()
        await settle()

    assert not waits._waiters
    assert not future.cancelled()
