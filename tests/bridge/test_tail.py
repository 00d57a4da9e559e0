"""The end of the log in memory."""

from dataclasses import replace

from hypothesis import given, strategies as st

from gateway.bridge.ports import Logged
from gateway.bridge.tail import ENTRY_BYTES, Tail
from tests.domain.nouns import INCOMING, RECEIVED


def logged(seq: int, message_id: str = "msg_1", body: str = "{}") -> Logged:
    """Return an event at a place, and the message that it tells of."""
    event = replace(RECEIVED, id=f"evt_{seq}", seq=seq, message_id=message_id)
    return Logged(event, replace(INCOMING, id=message_id, body=body))


def a_tail(head: int = 0, *, events: int = 100, size: int = 10**6) -> Tail:
    """Return a tail that somebody reads."""
    return Tail(head, events, size)


def places(tail: Tail, after: int, limit: int = 100) -> list[int]:
    """Return the places of what follows one."""
    return [entry.event.seq for entry in tail.after(after, limit)]


def test_it_holds_what_follows_any_place_that_it_has() -> None:
    """From its beginning, from within, and nothing from its end."""
    tail = a_tail(7)
    tail.add([logged(8), logged(9)])
    tail.add([logged(10)])

    assert places(tail, 7) == [8, 9, 10]
    assert places(tail, 9) == [10]
    assert places(tail, 10) == []
    assert places(tail, 7, limit=2) == [8, 9]
    assert not tail.holds(6)


def test_the_oldest_go_when_there_are_too_many() -> None:
    """Whoever is behind finds them in the store."""
    tail = a_tail(events=2)

    tail.add([logged(1), logged(2), logged(3)])

    assert (tail.low, places(tail, 1)) == (1, [2, 3])


def test_the_oldest_go_when_they_are_too_large() -> None:
    """What messages say counts, before it is rendered and after."""
    tail = a_tail(size=3 * ENTRY_BYTES)
    tail.add([logged(1), logged(2)])

    tail.render(tail.after(1, 1)[0], b"x" * 2 * ENTRY_BYTES)

    assert (tail.low, places(tail, 1)) == (1, [2])


def test_what_was_let_go_while_it_was_rendered_counts_no_more() -> None:
    """The measure of what is held stays right."""
    tail = a_tail(events=1, size=3 * ENTRY_BYTES)
    tail.add([logged(1)])
    entry = tail.after(0, 1)[0]
    tail.add([logged(2)])

    tail.render(entry, b"x" * 10 * ENTRY_BYTES)

    assert places(tail, 1) == [2]


def test_a_gap_makes_it_begin_anew() -> None:
    """It never claims to hold what it was not told of."""
    tail = a_tail()
    tail.add([logged(1)])

    tail.add([logged(5), logged(6)])

    assert not tail.holds(1)
    assert places(tail, 4) == [5, 6]


def test_what_was_erased_is_not_held() -> None:
    """Neither as it was told nor as it was rendered."""
    tail = a_tail()
    tail.add([logged(1, "msg_1"), logged(2, "msg_2"), logged(3, "msg_1")])
    first, other, second = tail.after(0, 3)
    tail.render(first, b"secret")

    tail.forget(["msg_1"])

    assert [first.envelope, first.logged, second.logged] == [None, None, None]
    assert other.logged is not None


def test_begun_anew_it_holds_what_follows_from_there() -> None:
    """What it held before is in the store, as what it was not told of."""
    tail = a_tail()
    tail.add([logged(1)])

    tail.begin_at(7)
    is_empty = not len(tail)
    tail.add([logged(8)])

    assert is_empty
    assert (tail.low, tail.high, places(tail, 7)) == (7, 8, [8])


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 5))
def test_it_is_the_end_of_the_log_without_a_gap(commits: list[int], most: int) -> None:
    """Whatever was appended, and however little it may hold."""
    tail, head = a_tail(events=most), 0
    for count in commits:
        appended = [logged(head + number + 1) for number in range(count)]
        head += count
        if appended:
            tail.add(appended)

    assert places(tail, tail.low) == list(range(tail.low + 1, head + 1))
    assert head - tail.low == min(most, head)
