"""Room that is divided among those who need some of it."""

import pytest

from gateway.api.shares import PARTS, Held, Shares
from gateway.domain.errors import QueueFull

MINUTE_S = 60.0
PACE_S = MINUTE_S / PARTS


def a_body(shares: Shares, whose: str, size: int = 0, due: int = 1000) -> Held:
    """Return a body that somebody waits for, of which so much has come."""
    held = shares.begin(whose, due, 0)
    held.give_up = lambda: None
    shares.take(held, size, 0)
    return held


def fill(shares: Shares, *names: str) -> dict[str, int]:
    """Have each take one by one, in turn, all that it can; give what each has."""
    bodies = [a_body(shares, name) for name in names]
    while any(shares.free(name) for name in names):
        for held in bodies:
            if shares.free(held.whose):
                shares.take(held, 1, 0)
    return {held.whose: held.size for held in bodies}


def test_who_is_alone_has_half() -> None:
    """The rest is for whoever comes next."""
    assert fill(Shares(100, MINUTE_S), "a") == {"a": 50}


def test_two_have_a_third_each() -> None:
    """As much as is still free."""
    assert fill(Shares(99, MINUTE_S), "a", "b") == {"a": 33, "b": 33}


def test_there_is_room_for_a_newcomer_however_many_want_all() -> None:
    """Nine that take what they can leave a tenth."""
    shares = Shares(1000, MINUTE_S)

    fill(shares, *"abcdefghi")

    assert shares.free("z") == 50


def test_what_there_is_no_room_for_is_not_taken() -> None:
    """It leaves as much as before."""
    shares = Shares(100, MINUTE_S)
    held = a_body(shares, "a", 40)

    with pytest.raises(QueueFull):
        shares.take(held, 11, 0)

    assert (shares.free("a"), shares.free("b")) == (10, 30)


def test_who_had_more_than_others_leave_it_gets_no_more() -> None:
    """It may keep what it has."""
    shares = Shares(100, MINUTE_S)

    a_body(shares, "a", 50)
    a_body(shares, "b", 20)

    assert (shares.free("a"), shares.free("b")) == (0, 5)


def test_what_has_ended_is_free_again() -> None:
    """Once, however often it is told."""
    shares = Shares(100, MINUTE_S)
    held = a_body(shares, "a", 30)
    another = a_body(shares, "a", 10)

    shares.end(held)
    shares.end(held)

    assert (shares.free("a"), shares.free("b")) == (40, 45)
    shares.end(another)
    assert (shares.free("a"), shares.free("b")) == (50, 50)


def test_nothing_always_fits() -> None:
    """A body without bytes needs no room."""
    assert fill(Shares(0, MINUTE_S), "a") == {"a": 0}


def test_what_stalls_is_given_up_where_there_is_no_room() -> None:
    """The one that has stalled longest, and no more than are needed."""
    shares = Shares(100, MINUTE_S)
    told: list[str] = []
    bodies = [a_body(shares, "a", 10) for _ in range(5)]
    for number, held in enumerate(bodies):
        held.reached_s = number
        held.give_up = lambda number=number: told.append(f"body {number}")

    shares.make_room("a", 20, PACE_S + 4.5)

    assert told == ["body 0", "body 1"]
    assert [held.is_given_up for held in bodies] == [True, True, False, False, False]
    assert shares.free("a") == 20


def test_what_comes_at_a_pace_is_not_given_up() -> None:
    """A twelfth of it in a twelfth of the time is enough."""
    shares = Shares(200, MINUTE_S)
    held = a_body(shares, "a", due=120)
    for part in range(1, PARTS - 2):
        shares.take(held, 10, part * PACE_S)

    with pytest.raises(QueueFull):
        shares.make_room("a", 60, (PARTS - 2) * PACE_S)

    assert not held.is_given_up


def test_what_drips_has_stalled() -> None:
    """Bytes that would never make a body in time do not count."""
    shares = Shares(100, MINUTE_S)
    held = a_body(shares, "a", 40, due=1000)
    for second in range(7):
        shares.take(held, 1, second)

    shares.make_room("a", 50, 7)

    assert held.is_given_up


def test_nothing_is_given_up_in_vain() -> None:
    """What would not have room all the same costs nobody anything."""
    shares = Shares(100, MINUTE_S)
    held = a_body(shares, "a", 40)

    with pytest.raises(QueueFull):
        shares.make_room("a", 51, 1000)

    assert not held.is_given_up


def test_what_nobody_waits_for_is_not_given_up() -> None:
    """It is all here, and being stored."""
    shares = Shares(100, MINUTE_S)
    held = a_body(shares, "a", 50)
    held.give_up = None

    with pytest.raises(QueueFull):
        shares.make_room("a", 10, 1000)

    assert not held.is_given_up


def test_what_one_sends_slowly_is_not_given_up_for_another() -> None:
    """Each has its own share."""
    shares = Shares(100, MINUTE_S)
    held = a_body(shares, "a", 50)

    with pytest.raises(QueueFull):
        shares.make_room("b", 26, 1000)

    assert not held.is_given_up
