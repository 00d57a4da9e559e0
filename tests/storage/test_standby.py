"""The lock on a PostgreSQL database."""

import asyncio
import sys

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.storage.errors import LockHeld
from tests.conformance.ports import joined
from tests.fakes.clock import FakeClock
from tests.storage.opening import Listener, opened_on
from tests.storage.server import Databases, end_sessions

standby = pytest.importorskip("gateway.storage.standby", exc_type=ImportError)

TAKEOVER_S = 15.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("meshagent-gateway 4711 0a1b host", 4711),
        ("psql", None),
        ("", None),
        (None, None),
    ],
)
def test_a_session_tells_its_process(name: str | None, expected: int | None) -> None:
    """Only sessions of gateways do."""
    assert standby.pid_of(name) == expected


async def test_a_standby_takes_over_after_kill_9(server: Databases) -> None:
    """Within 15 s, with every event that the one before said it had stored."""
    url, meter = await server.new(), Listener()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.appending", url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    answered = [int(await process.stdout.readline()) for _ in range(50)]
    async with asyncio.TaskGroup() as tasks:
        opening = opened_on(url, lock_wait_s=60, meter=meter)
        waiting = tasks.create_task(opening.__aenter__())
        await meter.heard("store.lock_awaited")
        process.kill()
        async with asyncio.timeout(TAKEOVER_S):
            store = await waiting
    rest, _ = await process.communicate()
    answered += [int(line) for line in rest.splitlines(keepends=True)[:-1]]

    events = await store.log.read(limit=1_000_000)
    await opening.__aexit__(None, None, None)

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert {f"evt_{n}" for n in answered} <= {event.id for event in events}


async def test_a_lock_that_was_cut_off_is_taken_again(server: Databases) -> None:
    """The one that had it goes on when nobody else has taken it."""
    url, meter, clock = await server.new(), Listener(), FakeClock()
    async with opened_on(url, meter=meter, clock=clock) as store:
        await end_sessions(url)
        await clock.advance(standby.POLL_S)
        await meter.heard("store.lock_regained")

        await store.log.append(joined("1"))
        with pytest.raises(LockHeld):
            async with opened_on(url):
                pass
        assert not store.lost.done()


async def test_one_whose_lock_another_took_is_lost(server: Databases) -> None:
    """It stops, and has accepted nothing after the other began."""
    url, clock = await server.new(), FakeClock()
    async with opened_on(url, clock=clock) as former:
        await end_sessions(url)
        async with opened_on(url) as present:
            await present.log.append(joined("1"))
            await clock.advance(standby.POLL_S)
            async with asyncio.timeout(10):
                await former.lost
            with pytest.raises(StoreUnavailable):
                await former.log.append(joined("2"))

            assert [event.id for event in await present.log.read()] == ["evt_1"]


async def test_one_that_does_not_know_yet_is_fenced_out(server: Databases) -> None:
    """Its first commit after another began is refused, lock or no lock."""
    url, clock = await server.new(), FakeClock()
    async with opened_on(url, clock=clock) as former:
        await end_sessions(url)
        async with opened_on(url) as present:
            with pytest.raises(StoreUnavailable):
                await former.log.append(joined("1"))

            assert former.lost.done()
            assert await present.log.read() == []
