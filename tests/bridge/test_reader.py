"""One reader of the log, and how it is treated."""

import asyncio

from gateway.bridge.excerpts import Size
from gateway.bridge.places import Start
from gateway.bridge.reader import Chunk, Ended, Reader, Reason
from gateway.bridge.streams import StreamOptions
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import EventType
from gateway.domain.routing import EVERYTHING, Selection
from tests.fakes.clock import settle
from tests.fakes.places import Places
from tests.fakes.reading_log import ReadLog, reading

FORM = Places()
PAGE = Size(100, 10**6)
MESSAGES = Selection(events=("message.received",))


def opened(log: ReadLog, wanted: Selection = EVERYTHING, place: int = 0) -> Reader:
    """Let somebody read."""
    return log.streams.open("key_1", wanted, Start(place))


async def test_it_counts_what_it_was_given_and_knows_where_it_is() -> None:
    """As its log line will say."""
    log = ReadLog()
    async with reading(log):
        reader = opened(log)
        await log.say()
        await log.say()
        await reader.next(FORM)

    assert (reader.events, reader.cursor, reader.head) == (2, "memory-2", "memory-2")


async def test_a_page_has_what_is_there() -> None:
    """It does not wait for more."""
    log = ReadLog()
    await log.say()
    await log.happen(EventType.ROOM_CONNECTED)
    await log.say()
    async with reading(log):
        page = await opened(log, MESSAGES).gather(PAGE)

    assert ([each.event.seq for each in page.shown], page.upto) == ([1, 3], 3)


async def test_an_empty_page_waits_for_something_wanted() -> None:
    """What is not wanted moves its place on and no more."""
    log = ReadLog()
    async with reading(log), asyncio.TaskGroup() as tasks:
        reader = opened(log, MESSAGES)
        coming = tasks.create_task(reader.gather(PAGE))
        await settle()
        await log.happen(EventType.ROOM_CONNECTED)
        await settle()
        is_early = coming.done()
        await log.say()
    page = coming.result()

    assert not is_early
    assert ([each.event.seq for each in page.shown], reader.place) == ([2], 2)


async def test_an_ended_reader_gives_the_page_that_there_is() -> None:
    """Empty, if need be, and with its place."""
    log = ReadLog()
    async with reading(log), asyncio.TaskGroup() as tasks:
        reader = opened(log, MESSAGES)
        coming = tasks.create_task(reader.gather(PAGE))
        await settle()
        await log.happen(EventType.ROOM_CONNECTED)
        await settle()
        reader.end(Reason.TIME_IS_UP)
    page = coming.result()

    assert (list(page.shown), page.upto) == ([], 1)


async def test_the_first_reason_to_end_counts() -> None:
    """A connection that goes at a stop was stopped."""
    log = ReadLog()
    async with reading(log):
        reader = opened(log)
        reader.end(Reason.SHUTTING_DOWN)
        reader.end(Reason.GONE)

        assert await reader.next(FORM) == Ended(Reason.SHUTTING_DOWN)
    assert reader.reason is Reason.SHUTTING_DOWN


async def test_a_store_that_cannot_be_read_ends_it() -> None:
    """It may come back to where it was."""
    log = ReadLog()
    await log.say()
    log.store.history.error = StoreUnavailable("The store cannot be read.")
    async with reading(log):
        reader = opened(log)

        assert await reader.next(FORM) == Ended(Reason.STORE_UNAVAILABLE)
    assert reader.cursor == "memory-0"


async def test_a_write_that_hangs_is_cut_off() -> None:
    """Nobody else waits for it, and it does not wait for ever."""
    log = ReadLog(StreamOptions(lag_s=30))
    cut = asyncio.Event()
    async with reading(log):
        reader = opened(log)
        reader.on_cut = cut.set
        reader.writes(log.clock.monotonic())
        await log.clock.advance(29)
        is_early = cut.is_set()
        await log.clock.advance(2)

    assert (is_early, cut.is_set(), reader.reason) == (False, True, Reason.LAGGED)


async def test_a_write_is_cut_off_once() -> None:
    """However long it takes to notice, and whatever comes besides."""
    log = ReadLog()
    cuts: list[Reader] = []
    async with reading(log):
        reader = opened(log)
        reader.on_cut = lambda: cuts.append(reader)
        reader.writes(log.clock.monotonic())
        await log.clock.advance(33)
        reader.cut(Reason.SHUTTING_DOWN)

    assert cuts == [reader]


async def test_a_reader_that_stays_behind_the_tail_lags() -> None:
    """It was at the head once, and reads from the store for too long since."""
    log = ReadLog(StreamOptions(lag_s=30, tail_events=2))
    async with reading(log):
        reader = await one_that_was_at_the_head(log)
        for _ in range(5):
            await log.say()
        await log.clock.advance(20)
        before = reader.reason
        await log.clock.advance(20)

        assert await reader.next(FORM) == Ended(Reason.LAGGED)
    assert before is None


async def test_a_reader_that_catches_up_does_not_lag() -> None:
    """Time counts anew when it falls behind again."""
    log = ReadLog(StreamOptions(lag_s=30, tail_events=2))
    async with reading(log):
        reader = await one_that_was_at_the_head(log)
        for _ in range(3):
            for _ in range(5):
                await log.say()
            await log.clock.advance(20)
            while reader.place < log.streams.high:
                await reader.next(FORM)
            await log.clock.advance(5)

    assert reader.reason is None


async def test_a_replay_may_take_its_time() -> None:
    """Who begins far back is not behind: it was never at the head."""
    log = ReadLog(StreamOptions(lag_s=30, tail_events=2))
    async with reading(log):
        reader = opened(log)
        for _ in range(5):
            await log.say()
        await log.clock.advance(40)

    assert reader.reason is None


async def one_that_was_at_the_head(log: ReadLog) -> Reader:
    """Return a reader that waited there, and does not now."""
    reader = opened(log)
    async with asyncio.TaskGroup() as tasks:
        coming = tasks.create_task(reader.next(FORM))
        await settle()
        await log.say()
    assert isinstance(coming.result(), Chunk)
    return reader
