"""The buffer between a link and its consumer; links are tested through the client."""

import asyncio
from datetime import UTC, datetime

from gateway.room.connection import EventBuffer, SystemClock
from gateway.room.errors import MalformedEnvelope
from gateway.room.protocol.events import MessageDropped

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
FIRST = MessageDropped(MalformedEnvelope(problem="1"), NOON)
SECOND = MessageDropped(MalformedEnvelope(problem="2"), NOON)


async def test_events_come_in_order() -> None:
    """First in, first out."""
    buffer = EventBuffer(10)
    buffer.add(FIRST)
    buffer.add(SECOND)

    assert await buffer.next() is FIRST
    assert await buffer.next() is SECOND


async def test_a_full_buffer_has_room_once_the_consumer_took_something() -> None:
    """More may be added nevertheless: it is the reading that waits."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        buffer = EventBuffer(2)
        await buffer.room()
        buffer.add(FIRST)
        buffer.add(SECOND)
        waiting = tasks.create_task(buffer.room())
        blocked = asyncio.Event()
        asyncio.get_running_loop().call_soon(blocked.set)
        await blocked.wait()
        early = waiting.done()
        await buffer.next()
        await waiting

    assert not early


async def test_a_consumer_waits_for_the_next_event() -> None:
    """It wakes when there is one."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        buffer = EventBuffer(1)
        waiting = tasks.create_task(buffer.next())
        asyncio.get_running_loop().call_soon(buffer.add, FIRST)

    assert waiting.result() is FIRST


async def test_the_end_comes_behind_what_is_left() -> None:
    """And nobody waits for room any more."""
    buffer = EventBuffer(1)
    buffer.add(FIRST)

    buffer.end()

    await buffer.room()
    assert await buffer.next() is FIRST
    assert await buffer.next() is None
    assert await buffer.next() is None


async def test_the_system_clock_is_aware_and_runs_forward() -> None:
    """Dates have a zone, seconds never go back."""
    clock = SystemClock()
    before = clock.monotonic()

    await clock.sleep(0)

    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before
