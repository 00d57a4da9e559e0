"""Waiting for a database that can't be reached."""

import asyncio
from random import Random

import pytest

from gateway.storage.engine import CommitFailed
from gateway.storage.retrying import LONGEST_WAIT_S, Insistence
from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeMeter


class Database:
    """Fails as often as it is told, and counts how often it was asked."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked = 0

    async def answer(self) -> str:
        """Answer, or fail."""
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return "here"


def insistence(clock: FakeClock, meter: FakeMeter) -> Insistence:
    """Return one whose jitter can be repeated."""
    return Insistence(clock, Random(1), meter)  # noqa: S311  # A test's own jitter.


async def test_what_works_is_done_once_and_not_told_of() -> None:
    """Nobody hears of a database that answers."""
    meter, database = FakeMeter(), Database()

    assert await insistence(FakeClock(), meter).on(database.answer) == "here"

    assert (database.asked, meter.lines) == (1, [])


async def test_a_database_that_is_away_is_waited_for() -> None:
    """Whatever can pass is tried again; the log has one line, with the reason."""
    clock, meter = FakeClock(), FakeMeter()
    database = Database(OSError("refused"), TimeoutError(), CommitFailed())
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(insistence(clock, meter).on(database.answer))
        await clock.advance(4 * LONGEST_WAIT_S)

    assert waiting.result() == "here"
    assert meter.lines == [("warning", "store.awaited", {"reason": "refused"})]


async def test_nobody_waits_longer_than_the_longest_wait() -> None:
    """However long it has been away, it is asked every few seconds."""
    clock, meter = FakeClock(), FakeMeter()
    database = Database(*(OSError() for _ in range(40)))
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(insistence(clock, meter).on(database.answer))
        await clock.advance(40 * LONGEST_WAIT_S)

    assert waiting.done()


async def test_what_cannot_pass_is_raised_at_once() -> None:
    """A refusal is not waited out."""
    database = Database(LookupError("no such database"))

    with pytest.raises(LookupError):
        await insistence(FakeClock(), FakeMeter()).on(database.answer)

    assert database.asked == 1
