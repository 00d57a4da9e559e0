"""A worker that stops finishes what it began, and begins nothing more."""

import asyncio

from gateway.domain.errors import StoreUnavailable
from tests.fakes.clock import settle
from tests.fakes.delivering import Delivering, a_webhook

GONE = StoreUnavailable("The disk is full.")


async def test_draining_lets_what_is_in_flight_finish() -> None:
    """A drain returns 0 once the request under way was answered and stored."""
    world = Delivering()
    await world.add(a_webhook(max_in_flight=1))
    world.sender.hang("https://one.example/hook")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(world.worker.run())
        await world.say(times=2)

        drain = tasks.create_task(world.worker.drain(10))
        await settle()
        world.sender.release("https://one.example/hook")

    assert (drain.result(), world.states) == (0, ["delivered", "pending"])


async def test_a_drain_ends_when_its_time_is_up() -> None:
    """A request that never ends is cut, and its delivery taken over at the start."""
    world = Delivering()
    await world.add(a_webhook())
    world.sender.hang("https://one.example/hook")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(world.worker.run())
        await world.say()

        drain = tasks.create_task(world.worker.drain(10))
        await world.clock.advance(10)

    assert (drain.result(), world.states) == (1, ["in_flight"])


async def test_a_worker_that_never_ran_is_drained() -> None:
    """Draining before the start returns at once, and nothing is claimed afterwards."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()

    cut = await world.worker.drain(10)
    await world.worker.run()

    assert (cut, world.sender.requests) == (0, [])


async def test_a_start_without_a_store_can_be_drained() -> None:
    """A worker that still waits for the store ends when the drain's time is up."""
    world = Delivering()
    world.store.fail_with(GONE)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(world.worker.run())
        await settle()

        drain = tasks.create_task(world.worker.drain(10))
        await world.clock.advance(10)

    assert (running.done(), drain.result()) == (True, 0)
