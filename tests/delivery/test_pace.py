"""A pace is kept, over any stretch of time, and nothing is lost to it."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from gateway.delivery.pace import Pace
from gateway.domain.model import RateLimit


def sent_at(limit: RateLimit, times: int, start_s: float = 1000.0) -> list[float]:
    """Return when each of so many is sent by somebody who always wants to."""
    pace, now_s, sent = Pace(), start_s, []
    for _ in range(times):
        now_s += pace.wait_s(limit, now_s=now_s)
        pace.spend(limit, now_s=now_s)
        sent.append(now_s)
    return sent


def test_a_burst_goes_at_once_and_the_rest_evenly() -> None:
    """With 2/s and a burst of 3 the fourth waits half a second."""
    moments = sent_at(RateLimit(2, 3), 6)

    assert [at - 1000 for at in moments] == pytest.approx([0, 0, 0, 0.5, 1.0, 1.5])


@pytest.mark.parametrize("per_second", [0.01, 0.3, 1, 49, 1000, 10_000])
def test_it_keeps_slow_and_fast_paces(per_second: float) -> None:
    """A hundred requests take what a hundred requests must."""
    moments = sent_at(RateLimit(per_second, 1), 101)

    assert moments[-1] - moments[0] == pytest.approx(100 / per_second, rel=1e-3)


def test_a_rest_gives_the_burst_back_and_no_more() -> None:
    """After an hour of silence the burst may go at once, and not an hour's worth."""
    limit, pace = RateLimit(1, 2), Pace()
    for _ in range(2):
        pace.spend(limit, now_s=0.0)

    allowed = pace.within(limit, 0.0, now_s=3600.0)

    assert allowed == 2


def test_it_says_how_many_may_go_soon() -> None:
    """With 10/s and a burst of 5, of which all are spent, ten may go in a second."""
    limit, pace = RateLimit(10, 5), Pace()
    before = pace.within(limit, 1.0, now_s=0.0)
    for _ in range(5):
        pace.spend(limit, now_s=0.0)

    after = pace.within(limit, 1.0, now_s=0.0)

    assert (before, after) == (15, 10)


def test_a_slow_pace_allows_nothing_soon() -> None:
    """At one in 100 s none may go within the next second, and one at the time."""
    limit, pace = RateLimit(0.01, 1), Pace()
    pace.spend(limit, now_s=0.0)

    soon = [pace.within(limit, 1.0, now_s=now_s) for now_s in (0.0, 98.0, 99.5)]

    assert soon == [0, 0, 1]


def test_a_new_limit_owes_nothing_to_the_old() -> None:
    """After a limit of one a day was lifted nobody waits for the day to end."""
    pace, slow = Pace(), RateLimit(0.01, 1)
    pace.spend(slow, now_s=0.0)

    assert pace.wait_s(RateLimit(5, 1), now_s=1.0) == 0


@given(
    st.floats(0.01, 10_000),
    st.integers(1, 50),
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_no_stretch_of_time_has_more(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    """Between any two requests there are at most the burst and the rate's share."""
    limit, pace, now_s = RateLimit(per_second, burst), Pace(), 100.0
    sent: list[float] = []
    for pause in pauses:
        now_s += pause
        wait_s = pace.wait_s(limit, now_s=now_s)
        assert (wait_s == 0) == (pace.within(limit, 0.0, now_s=now_s) > 0)
        now_s += wait_s
        assert pace.wait_s(limit, now_s=now_s) == 0
        pace.spend(limit, now_s=now_s)
        sent.append(now_s)

    for first in range(len(sent)):
        for last in range(first, len(sent)):
            share = burst + (sent[last] - sent[first]) * per_second
            assert last - first + 1 <= share + 1e-3 * burst + 0.1
    assert all(one <= other for one, other in pairwise(sent))
