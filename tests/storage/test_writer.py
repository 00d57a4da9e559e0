"""The one writer and its groups."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gateway.domain.errors import ShuttingDown, StoreUnavailable
from gateway.storage import head
from gateway.storage.batch import Batch
from gateway.storage.engine import CommitFailed
from gateway.storage.writer import CHECKS, GROUP, Writer
from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeMeter
from tests.storage.failing import FaultyChannel, outage
from tests.storage.opening import a_channel

T = TypeVar("T")


class Desk:
    """A writer at work on a faulty channel, and what it was told to write."""

    def __init__(self, channel: FaultyChannel, taken: head.Head) -> None:
        self.channel = channel
        self.meter = FakeMeter()
        self.clock = FakeClock()
        self.writer = Writer(channel, taken, self.clock, self.meter)

    def write(self, name: str) -> asyncio.Future[int]:
        """Write a name; the result is the place it takes in the log."""
        places: list[int] = []

        def stage(batch: Batch) -> None:
            places.append(batch.next_seq())
            batch.do(lambda connection: insert(connection, name))

        return self.writer.ask(stage, lambda: places[-1])

    async def names(self) -> list[str]:
        """Return what is committed, in order."""
        query = text("SELECT name FROM fact ORDER BY rowid")
        rows = await self.channel.inner.transact(
            lambda c: c.execute(query).scalars().all()
        )
        return list(rows)


def insert(connection: Connection, name: str) -> None:
    """Insert a row whose name must be new."""
    connection.execute(
        text("INSERT INTO fact (name, value) VALUES (:name, '')"), {"name": name}
    )


def remove(connection: Connection, name: str) -> None:
    """Remove a row."""
    connection.execute(text("DELETE FROM fact WHERE name = :name"), {"name": name})


@asynccontextmanager
async def a_desk(path: Path) -> AsyncIterator[Desk]:
    """Have a writer run for the time of a block."""
    async with a_channel(path) as inner:
        channel = FaultyChannel(inner)
        taken = await inner.transact(head.take)
        desk = Desk(channel, taken)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(desk.writer.run())
            try:
                yield desk
            finally:
                desk.writer.close()


async def test_what_comes_together_is_committed_together(tmp_path: Path) -> None:
    """Many operations of one moment take one transaction, in their order."""
    async with a_desk(tmp_path) as desk:
        places = await asyncio.gather(*(desk.write(f"{n}") for n in range(GROUP)))

        assert desk.channel.transactions == 1
        assert places == list(range(1, GROUP + 1))
        assert await desk.names() == [f"{n}" for n in range(GROUP)]


async def test_a_group_has_a_limit(tmp_path: Path) -> None:
    """No operation waits for more than a group of others."""
    async with a_desk(tmp_path) as desk:
        await asyncio.gather(*(desk.write(f"{n}") for n in range(GROUP + 1)))

        assert desk.channel.transactions == 2


async def test_places_stay_dense_over_a_failure(tmp_path: Path) -> None:
    """A commit that failed takes no place in the log."""
    async with a_desk(tmp_path) as desk:
        first = await desk.write("1")
        desk.channel.before.append(outage())
        with pytest.raises(StoreUnavailable):
            await desk.write("2")
        third = await desk.write("3")

    assert (first, third) == (1, 2)


async def test_one_that_cannot_be_written_harms_no_other(tmp_path: Path) -> None:
    """Its neighbours are committed without it; it gets the error it is."""
    async with a_desk(tmp_path) as desk:
        results = await asyncio.gather(
            desk.write("1"),
            desk.write("1"),
            desk.write("2"),
            return_exceptions=True,
        )

        assert (results[0], results[2]) == (1, 2)
        assert isinstance(results[1], IntegrityError)
        assert await desk.names() == ["1", "2"]


async def test_a_bug_in_an_operation_goes_to_whoever_asked_for_it(
    tmp_path: Path,
) -> None:
    """An operation that raises while it is staged fails alone."""

    def stage(_batch: Batch) -> None:
        raise ZeroDivisionError

    async with a_desk(tmp_path) as desk:
        broken = desk.writer.submit(stage)
        whole = desk.write("1")

        assert await whole == 1
        with pytest.raises(ZeroDivisionError):
            await broken


async def test_an_outage_fails_the_group_and_not_the_next(tmp_path: Path) -> None:
    """Everyone in the group is told to try again; the next group may succeed."""
    async with a_desk(tmp_path) as desk:
        desk.channel.before.append(outage())
        results = await asyncio.gather(
            desk.write("1"), desk.write("2"), return_exceptions=True
        )
        was_failing = desk.writer.is_failing
        await desk.write("3")

        assert [type(result) for result in results] == [StoreUnavailable] * 2
        assert was_failing
        assert not desk.writer.is_failing
        assert await desk.names() == ["3"]
        assert len(desk.meter.named("store.failed")) == 1
        assert len(desk.meter.named("store.recovered")) == 1


async def test_what_waits_behind_an_outage_fails_with_it(tmp_path: Path) -> None:
    """Nothing submitted before a failure is stored after it: a retry keeps order."""
    async with a_desk(tmp_path) as desk:
        desk.channel.before.append(outage())
        waiting = [desk.write(f"{n}") for n in range(GROUP + 2)]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        await desk.write("later")

        assert {type(result) for result in results} == {StoreUnavailable}
        assert await desk.names() == ["later"]


async def test_an_outage_among_those_written_one_by_one_ends_the_rest(
    tmp_path: Path,
) -> None:
    """Those before it are stored, those behind it fail with it."""
    async with a_desk(tmp_path) as desk:
        desk.channel.before = [None, None, None, outage()]
        results = await asyncio.gather(
            desk.write("1"),
            desk.write("1"),
            desk.write("2"),
            desk.write("3"),
            return_exceptions=True,
        )

        assert results[0] == 1
        assert isinstance(results[1], IntegrityError)
        assert [type(result) for result in results[2:]] == [StoreUnavailable] * 2
        assert await desk.names() == ["1"]


async def test_a_commit_that_failed_but_took_effect_is_a_success(
    tmp_path: Path,
) -> None:
    """Before anybody is told of a failure, the store is asked what it has."""
    async with a_desk(tmp_path) as desk:
        desk.channel.after.append(CommitFailed())

        assert await desk.write("1") == 1
        assert await desk.write("2") == 2
        assert await desk.names() == ["1", "2"]


async def test_a_commit_that_failed_without_effect_is_a_failure(tmp_path: Path) -> None:
    """When the store does not have it, nothing was accepted."""
    async with a_desk(tmp_path) as desk:
        desk.channel.before.append(CommitFailed())

        with pytest.raises(StoreUnavailable):
            await desk.write("1")
        assert await desk.write("2") == 1


async def test_a_commit_nobody_can_tell_of_costs_no_place_in_the_log(
    tmp_path: Path,
) -> None:
    """After an outage that hid a commit, places go on behind what it took."""
    async with a_desk(tmp_path) as desk:
        desk.channel.after.append(CommitFailed())
        desk.channel.before = [None, *(outage() for _ in range(CHECKS))]
        hidden = desk.write("1")
        await desk.clock.advance(0)
        while not hidden.done():
            await desk.clock.advance(1)

        with pytest.raises(StoreUnavailable):
            await hidden
        assert await desk.write("2") == 2


async def test_what_follows_from_a_hidden_commit_is_done_late(tmp_path: Path) -> None:
    """Once it is known that it took effect, memory follows, and who is owed is told."""
    async with a_desk(tmp_path) as desk:
        followed: list[str] = []
        desk.writer.on_owed(followed.extend)

        def stage(batch: Batch) -> None:
            batch.owed["wh_1"] = None
            batch.then.append(lambda: followed.append("then"))

        desk.channel.after.append(CommitFailed())
        desk.channel.before = [None, *(outage() for _ in range(CHECKS))]
        hidden = desk.writer.submit(stage)
        await desk.clock.advance(0)
        while not hidden.done():
            await desk.clock.advance(1)
        before = list(followed)

        await desk.write("2")

        assert isinstance(hidden.exception(), StoreUnavailable)
        assert (before, followed) == ([], ["then", "wh_1"])


async def test_what_a_hidden_commit_stored_is_undone_by_the_next(
    tmp_path: Path,
) -> None:
    """By the next that succeeds; nothing is undone of what did not fail."""
    async with a_desk(tmp_path) as desk:

        def stage(batch: Batch) -> None:
            batch.do(lambda connection: insert(connection, "hidden"))
            batch.undo.append(lambda connection: remove(connection, "hidden"))

        desk.channel.after.append(CommitFailed())
        desk.channel.before = [None, *(outage() for _ in range(CHECKS)), None, outage()]
        hidden = desk.writer.submit(stage)
        await desk.clock.advance(0)
        while not hidden.done():
            await desk.clock.advance(1)
        with pytest.raises(StoreUnavailable):
            await desk.write("failed")
        during = await desk.names()

        await desk.writer.decide()
        after = await desk.names()
        await desk.writer.submit(stage)
        await desk.write("later")

        assert isinstance(hidden.exception(), StoreUnavailable)
        assert (during, after) == (["hidden"], [])
        assert await desk.names() == ["hidden", "later"]


async def test_a_writer_that_was_replaced_stops_writing(tmp_path: Path) -> None:
    """Once another owner has the log, nothing more is written, and it is known."""
    async with a_desk(tmp_path) as desk:
        await desk.channel.inner.transact(head.take)

        with pytest.raises(StoreUnavailable):
            await desk.write("1")
        with pytest.raises(StoreUnavailable):
            await desk.write("2")

        assert desk.writer.lost.done()
        assert await desk.names() == []
        assert len(desk.meter.named("store.lost")) == 1


async def test_a_commit_without_an_answer_is_no_success_of_a_writer_replaced(
    tmp_path: Path,
) -> None:
    """The turns of whoever has the log now say nothing about it."""
    async with a_desk(tmp_path) as desk:
        await desk.channel.inner.transact(head.take)
        desk.channel.before.append(CommitFailed())

        with pytest.raises(StoreUnavailable):
            await desk.write("1")

        assert desk.writer.lost.done()
        assert await desk.names() == []


async def test_a_writer_that_is_told_it_lost_takes_no_more(tmp_path: Path) -> None:
    """What waits is refused at once, and so is what comes."""
    async with a_desk(tmp_path) as desk:
        waiting = desk.write("1")
        desk.writer.lose()

        with pytest.raises(StoreUnavailable):
            await waiting
        with pytest.raises(StoreUnavailable):
            await desk.write("2")
        assert len(desk.meter.named("store.lost")) == 1


async def test_closing_commits_what_was_submitted(tmp_path: Path) -> None:
    """What was submitted before is committed, what comes after is refused."""
    async with a_desk(tmp_path) as desk:
        before = [desk.write(f"{n}") for n in range(3)]
        desk.writer.close()
        late = desk.write("late")

        await asyncio.gather(*before)
        with pytest.raises(ShuttingDown):
            await late
        assert await desk.names() == ["0", "1", "2"]


async def test_whoever_no_longer_waits_is_no_trouble(tmp_path: Path) -> None:
    """A caller that was cancelled does not keep its group from being told."""
    async with a_desk(tmp_path) as desk:
        cancelled = desk.write("1")
        cancelled.cancel()

        assert await desk.write("2") == 2
        assert await desk.names() == ["1", "2"]


async def test_a_writer_that_is_cut_short_leaves_nobody_waiting(
    tmp_path: Path,
) -> None:
    """Cancelled in a commit, it gives no answer there and a refusal behind it."""
    async with a_channel(tmp_path) as inner:
        taken = await inner.transact(head.take)
        desk = Desk(FaultyChannel(inner), taken)
        group = [desk.write(f"{n}") for n in range(GROUP + 1)]
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(desk.writer.run())
            await desk.clock.sleep(0)
            running.cancel()

    assert all(one.cancelled() for one in group[:GROUP])
    assert isinstance(group[GROUP].exception(), ShuttingDown)


async def test_those_who_are_owed_something_are_named_once(tmp_path: Path) -> None:
    """After a commit, each webhook that is owed something is named once."""
    woken: list[list[str]] = []

    def stage(batch: Batch) -> None:
        batch.owed["wh_1"] = None

    async with a_desk(tmp_path) as desk:
        desk.writer.on_owed(lambda ids: woken.append(list(ids)))
        await asyncio.gather(desk.writer.submit(stage), desk.writer.submit(stage))

    assert woken == [["wh_1"]]
