"""Room that is divided among those who need some of it."""

import pytest

from gateway.api.shares import Shares
from gateway.domain.errors import QueueFull


def fill(shares: Shares, *names: str) -> dict[str, int]:
    """Have each take one by one, in turn, all that it can; give what each has."""
    had = dict.fromkeys(names, 0)
    while any(shares.free(name) for name in names):
        for name in names:
            if shares.free(name):
                shares.take(name, 1)
                had[name] += 1
    return had


def test_who_is_alone_has_half() -> None:
    """The rest is for whoever comes next."""
    assert fill(Shares(100), "a") == {"a": 50}


def test_two_have_a_third_each() -> None:
    """As much as is still free."""
    assert fill(Shares(99), "a", "b") == {"a": 33, "b": 33}


def test_there_is_room_for_a_newcomer_however_many_want_all() -> None:
    """Nine that take what they can leave a tenth."""
    shares = Shares(1000)

    fill(shares, *"abcdefghi")

    assert shares.free("z") == 50


def test_what_there_is_no_room_for_is_not_taken() -> None:
    """It leaves as much as before."""
    shares = Shares(100)
    shares.take("a", 40)

    with pytest.raises(QueueFull):
        shares.take("a", 11)

    assert (shares.free("a"), shares.free("b")) == (10, 30)


def test_who_had_more_than_others_leave_it_gets_no_more() -> None:
    """It may keep what it has."""
    shares = Shares(100)
    shares.take("a", 50)
    shares.take("b", 20)

    assert (shares.free("a"), shares.free("b")) == (0, 5)


def test_what_is_given_back_is_free_again() -> None:
    """And nothing is remembered of who has nothing."""
    shares = Shares(100)
    shares.take("a", 50)

    shares.give_back("a", 50)

    assert (shares.free("a"), shares.free("b")) == (50, 50)


def test_nothing_always_fits() -> None:
    """A body without bytes needs no room."""
    shares = Shares(0)

    shares.take("a", 0)

    assert shares.free("a") == 0
