"""What a gateway says that it owes and has delivered."""

import asyncio
from contextlib import suppress

from aiohttp import ClientError

from tests.faults.town import Json, Town, clock

OPEN = "pending,retrying,in_flight"


async def nothing_open(town: Town, *, patience_s: float = 60) -> None:
    """Return when nothing is owed to anybody any more."""
    async with asyncio.timeout(patience_s):
        while (await town.get(f"/deliveries?status={OPEN}&limit=1"))["deliveries"]:
            await clock.sleep(0.2)


async def received(town: Town, count: int) -> None:
    """Return when the gateway has stored so many messages of the room."""
    async with asyncio.timeout(60):
        while len(await town.received()) < count:
            await clock.sleep(0.1)


async def owed(town: Town, webhook_id: str, count: int) -> None:
    """Return when that many deliveries wait for a webhook."""
    async with asyncio.timeout(60):
        while (await town.get(f"/webhooks/{webhook_id}"))["pending"] < count:
            await clock.sleep(0.2)


async def every_delivery(town: Town, webhook_id: str | None = None) -> list[Json]:
    """Return all deliveries, or all of a webhook, newest first."""
    rows: list[Json] = []
    only = "" if webhook_id is None else f"&webhook={webhook_id}"
    cursor = ""
    while True:
        page = await town.get(f"/deliveries?limit=200{only}{cursor}")
        rows += page["deliveries"]
        if page["next_cursor"] is None:
            return rows
        cursor = f"&cursor={page['next_cursor']}"


async def ended(town: Town, replay_id: str, *, patience_s: float = 60) -> Json:
    """Return a replay once it runs no more; the gateway may be away meanwhile."""
    async with asyncio.timeout(patience_s):
        while True:
            with suppress(ClientError, OSError):
                replay = await town.get(f"/replays/{replay_id}")
                if replay["state"] != "running":
                    return replay
            await clock.sleep(0.1)
