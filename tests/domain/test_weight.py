"""Weight: what a value costs to read, counted without reading more than allowed."""

import pytest

from gateway.domain.weight import Allowance, TooMuchWork, weight

PLENTY = 10**9


@pytest.mark.parametrize(
    ("lighter", "heavier"),
    [
        ("a", "ab"),
        (1, 10**100),
        ([1], [1, 1]),
        ({"a": 1}, {"a": "b"}),
        ({"a": 1}, {"ab": 1}),
        (range(3), range(4)),
        (range(0), range(10**30)),
        (["x"], [["x"]]),
        ((), ("x",)),
        (b"a", b"ab"),
    ],
)
def test_more_weighs_more(lighter: object, heavier: object) -> None:
    """Whatever a value gains in content, it gains in weight."""
    assert weight(lighter, PLENTY) < weight(heavier, PLENTY)


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", [], {}])
def test_nothing_is_free(value: object) -> None:
    """Even an empty value costs a step."""
    assert weight(value, PLENTY) > 0


def test_what_stands_in_a_list_twice_counts_twice() -> None:
    """The weight is that of the value written out, not of the memory it takes."""
    once = ["x" * 1000]

    assert weight([once, once], PLENTY) > 2 * weight(once, PLENTY) - 8


def test_counting_ends_at_the_limit() -> None:
    """A value that would take for ever to write out is soon found too heavy."""
    endless: list[object] = []
    for _ in range(200):
        endless = [endless, endless]

    assert weight(endless, 1000) > 1000


def test_a_value_deeper_than_the_stack_is_weighed() -> None:
    """Weighing does not recurse."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    assert weight(deep, PLENTY) > 100_000


def test_an_allowance_is_spent_once() -> None:
    """What is left is what was not spent; more than that is refused."""
    allowance = Allowance(100)

    allowance.spend(60)

    assert allowance.left == 40
    with pytest.raises(TooMuchWork):
        allowance.spend(41)


def test_spending_on_values_costs_their_weight() -> None:
    """A long text spends an allowance that a short one does not."""
    Allowance(100).spend_on("a", "b")

    with pytest.raises(TooMuchWork):
        Allowance(100).spend_on("a", "b" * 100)
