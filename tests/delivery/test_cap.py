"""Slots are shared out in turn, and none is lost."""

from hypothesis import given, strategies as st

from gateway.delivery.cap import Cap, Share


class Lane:
    """Counts how often it is called."""

    def __init__(self, cap: Cap) -> None:
        self.share: Share = cap.share(self.call)
        self.calls = 0

    def call(self) -> None:
        self.calls += 1

    def take(self, times: int = 1) -> int:
        """Take slots one by one; return how many there were."""
        return sum(self.share.take() for _ in range(times))


def lanes_of(cap: Cap, count: int) -> list[Lane]:
    """Return so many lanes that share a cap."""
    return [Lane(cap) for _ in range(count)]


def test_a_lane_takes_no_more_than_it_leaves() -> None:
    """Of 8 slots one lane gets 3, with as many free, and two besides."""
    cap = Cap(8)
    (lane,) = lanes_of(cap, 1)

    taken = lane.take(8)

    assert (taken, cap.free, lane.share.held) == (3, 5, 3)


def test_many_that_take_all_they_can_leave_some() -> None:
    """Eighty lanes that give nothing back leave a slot for one that comes later."""
    cap = Cap(256)
    for hog in lanes_of(cap, 80):
        hog.take(8)
    (late,) = lanes_of(cap, 1)

    assert late.take() == 1


def test_whoever_stands_in_line_is_called_in_turn() -> None:
    """One slot given back calls the first in line alone."""
    cap = Cap(1)
    busy, first, second = lanes_of(cap, 3)
    busy.take()
    first.take()
    second.take()

    busy.share.give_back()

    assert (first.calls, second.calls) == (1, 0)


def test_who_leaves_passes_its_turn_on() -> None:
    """If the one who was called wants nothing any more, the next is called."""
    cap = Cap(1)
    busy, first, second = lanes_of(cap, 3)
    busy.take()
    first.take()
    second.take()
    busy.share.give_back()

    first.share.leave()

    assert second.calls == 1


def test_asking_twice_is_standing_in_line_once() -> None:
    """A lane without luck twice is called once per slot, before who came later."""
    cap = Cap(1)
    busy, first, second = lanes_of(cap, 3)
    busy.take()
    first.take(2)
    second.take()
    busy.share.give_back()

    first.take()
    first.share.give_back()

    assert (first.calls, second.calls) == (1, 1)


def test_nobody_overtakes_the_line() -> None:
    """A slot just given back is not taken again by who gave it."""
    cap = Cap(1)
    busy, first = lanes_of(cap, 2)
    busy.take()
    first.take()
    busy.share.give_back()

    overtaken = busy.take()
    in_turn = first.take()

    assert (overtaken, in_turn) == (0, 1)


def test_one_that_has_its_share_holds_up_nobody() -> None:
    """Who stands in line with its share in hand is passed over, not waited for."""
    cap = Cap(3)
    hog, other, late = lanes_of(cap, 3)
    hog.take(3)
    other.take()
    late.take()

    other.share.give_back()

    assert (hog.share.held, hog.calls, late.calls) == (2, 0, 1)


@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from("tttgl")), max_size=200),
)
def test_no_slot_is_lost_and_nobody_forgotten(
    slots: int, steps: list[tuple[int, str]]
) -> None:
    """However it goes, slots add up, and one in line is called while any is free."""
    cap = Cap(slots)
    lanes = lanes_of(cap, 6)
    wanting: set[int] = set()
    for number, step in steps:
        lane = lanes[number]
        if step == "t":
            (wanting.discard if lane.take() else wanting.add)(number)
        elif step == "g" and lane.share.held:
            lane.share.give_back()
        elif step == "l":
            lane.share.leave()
            wanting.discard(number)
        held = [lane.share.held for lane in lanes]
        assert sum(held) + cap.free == slots
        called = cap._called
        waiting = [lanes[number] for number in wanting]
        assert len(called) <= slots
        if cap.free > len(called):
            assert all(one.share.held or one.share in called for one in waiting)
