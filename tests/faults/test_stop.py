"""A gateway that is told to stop does so in order."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.town import a_town, clock


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
