"""All readers of the log, together."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from gateway.bridge.excerpts import Shown
from gateway.bridge.places import Cursor, End, Start
from gateway.bridge.reader import Chunk, Ended, Ping, Reader, Reason
from gateway.bridge.streams import StreamOptions
from gateway.domain.errors import QuotaExceeded, ShuttingDown
from gateway.domain.routing import EVERYTHING, Selection
from tests.fakes.clock import settle
from tests.fakes.places import Places
from tests.fakes.reading_log import ReadLog, reading

FORM = Places()


def opened(log: ReadLog, place: int = 0, key_id: str | None = "key_1") -> Reader:
    """Let somebody read all that follows a place."""
    return log.streams.open(key_id, EVERYTHING, Start(place))


async def told(reader: Reader) -> str:
    """Return the places of what a reader is told next."""
    chunk = await reader.next(FORM)
    assert isinstance(chunk, Chunk)
    return chunk.content.decode().strip()


async def test_what_was_is_told_before_what_is() -> None:
    """The replay ends where the tail begins, and nothing comes twice."""
    log = ReadLog()
    await log.say()
    await log.say()
    async with reading(log):
        reader = opened(log)
        before = await told(reader)
        async with asyncio.TaskGroup() as tasks:
            coming = tasks.create_task(told(reader))
            await settle()
            await log.say()

    assert (before, coming.result()) == ("1 2", "3")


async def test_readers_at_one_place_share_what_is_written() -> None:
    """It is put together once for all who want the same in the same form."""
    log, form = ReadLog(), Places()
    async with reading(log):
        readers = [opened(log) for _ in range(20)]
        other = log.streams.open("key_1", Selection(rooms=("lobby",)), Start(0))
        await log.say()
        chunks = [await reader.next(form) for reader in [*readers, other]]

    contents = {id(c.content) for c in chunks if isinstance(c, Chunk)}
    assert len(contents) == 2
    assert form.joins == 2


async def test_a_few_are_told_of_each_commit_at_once() -> None:
    """No time passes."""
    log = ReadLog()
    async with reading(log), asyncio.TaskGroup() as tasks:
        reader = opened(log)
        for place in ("1", "2", "3"):
            coming = tasks.create_task(told(reader))
            await settle()
            await log.say()
            assert await coming == place


async def test_many_are_told_in_waves() -> None:
    """The first event at once, and what follows soon is gathered up."""
    log = ReadLog(StreamOptions(few=1, wave_s=0.05))
    async with reading(log), asyncio.TaskGroup() as tasks:
        readers = [opened(log) for _ in range(3)]
        first = [tasks.create_task(told(reader)) for reader in readers]
        await settle()
        await log.say()
        assert [await each for each in first] == ["1"] * 3

        then = [tasks.create_task(told(reader)) for reader in readers]
        await settle()
        await log.say()
        await log.say()
        await settle()
        is_early = any(each.done() for each in then)
        await log.clock.advance(0.05)

    assert not is_early
    assert [each.result() for each in then] == ["2 3"] * 3


async def test_a_reader_that_hears_nothing_is_pinged() -> None:
    """With its place, which moves on over what it does not want."""
    log = ReadLog()
    async with reading(log), asyncio.TaskGroup() as tasks:
        reader = log.streams.open(None, Selection(rooms=("other",)), Start(0))
        coming = tasks.create_task(reader.next(FORM))
        await settle()
        await log.say()
        await log.clock.advance(16)

    assert coming.result() == Ping()
    assert reader.cursor == "memory-1"


async def test_a_reader_that_hears_something_is_not_pinged() -> None:
    """Silence is counted from what was written last."""
    log = ReadLog()
    async with reading(log), asyncio.TaskGroup() as tasks:
        reader = opened(log)
        coming = tasks.create_task(reader.next(FORM))
        await log.clock.advance(10)
        reader.writes(log.clock.monotonic())
        reader.writes(None)
        await log.clock.advance(10)
        is_early = coming.done()
        await log.clock.advance(10)

    assert not is_early
    assert coming.result() == Ping()


async def test_a_key_has_so_many_readers_and_others_have_theirs() -> None:
    """Whoever closes one may open another."""
    log = ReadLog(StreamOptions(per_key=2))
    readers = [opened(log), opened(log)]

    with pytest.raises(QuotaExceeded) as refused:
        opened(log)
    opened(log, key_id="key_2")
    log.streams.open("key_1", EVERYTHING, Start(0), is_counted=False)
    readers[0].close()
    readers[0].close()

    assert opened(log).place == 0
    assert refused.value.facts == {"limit": 2}
    assert refused.value.retry_after_s > 0


async def test_a_stop_ends_all_and_lets_nobody_in() -> None:
    """Those who wait hear of it at once."""
    log = ReadLog()
    async with reading(log):
        reader = opened(log)
        log.draining.set()

        assert await reader.next(FORM) == Ended(Reason.SHUTTING_DOWN)
        with pytest.raises(ShuttingDown):
            opened(log)


async def test_a_stop_cuts_off_what_hangs() -> None:
    """After the time for a last word."""
    log = ReadLog()
    cut: list[Reader] = []
    async with reading(log):
        reader = opened(log)
        reader.on_cut = lambda: cut.append(reader)
        reader.writes(log.clock.monotonic())
        log.draining.set()
        await settle()
        at_once = list(cut)
        await log.clock.advance(0.3)

    assert (at_once, cut) == ([], [reader])


async def test_the_tail_is_held_while_somebody_reads_and_a_while_longer() -> None:
    """Readers that come back soon find it; without any, it takes no memory."""
    log = ReadLog()
    async with reading(log):
        opened(log).close()
        await log.clock.advance(50)
        await log.say()
        soon = log.streams.low
        await log.clock.advance(61)

    assert (soon, log.streams.low, log.streams.high) == (0, 1, 1)


async def test_nobody_is_told_of_commits_while_nobody_reads() -> None:
    """Whoever comes then begins at the head, and hears all that follows it."""
    log = ReadLog()
    async with reading(log):
        before = len(log.store.told)
        opened(log).close()
        await log.clock.advance(61)
        after = len(log.store.told)
        await log.say()
        reader = opened(log, 1)
        await log.say()
        heard = await told(reader)

    assert (before, after) == (0, 0)
    assert (log.streams.low, heard) == (1, "2")


async def test_what_was_erased_while_nobody_read_is_not_told() -> None:
    """A chunk that was shared by readers before is not given to those who come then."""
    log = ReadLog()
    async with reading(log):
        first = opened(log)
        message = await log.say("secret")
        before = await first.next(Envelopes())
        first.close()
        await log.clock.advance(61)
        await log.store.messages.erase(message.id)
        after = await opened(log).next(Envelopes())

    assert isinstance(before, Chunk)
    assert isinstance(after, Chunk)
    assert b"secret" in before.content
    assert b"secret" not in after.content


async def test_what_is_erased_is_in_no_chunk_that_is_shared() -> None:
    """Not even if one was put together before."""
    log = ReadLog()
    async with reading(log):
        first, second = opened(log), opened(log)
        message = await log.say("secret")
        form = Envelopes()
        before = await first.next(form)
        await log.store.messages.erase(message.id)
        after = await second.next(form)

    assert isinstance(before, Chunk)
    assert isinstance(after, Chunk)
    assert b"secret" in before.content
    assert b"secret" not in after.content


class Envelopes(Places):
    """Writes what events say."""

    @override
    def joined(self, shown: Sequence[Shown]) -> bytes:
        """Return the envelopes."""
        return b"".join([each.envelope for each in shown])


async def test_where_to_begin_and_to_go_on_is_the_logs_own_affair() -> None:
    """Streams pass it on."""
    log = ReadLog()
    await log.say()
    log.store.history.trim(1)

    assert await log.streams.start(End.LATEST) == Start(1)
    assert await log.streams.start(Cursor("memory", 0)) == Start(0, missed=1)
    assert await log.streams.earliest() == 1
