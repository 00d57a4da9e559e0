"""A log in memory, served over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.api import events as routes
from tests.fakes.bridge import Bridge, LineMeter
from tests.fakes.caller import Caller, calling
from tests.fakes.clock import settle
from tests.fakes.reading_log import ReadLog, reading


@asynccontextmanager
async def serving(
    log: ReadLog, meter: LineMeter | None = None
) -> AsyncIterator[Caller]:
    """Serve a log, and give somebody to call it."""
    bridge = Bridge()
    routers = (routes.router(log.streams, log.clock, meter or bridge.meter),)
    async with reading(log):
        services = bridge.services(routers=routers, draining=log.draining)
        async with calling(services) as call:
            yield call


async def readers(log: ReadLog, count: int) -> None:
    """Return once that many read, and wait for what follows."""
    async with asyncio.timeout(15):
        while len(log.streams) != count:
            await settle(1)
    await settle()
