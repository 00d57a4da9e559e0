"""A gateway that is told to stop does so in order."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

from tests.faults.accounts import ended, every_delivery, nothing_open, received
from tests.faults.town import a_town, clock

DUE = 1000
IN_FLIGHT = 8  # To one webhook, by default.
SLOW_S = 0.5


@pytest.mark.timeout(120)
async def test_sigterm_under_load_drains_and_exits_0(tmp_path: Path) -> None:
    """Within 10 s, with every accepted message sent and the room left with 1000."""
    async with a_town(tmp_path) as town:
        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(town.talk(0, 100_000, per_second=100))
            await clock.sleep(1.5)
            began_s = clock.monotonic()

            status = await town.stop()

            took_s = clock.monotonic() - began_s
            talking.cancel()
        await town.start()
        await town.state("ready")
        await town.settle_accounts()

        assert status == 0
        assert took_s < 10
        assert set((await town.statuses()).values()) == {"sent"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("hanging", [False, True], ids=["slow", "hanging"])
async def test_sigterm_with_much_owed_exits_0_and_loses_nothing(
    tmp_path: Path, *, hanging: bool
) -> None:
    """1 000 due to a receiver that takes its time, and a replay to another.

    What was in flight is waited for, but not for ever; the rest waits for the next
    start. Nothing that was answered is sent again.
    """
    arrived: dict[str, Counter[str]] = {"slow": Counter(), "late": Counter()}
    begun, hurry, end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        name = request.path.strip("/")
        if arrived["slow"] and arrived["late"]:
            begun.set()
        arrived[name][request.headers["webhook-id"]] += 1
        if not hurry.is_set():
            if hanging:
                await end.wait()
            await clock.sleep(SLOW_S)
        return web.Response(status=204)

    async with a_town(tmp_path, told=False) as town:
        slow = await town.open("slow", take, types=["load"])
        await town.peer.flood(DUE, to="gateway")
        await received(town, DUE)
        late = await town.open("late", take, types=["load"])
        replay = await town.post(f"/webhooks/{late['id']}/replay", {"only": "missing"})
        await begun.wait()
        pending = (await town.get(f"/webhooks/{slow['id']}"))["pending"]
        began_s = clock.monotonic()

        status = await town.stop()

        took_s = clock.monotonic() - began_s
        hurry.set()
        end.set()
        await town.start()
        await ended(town, replay["id"])
        await nothing_open(town)
        rows = await every_delivery(town)

        print(f"stopped in {took_s:.1f} s with {pending} due")  # noqa: T201
        assert (status, pending > DUE // 2, replay["matched"]) == (0, True, DUE)
        assert took_s < 10
        assert [row["status"] for row in rows] == ["delivered"] * 2 * DUE
        for counted in arrived.values():
            again = counted.total() - DUE
            assert (len(counted), 0 <= again <= hanging * IN_FLIGHT) == (DUE, True)


@pytest.mark.timeout(60)
async def test_a_second_gateway_on_the_same_data_waits_and_gives_up(
    tmp_path: Path,
) -> None:
    """It says who holds the data directory, and exits 1."""
    async with a_town(tmp_path) as town:
        holder = town.process
        town.url = ""

        with pytest.raises(AssertionError, match=f"pid {holder.pid}"):
            await town.start(GATEWAY_LOCK_WAIT="1s")

        status = town.process.returncode
        town._process = holder
        assert status == 1
