"""The pool: which connections are kept, for how long, and how many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.egress import pool as pooling
from gateway.egress.answer import Answer
from gateway.egress.connection import Connection
from gateway.egress.dialing import Dialler
from gateway.egress.faults import Failed
from gateway.egress.guard import EgressPolicy
from gateway.egress.names import Names
from gateway.egress.pool import Pool
from gateway.egress.target import Target, target_of
from gateway.system import SystemClock
from tests.fakes.clock import settle
from tests.fakes.receiver import Receiver, refused_port

DEVELOPMENT = EgressPolicy().for_development()
PATIENCE_S = 5
LATER_S = 1e9  # Never, on the clock of an event loop.


def a_target(url: str) -> Target:
    """Return the target of a receiver."""
    target = target_of(url, DEVELOPMENT)
    assert isinstance(target, Target)
    return target


@asynccontextmanager
async def pooled(limit: int = 8) -> AsyncIterator[Pool]:
    """Open a pool."""
    names = Names(SystemClock())
    pool = Pool(Dialler(DEVELOPMENT, names), limit)
    yield pool
    await pool.close()
    names.close()


async def used(pool: Pool, target: Target) -> Connection:
    """Have a request answered over a new connection, and give it back."""
    connection = await pool.dial(target)
    async with asyncio.timeout(PATIENCE_S):
        await connection.exchange(target.message({}, b""), Answer(), until_s=LATER_S)
    pool.give(connection)
    return connection


async def lost(connection: Connection) -> None:
    """Wait until a connection is closed."""
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.shield(connection.lost)


async def test_a_connection_serves_its_origin_alone() -> None:
    """It is taken once, and by nobody who goes elsewhere."""
    async with Receiver() as receiver, Receiver() as other, pooled() as pool:
        target = a_target(receiver.url)
        connection = await used(pool, target)

        assert pool.take(a_target(other.url).origin) is None
        assert pool.take(target.origin) is connection
        assert pool.take(target.origin) is None


async def test_the_one_used_last_is_taken_first() -> None:
    """So that those which are not needed grow old."""
    async with Receiver() as receiver, pooled() as pool:
        target = a_target(receiver.url)
        first, second = await pool.dial(target), await pool.dial(target)
        for each in (first, second):
            await each.exchange(target.message({}, b""), Answer(), until_s=LATER_S)
            pool.give(each)

        assert pool.take(target.origin) is second


async def test_what_was_idle_for_too_long_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An old connection is not taken, and goes by itself."""
    monkeypatch.setattr(pooling, "KEEP_ALIVE_S", -1.0)
    monkeypatch.setattr(pooling, "SWEEP_S", 0.01)
    async with Receiver() as receiver, pooled() as pool:
        target = a_target(receiver.url)

        swept = await used(pool, target)
        await lost(swept)

        assert pool.take(target.origin) is None
        assert pool._idle == {}
        assert pool._sweeping is None


async def test_an_old_connection_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it was not closed yet."""
    async with Receiver() as receiver, pooled() as pool:
        target = a_target(receiver.url)
        connection = await used(pool, target)
        monkeypatch.setattr(pooling, "KEEP_ALIVE_S", -1.0)

        taken = pool.take(target.origin)

        assert taken is None
        await lost(connection)


async def test_a_connection_that_the_other_side_closed_is_forgotten() -> None:
    """Nobody is given what is known to be gone."""
    async with pooled() as pool:
        async with Receiver() as receiver:
            target = a_target(receiver.url)
            connection = await used(pool, target)
        await lost(connection)

        assert pool.take(target.origin) is None
        assert not pool._open


async def test_the_oldest_idle_connection_gives_way() -> None:
    """A pool that is full closes what it needs least."""
    async with Receiver() as receiver, Receiver() as other, pooled(limit=2) as pool:
        oldest = await used(pool, a_target(receiver.url))
        await used(pool, a_target(other.url))

        await used(pool, a_target(other.url))

        await lost(oldest)
        assert len(pool._open) == 2


async def test_who_finds_no_room_waits_for_it() -> None:
    """A connection in use is not closed for another; once it is free it is."""
    async with (
        Receiver() as receiver,
        Receiver() as other,
        pooled(limit=1) as pool,
        asyncio.TaskGroup() as tasks,
    ):
        target = a_target(receiver.url)
        busy = await pool.dial(target)
        waiting = tasks.create_task(used(pool, a_target(other.url)))
        await settle()
        has_waited = not waiting.done()

        await busy.exchange(target.message({}, b""), Answer(), until_s=LATER_S)
        pool.give(busy)

    assert has_waited
    assert waiting.result() is not busy


async def test_a_dial_that_fails_leaves_its_room() -> None:
    """What was never connected does not count."""
    async with Receiver() as receiver, pooled(limit=1) as pool:
        for _ in range(3):
            with pytest.raises(Failed):
                await pool.dial(a_target(f"http://127.0.0.1:{refused_port()}/"))

        await used(pool, a_target(receiver.url))

        assert len(pool._open) == 1


async def test_closing_ends_also_what_is_in_use() -> None:
    """No connection outlives the pool, nor is one made or kept after it."""
    async with Receiver() as receiver, pooled() as pool:
        target = a_target(receiver.url)
        idle, busy = await used(pool, target), await pool.dial(target)

        await pool.close()

        assert idle.lost.done()
        assert busy.lost.done()
        with pytest.raises(RuntimeError):
            await pool.dial(target)
        pool.give(busy)
        assert pool.take(target.origin) is None
