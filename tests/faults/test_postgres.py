"""A gateway on PostgreSQL, killed, replaced, and with its server taken away."""

import asyncio
import base64
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from tests.faults.accounts import ended, nothing_open
from tests.faults.crowd import Crowd, kill_at_random
from tests.faults.test_sources import a_crowd
from tests.faults.test_store import accepted, assert_none_came_twice, refused, talking
from tests.faults.town import Town, a_town, clock
from tests.storage.server import Databases, Server

PAST = 400
TAKEOVER_S = 15.0
MASTER_KEYS = f"k1:{base64.b64encode(bytes(32)).decode()}"


def store_on(url: str) -> dict[str, str]:
    """Return the settings of a gateway that has its store on a server."""
    return {
        "GATEWAY_DATABASE_URL": url,
        "GATEWAY_MASTER_KEYS": MASTER_KEYS,
        "GATEWAY_API_KEYS": "a-key-that-nobody-in-town-has-to-show",
        "GATEWAY_LOCK_WAIT": "120s",
    }


def a_town_on(url: str, home: Path) -> AbstractAsyncContextManager[Town]:
    """Run a town whose gateway has its store on a server."""
    return a_town(home, told=True, **store_on(url))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "kills", [pytest.param(3), pytest.param(100, marks=pytest.mark.long)]
)
async def test_kill_9_loses_no_delivery_and_no_order(
    tmp_path: Path, server: Databases, kills: int
) -> None:
    """The same promises as on SQLite, with the same receivers that fail."""
    moments = Random(kills)  # noqa: S311  # the same moments each time
    url = await server.new()
    async with a_town_on(url, tmp_path) as town:
        crowd = Crowd(town, moments)
        await crowd.settle_in()
        await crowd.remember(PAST)
        await kill_at_random(town, crowd, kills, moments)
        await ended(town, crowd.replays[-1]["id"], patience_s=300)
        await nothing_open(town, patience_s=600)
        await town.settle_accounts()

        repeats = await crowd.settle_accounts()

        assert max(repeats.values()) <= 16 * kills


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_stopped_and_started_under_load(
    tmp_path: Path, own_server: Server, mode: str
) -> None:
    """503 while it is away; what was accepted is sent and what was owed delivered."""
    url = await own_server.new()
    async with a_town_on(url, tmp_path) as town:
        async with talking(town):
            await accepted(town, 20)
            await asyncio.to_thread(own_server.stop, mode)
            await refused(town, 50)
            readiness = await town.get("/readyz")
            await asyncio.to_thread(own_server.start)
            await accepted(town, 40)
        await town.state("ready")
        await town.settle_accounts()

        assert set(town.ledger.refused.values()) == {503}
        assert readiness["status"] == 503, readiness
        assert town.process.returncode is None
        assert_none_came_twice(town)


@asynccontextmanager
async def outlived(process: Process) -> AsyncIterator[Process]:
    """See to it that a process has ended when the block has, whatever happens."""
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.timeout(180)
async def test_a_standby_takes_over_within_15_s_of_kill_9(
    tmp_path: Path, server: Databases
) -> None:
    """With people talking all the while, and nothing lost that the first accepted."""
    url = await server.new()
    async with a_town_on(url, tmp_path) as town:
        async with talking(town, per_second=25), outlived(town.process) as former:
            async with asyncio.TaskGroup() as tasks:
                waiting = tasks.create_task(town.start(GATEWAY_PORT="0"))
                await town.logged("store.lock_awaited")
                await accepted(town, 40)

                former.kill()
                killed_s = clock.monotonic()
                await waiting
            await town.state("ready")
            took_s = clock.monotonic() - killed_s
            await accepted(town, 20)
        await town.settle_accounts()

        print(f"ready {took_s:.1f} s after the kill")  # noqa: T201
        assert took_s < TAKEOVER_S
        assert town.ledger.refused == {}
        assert len(town.ledger.events("room.gap")) == 1


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_what_third_parties_send_outlives_the_server(
    tmp_path: Path, own_server: Server, mode: str
) -> None:
    """503 while it is away; all that they send is said once, and in order."""
    numbers, url = range(150), await own_server.new()
    async with a_crowd(tmp_path, **store_on(url)) as senders:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(senders.send(numbers))
            for _ in range(2):
                await senders.have_been_answered(202, 100)
                await asyncio.to_thread(own_server.stop, mode)
                await senders.have_been_answered(503, 50)
                await asyncio.to_thread(own_server.start)

        repeated = await senders.settle_accounts(numbers)

        assert repeated == 0
        assert set(senders.answers) <= {200, 202, 503}


@pytest.mark.timeout(180)
async def test_a_standby_says_what_third_parties_sent(
    tmp_path: Path, server: Databases
) -> None:
    """It takes over in the midst; repeats are those that nobody can rule out."""
    numbers, url = range(150), await server.new()
    async with a_crowd(tmp_path, **store_on(url)) as senders:
        town = senders.town
        async with outlived(town.process) as former:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(senders.send(numbers))
                waiting = tasks.create_task(town.start(GATEWAY_PORT="0"))
                await town.logged("store.lock_awaited")
                await senders.have_been_answered(202, 200)
                former.kill()
                await waiting

            repeated = await senders.settle_accounts(numbers)

        print(f"{repeated} said again")  # noqa: T201
