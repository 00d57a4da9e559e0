"""Long work in short commits, with rests in between."""

import asyncio

import pytest

from gateway.storage.pacing import Pace
from tests.fakes.clock import FakeClock, settle


@pytest.mark.parametrize(("took_s", "rests_s"), [(0.25, 0.25), (5.0, 1.0)])
async def test_it_rests_as_long_as_it_worked(took_s: float, rests_s: float) -> None:
    """The writer is free for others half of the time, and work goes on in the end."""
    clock = FakeClock()
    pace = Pace(clock)
    begun_s = pace.begin()
    await clock.advance(took_s)

    resting = asyncio.get_running_loop().create_task(pace.rest(begun_s))
    await clock.advance(rests_s - 0.01)
    is_resting = not resting.done()
    await clock.advance(0.01)

    assert is_resting
    assert resting.done()


async def test_what_takes_no_time_needs_no_rest() -> None:
    """A clock that has not moved is not waited for."""
    clock = FakeClock()
    pace = Pace(clock)

    await pace.rest(pace.begin())
    await settle(1)

    assert clock.sleepers == 0
