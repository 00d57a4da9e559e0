"""Slots are shared out in turn, and none is lost."""

from gateway.delivery.cap import Cap


class Caller:
    """Counts how often it is called."""

    def __init__(self) -> None:
        self.calls = 0

    def call(self) -> None:
        self.calls += 1


def test_no_more_is_taken_than_there_is() -> None:
    """Who wants more than is free gets what is free."""
    cap = Cap(3)

    taken = cap.take(5, Caller().call)

    assert (taken, cap.free) == (3, 0)


def test_whoever_stands_in_line_is_called_in_turn() -> None:
    """One slot given back calls the first in line alone."""
    cap = Cap(1)
    first, second = Caller(), Caller()
    cap.take(1, Caller().call)
    cap.take(1, first.call)
    cap.take(1, second.call)

    cap.give_back(1)

    assert (first.calls, second.calls) == (1, 0)


def test_who_leaves_passes_its_turn_on() -> None:
    """If the one who was called wants nothing any more, the next is called."""
    cap = Cap(1)
    first, second = Caller(), Caller()
    cap.take(1, Caller().call)
    cap.take(1, first.call)
    cap.take(1, second.call)
    cap.give_back(1)

    cap.leave(first.call)

    assert second.calls == 1


def test_asking_twice_is_standing_in_line_once() -> None:
    """A caller without luck twice is called once per slot, before who came later."""
    cap = Cap(1)
    first, second = Caller(), Caller()
    cap.take(1, Caller().call)
    cap.take(1, first.call)
    cap.take(1, first.call)
    cap.take(1, second.call)
    cap.give_back(1)

    cap.take(1, first.call)
    cap.give_back(1)

    assert (first.calls, second.calls) == (1, 1)


def test_nobody_overtakes_the_line() -> None:
    """A slot just given back is not taken again by who gave it."""
    cap = Cap(1)
    first, busy = Caller(), Caller()
    cap.take(1, busy.call)
    cap.take(1, first.call)
    cap.give_back(1)

    overtaken = cap.take(1, busy.call)
    in_turn = cap.take(1, first.call)

    assert (overtaken, in_turn) == (0, 1)
