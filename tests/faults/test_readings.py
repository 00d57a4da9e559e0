"""Readers of the log who are cut off miss nothing and get nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from aiohttp import ClientSession, ClientTimeout, TCPConnector

from tests.faults.accounts import received
from tests.faults.readers import Kind, LogReader, place, the_log
from tests.faults.road import Cut, Road
from tests.faults.tailing import Tail
from tests.faults.town import PATIENCE_S, Json, Town, a_town, clock

RATE = 50


@dataclass
class Audience:
    """A reader of each kind, each on a road of its own, and a command that follows."""

    town: Town
    readers: list[LogReader]
    roads: list[Road]
    tail: Tail

    async def caught_up(self) -> list[Json]:
        """Return the log once all have its end, or come no closer to it."""
        loop = asyncio.get_running_loop()
        log = await the_log(self.town)
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S) as limit:
                while True:
                    got = [*(reader.got for reader in self.readers), self.tail.got]
                    if all(each[-1:] == log[-1:] for each in got):
                        break
                    if sum(map(len, got)) > taken:
                        taken = sum(map(len, got))
                        limit.reschedule(loop.time() + PATIENCE_S)
                    await clock.sleep(0.2)
                    log = await the_log(self.town)
        return log

    def settle(self, log: Sequence[Json]) -> None:
        """Assert that each got the log, once, in its order."""
        assert seqs(log) == list(range(1, len(log) + 1))
        for reader in self.readers:
            assert seqs(reader.got) == seqs(log), reader.kind
            assert reader.got == log, reader.kind
            assert not reader.refusals, reader.kind
            assert all(opening["recovered"] for opening in reader.openings)
        assert seqs(self.tail.taken()) == seqs(log)
        assert self.tail.taken() == log


def seqs(events: Sequence[Json]) -> list[int]:
    """Return the places of events."""
    return [event["seq"] for event in events]


@asynccontextmanager
async def an_audience(
    town: Town, home: Path, chance: Random
) -> AsyncIterator[Audience]:
    """Have somebody of each kind read, and go on reading, for a block."""
    async with AsyncExitStack() as stay:
        http = await stay.enter_async_context(
            ClientSession(
                connector=TCPConnector(force_close=True),
                timeout=ClientTimeout(total=None),
            )
        )
        roads = [
            await stay.enter_async_context(Road(town, chance).open()) for _ in range(4)
        ]
        readers = [
            LogReader(http, lambda road=road: road.url, kind)  # type: ignore[misc]  # of the loop
            for kind, road in zip(Kind, roads[:3], strict=True)
        ]
        tail = Tail(home, roads[3].url)
        stay.push_async_callback(tail.kill)
        await tail.start()
        tasks = await stay.enter_async_context(asyncio.TaskGroup())
        reading = [tasks.create_task(reader.read()) for reader in readers]
        yield Audience(town, readers, roads, tail)
        for each in reading:
            each.cancel()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("cuts", "absence_s"),
    [(15, 5.0), pytest.param(200, 60.0, marks=pytest.mark.long)],
)
async def test_cut_at_random_each_reading_is_the_log(
    tmp_path: Path, cuts: int, absence_s: float
) -> None:
    """Cut off by FIN, by RST and in the middle of an event, at 50 messages/s.

    Once all are away for longer. The command is also killed: only what it had in hand
    it gets again.
    """
    moments = Random(cuts)  # noqa: S311  # the same moments each time
    async with a_town(tmp_path, told=False) as town:
        async with an_audience(town, tmp_path, moments) as audience:
            async with asyncio.TaskGroup() as tasks:
                talking = tasks.create_task(speak(town))
                for turn in range(cuts):
                    for road in audience.roads:
                        await clock.sleep(moments.uniform(0, 0.3))
                        road.cut(moments.choice(list(Cut)))
                    if turn % 5 == 2:
                        await audience.tail.kill()
                        await audience.tail.start()
                    if turn == cuts // 2:
                        await away(audience.roads, absence_s)
                talking.cancel()
            await received(town, len(town.ledger.spoken))
            log = await audience.caught_up()

        audience.settle(log)
        numbers = [
            event["data"]["message"]["n"]
            for event in log
            if event["type"] == "message.received"
        ]
        cut = [road.cuts for road in audience.roads]
        again = len(audience.tail.got) - len(log)
        print(f"{len(log)} events, cuts {cut}, {again} executed again")  # noqa: T201
        assert numbers == list(town.ledger.spoken)
        assert min(cut[:3]) >= cuts // 4
        assert cut[3] > 0


async def speak(town: Town) -> None:
    """Have the peer say numbers until cancelled."""
    number = 0
    while True:
        town.speak(number)
        number += 1
        await clock.sleep(1 / RATE)


async def swept(town: Town, times: int) -> None:
    """Return when the store was swept so often, which is done at each start."""
    async with asyncio.timeout(60):
        while [line["event"] for line in town.lines()].count("store.swept") < times:
            await clock.sleep(0.05)


async def away(roads: Sequence[Road], seconds: float) -> None:
    """Let nobody through for so long."""
    for road in roads:
        road.close()
    await clock.sleep(seconds)
    for road in roads:
        road.is_closed = False


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "kills", [pytest.param(3), pytest.param(50, marks=pytest.mark.long)]
)
async def test_readers_of_a_gateway_that_is_killed_read_on(
    tmp_path: Path, kills: int
) -> None:
    """The log is the same one afterwards: what they have is never taken back."""
    moments = Random(kills)  # noqa: S311  # the same moments each time
    async with a_town(tmp_path, told=False) as town:
        async with an_audience(town, tmp_path, moments) as audience:
            async with asyncio.TaskGroup() as tasks:
                talking = tasks.create_task(town.talk(0, 1_000_000, per_second=RATE))
                for _ in range(kills):
                    await clock.sleep(moments.uniform(0.5, 1.5))
                    await town.kill()
                    await town.start()
                    await town.state("ready")
                talking.cancel()
            await town.statuses()
            log = await audience.caught_up()

        audience.settle(log)
        epochs = {
            opening["head"].rpartition("-")[0]
            for reader in audience.readers
            for opening in reader.openings
        }
        print(f"{len(log)} events over {kills} kills")  # noqa: T201
        assert len(epochs) == 1


@pytest.mark.timeout(120)
async def test_who_was_away_for_too_long_is_told_what_is_missing(
    tmp_path: Path,
) -> None:
    """A stream says how many, a page where to go on; both then have all the rest."""
    async with a_town(tmp_path, told=False) as town, ClientSession() as http:
        for number in range(100):
            town.speak(number)
        await received(town, 100)
        before = await the_log(town)
        page = await town.get("/events?since=earliest&limit=10")
        await town.kill()
        await town.start(GATEWAY_RETENTION_MESSAGES="0.01s")
        await swept(town, times=2)
        await town.state("ready")
        streaming, *paging = (
            LogReader(http, lambda: town.url, kind, cursor=page["next"])
            for kind in (Kind.SSE, Kind.NDJSON, Kind.LONG_POLL)
        )
        after = await the_log(town)
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(streaming.read())
            while streaming.got[-1:] != after[-1:]:
                await clock.sleep(0.02)
            reading.cancel()
        resumed: list[list[Json]] = []
        for reader in paging:
            await reader.visit()
            path = f"/events?after={reader.refusals[0]['earliest']}&limit=1000"
            resumed.append((await town.get(path))["events"])

        gone = after[0]["seq"] - 1 - place(page["next"])
        opening = streaming.openings[0]
        problems = [reader.refusals[0] for reader in paging]
        assert len(before) - place(page["next"]) >= gone > 0
        assert (opening["recovered"], opening["missed"]) == (False, gone)
        assert [streaming.got, *resumed] == [after] * 3
        assert [(each["status"], each["code"]) for each in problems] == [
            (410, "cursor_expired")
        ] * 2
