"""Readers of the log by the hundred, some of which do not read."""

import asyncio
import resource
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from statistics import median

import pytest
from aiohttp import ClientSession, ClientTimeout, TCPConnector

from tests.faults.readers import Kind, LogReader, the_log
from tests.faults.streams import Stream, resident_bytes, streams
from tests.faults.town import Json, Town, a_town, clock

FILES = 4096
READERS = 50
RATE = 100
PADDING = "x" * 2000
KIB = 1024
MIB = 1024**2


async def speak(town: Town, count: int) -> None:
    """Have the peer say so much, at a rate, each with its moment and some length.

    It returns once the gateway has stored all of it.
    """
    moments: list[float] = []

    def compose(number: int) -> Json:
        moments.append(clock.monotonic())
        return {"n": number, "t": moments[-1], "padding": PADDING}

    await town.peer.flood(count, to="gateway", compose=compose, per_second=RATE)
    async with asyncio.timeout(60):
        while True:
            page = await town.get("/messages?direction=in&limit=1")
            if [each["message"]["t"] for each in page["messages"]] == moments[-1:]:
                return
            await clock.sleep(0.05)


async def at_the_head(town: Town, readers: Sequence[Stream]) -> int:
    """Return the last place of the log once all readers have had it."""
    last: int = (await the_log(town))[-1]["seq"]
    async with asyncio.timeout(60):
        while any(reader.places[-1:] != [last] for reader in readers):
            await clock.sleep(0.05)
    return last


def late(readers: Sequence[Stream]) -> float:
    """Return how late the latest 1 % came, in seconds, and forget all."""
    found = sorted(chain.from_iterable(reader.late_s for reader in readers))
    for reader in readers:
        reader.late_s.clear()
    return found[len(found) * 99 // 100]


def assert_whole(reader: Stream) -> None:
    """Assert that what it got has no gap, and nothing twice."""
    places = reader.places
    assert places == list(range(places[0], places[0] + len(places)))


@pytest.mark.timeout(120)
async def test_sigterm_closes_every_reading_in_order(tmp_path: Path) -> None:
    """200 of all kinds are told, those who do not read are left; exit 0 within 10 s."""
    async with (
        a_town(tmp_path, told=False, GATEWAY_STREAMS_PER_KEY="300") as town,
        ClientSession(
            connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None)
        ) as http,
        streams(town, 10, is_asleep=True),
    ):
        await speak(town, 200)
        cursor = (await town.get("/events"))["next"]
        readers = [
            LogReader(http, lambda: town.url, kind, cursor=cursor)
            for kind in (*[Kind.SSE] * 70, *[Kind.NDJSON] * 65, *[Kind.LONG_POLL] * 65)
        ]
        async with asyncio.TaskGroup() as tasks:
            for reader in readers:
                tasks.create_task(reader.visit())
            async with asyncio.timeout(60):
                while not all(reader.openings for reader in readers[:135]):
                    await clock.sleep(0.05)
            began_s = clock.monotonic()

            status = await town.stop()

            took_s = clock.monotonic() - began_s

        print(f"stopped in {took_s:.1f} s")  # noqa: T201
        assert status == 0
        assert took_s < 10
        # Whoever asked too late to be heard out is told why.
        refusals = [refusal for reader in readers[135:] for refusal in reader.refusals]
        assert {refusal["code"] for refusal in refusals} <= {"shutting_down"}
        for reader in readers[:135]:
            assert not reader.refusals
            assert [each["reason"] for each in reader.closings] == ["shutting_down"]
        assert {reader.cursor for reader in readers[135:]} == {cursor}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "count", [pytest.param(500), pytest.param(2000, marks=pytest.mark.long)]
)
async def test_idle_streams_cost_little(tmp_path: Path, count: int) -> None:
    """Some memory each; and who sends meanwhile hardly notices."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))
    numbers = iter(range(1000))

    async def sends(town: Town) -> float:
        took_s: list[float] = []
        for _ in range(50):
            began_s = clock.monotonic()
            await town.say(next(numbers))
            took_s.append(clock.monotonic() - began_s)
        return median(took_s)

    async with a_town(tmp_path, told=False, GATEWAY_STREAMS_PER_KEY="5000") as town:
        await sends(town)
        alone_s = await sends(town)
        before = resident_bytes(town.process.pid)
        async with streams(town, count, query="events=room.gap") as idle:
            each = (resident_bytes(town.process.pid) - before) / count
            beside_s = await sends(town)

            assert not any(stream.ended.is_set() for stream in idle)
        print(  # noqa: T201
            f"{count} streams: {each / KIB:.1f} KiB each; a send takes"
            f" {beside_s / alone_s:.1f} of {alone_s * 1000:.1f} ms"
        )
        assert each < 100 * KIB
        assert beside_s < 10 * alone_s
        assert set((await town.statuses()).values()) == {"sent"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "seconds", [pytest.param(6), pytest.param(60, marks=pytest.mark.long)]
)
async def test_who_does_not_read_harms_nobody_and_misses_nothing(
    tmp_path: Path, seconds: int
) -> None:
    """50 who do not read beside 50 who do, at 100 events/s.

    After half a minute they are closed. Who reads at last gets the rest, or comes back
    for it.
    """
    async with (
        a_town(tmp_path, told=False, GATEWAY_STREAMS_PER_KEY="300") as town,
        streams(town, READERS) as healthy,
    ):
        await speak(town, 300)
        await at_the_head(town, healthy)
        late(healthy)
        await speak(town, 300)
        await at_the_head(town, healthy)
        alone_s = late(healthy)
        before = resident_bytes(town.process.pid)
        async with streams(town, READERS, is_asleep=True) as asleep:
            await speak(town, seconds * RATE)
            last = await at_the_head(town, healthy)
            beside_s = late(healthy)
            grew = resident_bytes(town.process.pid) - before
            lines = town.lines()
            lagged = sum(line.get("reason") == "lagged" for line in lines)
            for stream in asleep:
                stream.wake()
            async with asyncio.timeout(60):
                while any(
                    stream.places[-1:] != [last] and not stream.ended.is_set()
                    for stream in asleep
                ):
                    await clock.sleep(0.05)

        print(  # noqa: T201
            f"healthy p99: {beside_s / alone_s:.2f} of {alone_s * 1000:.0f} ms;"
            f" {grew / MIB:.1f} MiB more, {lagged} closed"
        )
        for stream in (*healthy, *asleep):
            assert_whole(stream)
        await assert_the_rest_is_there(town, asleep[0], last)
        assert lagged == (READERS if seconds > 40 else 0)
        assert beside_s < 2 * alone_s + 1.0
        assert grew < READERS * MIB


async def assert_the_rest_is_there(town: Town, stream: Stream, last: int) -> None:
    """Assert that who comes back to where a stream ended gets what follows."""
    page = await town.get(f"/events?after={stream.cursor}&limit=1000")
    found = [event["seq"] for event in page["events"]]
    following = range(stream.places[-1] + 1, last + 1)
    assert found == list(following)[:1000]
