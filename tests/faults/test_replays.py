"""A replay that is cut short, again and again, goes through the whole past once."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from tests.faults.accounts import ended, every_delivery, received
from tests.faults.town import Town, a_town, clock

EVENTS = 1500


async def speak(town: Town) -> None:
    """Have the gateway receive so many messages, and store them."""
    for number in range(EVENTS):
        town.speak(number)
        await clock.sleep(0.001)
    await received(town, EVENTS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "kills", [pytest.param(4), pytest.param(20, marks=pytest.mark.long)]
)
async def test_kill_9_neither_leaves_out_nor_repeats(
    tmp_path: Path, kills: int
) -> None:
    """Killed at random moments, it makes one delivery of each event."""
    moments = Random(kills)  # noqa: S311  # the same moments each time
    arrived: Counter[str] = Counter()

    async def take(request: web.Request) -> web.Response:
        arrived[request.headers["webhook-id"]] += 1
        await clock.sleep(0.005)  # or it is over before it can be killed
        return web.Response(status=204)

    async with a_town(tmp_path) as town:
        await speak(town)
        late = await town.open("late", take, events=["message.received"])
        begun = await town.post(f"/webhooks/{late['id']}/replay", {"only": "missing"})
        for _ in range(kills):
            await clock.sleep(moments.uniform(0.02, 0.5))
            await town.kill()
            await town.start()
        replay = await ended(town, begun["id"])
        rows = await every_delivery(town, late["id"])
        made = Counter(row["event_id"] for row in rows)

    assert (begun["matched"], len(made)) == (EVENTS, EVENTS)
    assert set(made.values()) == {1}
    assert (replay["state"], replay["created"]) == ("done", EVENTS)
    assert replay["delivered"] == EVENTS
    assert made.keys() == arrived.keys()
    # Only what was in flight at a kill comes again, or was answered and not yet stored.
    assert arrived.total() <= EVENTS + (8 + 8) * kills
