"""`GET /events` over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.api import events as routes
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller, calling
from tests.fakes.event_source import streaming
from tests.fakes.reading_log import ReadLog, reading

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"


@asynccontextmanager
async def serving(log: ReadLog) -> AsyncIterator[Caller]:
    """Serve a log, and give somebody to call it."""
    bridge = Bridge()
    routers = (routes.router(log.streams, log.clock, bridge.meter),)
    async with reading(log):
        services = bridge.services(routers=routers, draining=log.draining)
        async with calling(services) as call:
            yield call


async def test_a_stream_tells_of_what_happens_from_now_on() -> None:
    """What was before is not repeated unless somebody asks for it."""
    log = ReadLog()
    await log.say("before")
    async with serving(log) as call, streaming(f"{call.url}/events") as source:
        opened = await source.next()
        await log.say("now")
        heard = await source.next()

    assert opened.event == "stream.open"
    assert opened.json == {"head": "memory-1", "recovered": True, "missed": 0}
    assert (heard.id, heard.event) == ("memory-2", "message.received")
    assert heard.json["data"]["message"] == {"text": "now"}
