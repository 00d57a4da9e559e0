"""A store that is away is waited for."""

import asyncio
from random import Random

import pytest

from gateway.delivery.patience import LONGEST_WAIT_S, Patience
from gateway.domain.errors import StoreUnavailable
from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeMeter


class Failing:
    """Fails a number of times, then answers."""

    def __init__(self, times: int, error: Exception) -> None:
        self.calls = 0
        self._times = times
        self._error = error

    async def __call__(self) -> str:
        """Fail, or answer."""
        self.calls += 1
        if self.calls <= self._times:
            raise self._error
        return "done"


def a_patience(clock: FakeClock, meter: FakeMeter) -> Patience:
    """Return a patience whose jitter is always the same."""
    return Patience(clock, Random(1), meter)  # noqa: S311  # To be repeated.


async def test_it_repeats_until_the_store_is_back() -> None:
    """After nine failures the tenth try's answer is returned; one line is logged."""
    clock, meter = FakeClock(), FakeMeter()
    action = Failing(9, StoreUnavailable("away"))

    async with asyncio.TaskGroup() as tasks:
        insisting = tasks.create_task(
            a_patience(clock, meter).insist(action, what="record")
        )
        await clock.advance(9 * LONGEST_WAIT_S)

    assert (insisting.result(), action.calls) == ("done", 10)
    assert meter.named("delivery.store_awaited") == [{"what": "record"}]


async def test_what_works_does_not_wait() -> None:
    """An action that succeeds is done without any time passing."""
    action = Failing(0, StoreUnavailable("away"))

    result = await a_patience(FakeClock(), FakeMeter()).insist(action, what="record")

    assert result == "done"


async def test_other_errors_are_not_repeated() -> None:
    """A bug is raised at once."""
    action = Failing(1, ValueError("bug"))

    with pytest.raises(ValueError, match="bug"):
        await a_patience(FakeClock(), FakeMeter()).insist(action, what="record")
    assert action.calls == 1


def test_the_wait_grows_and_stays_within_half_a_minute() -> None:
    """The first wait is at most half a second, the thousandth at most 30 s."""
    patience = a_patience(FakeClock(), FakeMeter())

    first = [patience.wait_s(1) for _ in range(100)]
    late = [patience.wait_s(1000) for _ in range(100)]

    assert max(first) <= 0.5 < max(late) <= LONGEST_WAIT_S
