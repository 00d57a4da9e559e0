"""Bounded JMESPath: expressions made to take for ever end soon."""

import tracemalloc
from collections.abc import Callable

import pytest

from gateway.domain.bounded_jmespath import MAX_DEPTH, NoQuery, Query

BIG = {"big": [str(number) for number in range(50_000)], "text": "x" * 262_000}

DOUBLED = "|".join(["[@,@]"] * 50)


@pytest.mark.parametrize(
    "text",
    [
        "|".join(["[@,@][]"] * 55),
        f"{DOUBLED}|to_string(@)",
        f"[{DOUBLED},{DOUBLED}]|@[0]==@[1]",
        f"{DOUBLED}|contains(@,@)",
        "|".join(["{a:@,b:@}"] * 50) + "|merge(@,@)|to_string(@)",
        "to_string(@)|" + "|".join(["join(@,[@,@])"] * 40),
        "|".join(["to_string([@,@])"] * 40),
        "big[].[@,@,@,@,@,@,@,@][].[@,@,@,@,@,@,@,@][]",
        "map(&map(&map(&@,big),big),big)",
        "|".join(["reverse(big)|{big:@,text:@}"] * 20),
        "big[?contains(join('',big),@)]",
    ],
)
def test_an_expression_that_never_ends_is_given_up(text: str) -> None:
    """Work is counted; the answer of one that takes too much is no."""
    query = Query(f"[{text}]|length(@)==`1`")

    assert not query.accepts(BIG)


def test_a_list_is_not_flattened_before_it_is_paid_for() -> None:
    """A thousand characters would make gigabytes of a list of a megabyte."""
    query = Query("[" + ",".join(["big"] * 400) + "][]")

    tracemalloc.start()
    try:
        found = query.found(BIG)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found is None
    assert most_bytes < 1024**2


@pytest.mark.parametrize(
    ("text", "found"),
    [("@[]", [1, 2, [3]]), ("@[][]", [1, 2, 3]), ("nothing[]", None), ("@[].a", [])],
)
def test_lists_are_flattened_by_one_level(text: str, found: object) -> None:
    """As JMESPath has it; what is no list has nothing."""
    assert Query(text).found([1, [2, [3]]]) == found


def test_a_query_that_never_ends_finds_nothing() -> None:
    """What costs too much is not found."""
    assert Query("to_string(@)|" + "|".join(["join(@,[@,@])"] * 40)).found(BIG) is None


@pytest.mark.parametrize(
    "text", ["length(big)==`50000`", "contains(text,'x')", "sort(big)[0]=='0'"]
)
def test_a_large_event_can_be_asked(text: str) -> None:
    """What costs one reading of a message of the largest size is answered."""
    assert Query(text).accepts(BIG)


@pytest.mark.parametrize(
    "text",
    [
        "||".join(["a=='b'"] * (MAX_DEPTH - 2)) + "||big",
        "(" * 50 + "big" + ")" * 50,
        "!" * 50 + "big",
        "|".join(["@"] * MAX_DEPTH) + "|big",
    ],
)
def test_the_deepest_query_is_answered_high_on_the_stack(text: str) -> None:
    """What was accepted once is understood wherever it is asked."""

    def at_depth(depth: int, call: Callable[[], bool]) -> bool:
        return call() if depth == 0 else at_depth(depth - 1, call)

    assert at_depth(300, lambda: Query(text).accepts(BIG))


def test_a_tree_too_deep_is_no_query() -> None:
    """A text that parses, into a tree that evaluation should not walk, is refused."""
    with pytest.raises(NoQuery) as caught:
        Query("||".join(["a"] * (MAX_DEPTH + 2)))

    assert caught.value.position == 0
    assert caught.value.problem == "it is nested too deeply"
