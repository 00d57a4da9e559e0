"""Following a log as a gateway really serves it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice

from gateway.api import events as routes
from gateway.cli.calling import Gateway
from gateway.cli.following import Follower, World
from gateway.cli.frames import Frame
from tests.fakes.bridge import KEY, Bridge
from tests.fakes.caller import calling
from tests.fakes.reading_log import ReadLog, reading

PATIENCE_S = 10.0


class Told:
    """What a follower told a person."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def follower(self, url: str, **place: str) -> Follower:
        """Return a follower of messages that does not wait between attempts."""
        world = World(self.told.append, lambda _: None)
        since = place.get("since", "latest")
        query = {"events": "message.*", "from": "alice"}
        return Follower(
            Gateway(url, KEY),
            query,
            since=since,
            world=world,
            cursor=place.get("cursor"),
        )


@asynccontextmanager
async def served(log: ReadLog) -> AsyncIterator[str]:
    """Serve a log, and give the gateway's address."""
    bridge = Bridge()
    routers = (routes.router(log.streams, log.clock, bridge.meter),)
    async with reading(log), asyncio.timeout(PATIENCE_S):
        services = bridge.services(routers=routers, draining=log.draining)
        async with calling(services) as call:
            yield call.url


def texts(frames: Iterator[Frame], count: int) -> list[str]:
    """Return what the next messages say."""
    events = (each for each in frames if not each.type.startswith("stream."))
    return [
        json.loads(each.data)["data"]["message"]["text"]
        for each in islice(events, count)
    ]


async def test_what_happens_is_heard_in_order() -> None:
    """What was before it began is not, and what it did not ask for is not."""
    log, told = ReadLog(), Told()
    await log.say("before")
    async with served(log) as url:
        frames = told.follower(url).frames()
        opening = await asyncio.to_thread(next, frames)
        await log.say("one")
        await log.say("no", name="bob")
        await log.say("two")

        heard = await asyncio.to_thread(texts, frames, 2)
        await asyncio.to_thread(frames.close)

    assert (opening.type, opening.cursor) == ("stream.open", log.cursor(1))
    assert heard == ["one", "two"]
    assert told.told == []


async def test_it_goes_on_from_the_place_of_an_opening_or_an_event() -> None:
    """Each frame's place can be kept, and given the next time."""
    log, told = ReadLog(), Told()
    for text in ("one", "two", "three"):
        await log.say(text)
    async with served(log) as url:
        frames = told.follower(url, since="earliest").frames()
        opening = await asyncio.to_thread(next, frames)
        first = await asyncio.to_thread(next, frames)
        await asyncio.to_thread(frames.close)
        assert opening.cursor is not None
        assert first.cursor is not None

        all_over = told.follower(url, cursor=opening.cursor).frames()
        the_rest = told.follower(url, cursor=first.cursor).frames()
        heard = [
            await asyncio.to_thread(texts, all_over, 3),
            await asyncio.to_thread(texts, the_rest, 2),
        ]
        await asyncio.to_thread(all_over.close)
        await asyncio.to_thread(the_rest.close)

    assert heard == [["one", "two", "three"], ["two", "three"]]
    assert told.told == []


async def test_a_place_of_another_log_is_told() -> None:
    """And the reading goes on with all that this one holds."""
    log, told = ReadLog(), Told()
    await log.say("one")
    async with served(log) as url:
        frames = told.follower(url, cursor="gone-7").frames()

        heard = await asyncio.to_thread(texts, frames, 1)
        await asyncio.to_thread(frames.close)

    assert heard == ["one"]
    assert len(told.told) == 1
    assert "missing" in told.told[0]
