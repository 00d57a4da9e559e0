"""A gateway that is killed among receivers that fail owes each of them the rest."""

from pathlib import Path
from random import Random

import pytest

from tests.faults.accounts import ended, nothing_open
from tests.faults.crowd import Crowd, kill_at_random
from tests.faults.town import a_town

PAST = 400


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "kills", [pytest.param(5), pytest.param(200, marks=pytest.mark.long)]
)
async def test_kill_9_loses_no_delivery_and_no_order(
    tmp_path: Path, kills: int
) -> None:
    """Killed at random moments, with receivers that fail three times in ten.

    Each gets each event, in order where it asked for that, and one again only if it was
    in flight at a kill; who asked is answered once, and a replay goes through the past
    once.
    """
    moments = Random(kills)  # noqa: S311  # the same moments each time
    async with a_town(tmp_path) as town:
        crowd = Crowd(town, moments)
        await crowd.settle_in()
        await crowd.remember(PAST)
        await kill_at_random(town, crowd, kills, moments)
        await ended(town, crowd.replays[-1]["id"], patience_s=300)
        await nothing_open(town, patience_s=600)
        await town.settle_accounts()

        repeats = await crowd.settle_accounts()

        total = {name: len(door.taken) for name, door in crowd.doors.items()}
        print(f"{kills} kills; events {total}, taken again {repeats}")  # noqa: T201
        assert max(repeats.values()) <= 16 * kills
