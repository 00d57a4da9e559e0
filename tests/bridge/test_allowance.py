"""How often something may be done."""

from hypothesis import given, strategies as st

from gateway.bridge import allowance
from gateway.bridge.allowance import Allowance


def test_no_more_is_allowed_within_the_time() -> None:
    """The third of two is refused, for as long as the first still counts."""
    two = Allowance(2, 60.0)

    taken = [two.take("alice", now_s) for now_s in (0.0, 10.0, 59.9, 60.0, 69.9, 70.0)]

    assert taken == [True, True, False, True, False, True]


def test_each_has_their_own() -> None:
    """What one has used up another has not."""
    once = Allowance(1, 60.0)
    once.take("alice", 0.0)

    assert once.take("bob", 0.0)


def test_what_was_not_done_does_not_count() -> None:
    """A place that is given back can be taken again."""
    once = Allowance(1, 60.0)
    once.take("alice", 5.0)

    once.give_back("alice", 5.0)

    assert once.take("alice", 6.0)


def test_giving_back_what_is_forgotten_changes_nothing() -> None:
    """Its time may be over, or its bearer forgotten."""
    once = Allowance(1, 60.0)

    once.give_back("nobody", 5.0)

    assert once.take("nobody", 6.0)


def test_it_remembers_a_limited_number() -> None:
    """Whoever came up longest ago is forgotten first."""
    once = Allowance(1, 60.0)
    for number in range(allowance.REMEMBERED + 1):
        once.take(number, 0.0)

    assert not once.take(1, 1.0)
    assert once.take(0, 1.0)


@given(st.lists(st.floats(0, 10, allow_nan=False), max_size=60))
def test_no_stretch_of_time_has_more(pauses: list[float]) -> None:
    """Whenever it is asked for, any sixty seconds have five at most."""
    five, now_s = Allowance(5, 60.0), 0.0
    taken: list[float] = []
    for pause in pauses:
        now_s += pause
        if five.take("alice", now_s):
            taken.append(now_s)

    assert all(
        sum(start <= at < start + 60.0 - 1e-6 for at in taken) <= 5 for start in taken
    )
