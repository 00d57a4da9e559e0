"""A gateway that is killed loses nothing that it accepted and nothing that it heard."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from tests.faults.town import a_town, clock


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "kills", [pytest.param(3), pytest.param(200, marks=pytest.mark.long)]
)
async def test_kill_9_under_load_loses_nothing(tmp_path: Path, kills: int) -> None:
    """Killed at random moments: accepted is sent or unknown, heard is delivered."""
    moments = Random(kills)  # noqa: S311  # the same moments each time
    async with a_town(tmp_path) as town:
        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(town.talk(0, 100_000, per_second=50))
            for _ in range(kills):
                await clock.sleep(moments.uniform(0.3, 1.5))
                await town.kill()
                await town.start()
                await town.state("ready")
            talking.cancel()
        await town.settle_accounts()

        statuses = await town.statuses()

        assert sum(status == "sent" for status in statuses.values()) > 10 * kills
        assert len(town.ledger.events("room.gap")) == kills
