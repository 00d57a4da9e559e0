"""A receiver's standing: warned of, disabled and recovered at the right moments."""

from datetime import datetime, timedelta

from hypothesis import given, strategies as st

from gateway.delivery.standing import (
    Failure,
    Turn,
    afresh,
    after_failure,
    after_success,
)
from gateway.domain.model import Standing
from tests.fakes.clock import NOON

HOUR = timedelta(hours=1)
REFUSED = Failure("Connection refused.")


def failing_at(*hours: float) -> tuple[Standing, list[Turn | None]]:
    """Return the standing after failures so many hours after noon, and what is told."""
    standing, turns = Standing(), []
    for hour in hours:
        standing, turn = after_failure(standing, REFUSED, NOON + hour * HOUR)
        turns.append(turn)
    return standing, turns


def test_the_first_failure_begins_the_failing() -> None:
    """What went wrong and since when is known from the first failure on."""
    standing, turns = failing_at(0, 1)

    assert turns == [None, None]
    assert standing == Standing(
        last_error="Connection refused.", last_error_at=NOON + HOUR, failing_since=NOON
    )


def test_half_of_the_time_warns_once() -> None:
    """After 60 hours of failures only it is told, and never again."""
    _, turns = failing_at(0, 59.9, 60, 61, 119)

    assert turns == [None, None, Turn.FAILING, None, None]


def test_five_days_are_hopeless() -> None:
    """After 120 hours of failures only the receiver is given up."""
    _, turns = failing_at(0, 60, 119.9, 120)

    assert turns[2:] == [None, Turn.HOPELESS]


def test_an_outage_of_our_own_disables_nobody() -> None:
    """Failures just before and just after five days of silence are not five days."""
    _, turns = failing_at(0, 1, 130)

    assert turns[-1] is not Turn.HOPELESS


def test_failures_that_go_on_after_an_outage_disable() -> None:
    """Once those before span twelve hours, the time since the first one counts."""
    _, turns = failing_at(0, 130, 131)

    assert turns == [None, Turn.FAILING, Turn.HOPELESS]


def test_a_success_ends_it_all() -> None:
    """What was last wrong stays known, and nothing is failing any more."""
    standing, _ = failing_at(0, 1)

    after, turn = after_success(standing, NOON + 2 * HOUR)

    assert turn is None
    assert (after.failing_since, after.last_success_at) == (None, NOON + 2 * HOUR)
    assert after.last_error_at == NOON + HOUR


def test_a_recovery_is_told_after_a_warning_alone() -> None:
    """The first success after a warning is told of, the second is not."""
    warned, _ = failing_at(0, 61)

    once, first = after_success(warned, NOON + 62 * HOUR)
    _, second = after_success(once, NOON + 63 * HOUR)

    assert (first, second) == (Turn.RECOVERED, None)


def test_what_was_our_fault_is_shown_and_counts_not() -> None:
    """A failure in which the receiver had no part begins no failing."""
    ours = Failure("The template failed.", is_ours=True)

    standing, turn = after_failure(Standing(), ours, NOON)

    assert (standing.last_error, standing.failing_since, turn) == (
        "The template failed.",
        None,
        None,
    )


def test_the_longest_pause_stays_until_it_is_over() -> None:
    """A shorter pause ends no longer one; a success after its end forgets it."""
    long, short = (Failure("429", paused_until=NOON + n * HOUR) for n in (3, 1))
    standing, _ = after_failure(Standing(), long, NOON)
    standing, _ = after_failure(standing, short, NOON)
    during, _ = after_success(standing, NOON + HOUR)
    over, _ = after_success(standing, NOON + 4 * HOUR)

    assert (during.paused_until, over.paused_until) == (NOON + 3 * HOUR, None)


def test_a_fresh_start_keeps_the_last_of_each() -> None:
    """A webhook enabled again is neither failing, nor warned of, nor paused."""
    standing, _ = failing_at(0, 61)

    again = afresh(standing)

    assert (again.failing_since, again.warned_at, again.paused_until) == (None,) * 3
    assert again.last_error == standing.last_error


@given(st.lists(st.tuples(st.booleans(), st.timedeltas(timedelta(), 40 * HOUR))))
def test_what_is_told_makes_sense_in_any_order_of_answers(
    answers: list[tuple[bool, timedelta]],
) -> None:
    """One warning and one recovery per failing; hopeless only after 5 days of it."""
    standing, now, warned = Standing(), NOON, False
    since: datetime | None = None
    for succeeds, pause in answers:
        now += pause
        if succeeds:
            standing, turn = after_success(standing, now)
            assert (turn is Turn.RECOVERED) == warned
            warned, since = False, None
            continue
        standing, turn = after_failure(standing, REFUSED, now)
        since = since or now
        assert turn is not Turn.FAILING or not warned
        assert turn is not Turn.HOPELESS or now - since >= timedelta(days=5)
        warned = warned or turn is Turn.FAILING
