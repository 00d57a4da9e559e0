"""A Range is a part, the whole, or beyond the end."""

import pytest
from hypothesis import given, strategies

from gateway.api.ranges import Part, none_of, part_of
from gateway.domain.errors import RangeNotSatisfiable

TEN = bytes(range(10))


@pytest.mark.parametrize(
    ("asked", "content", "content_range"),
    [
        ("bytes=0-3", TEN[:4], "bytes 0-3/10"),
        ("bytes=4-4", TEN[4:5], "bytes 4-4/10"),
        ("bytes=7-", TEN[7:], "bytes 7-9/10"),
        ("bytes=7-99", TEN[7:], "bytes 7-9/10"),
        ("bytes=-2", TEN[8:], "bytes 8-9/10"),
        ("bytes=-99", TEN, "bytes 0-9/10"),
        ("bytes=0-", TEN, "bytes 0-9/10"),
        ("BYTES = 1-2 ", TEN[1:3], "bytes 1-2/10"),
    ],
)
def test_one_range_is_a_part(asked: str, content: bytes, content_range: str) -> None:
    """RFC 9110 §14.1.2 has the forms."""
    part = part_of(asked, 10)

    assert part is not None
    assert (part.of(TEN), part.content_range) == (content, content_range)


@pytest.mark.parametrize(
    "asked",
    [
        None,
        "",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=0-1,4-5",
        "lines=0-1",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_several_ranges_and_nonsense_are_the_whole(asked: str | None) -> None:
    """A server may ignore any Range."""
    assert part_of(asked, 10) is None


@pytest.mark.parametrize(
    ("asked", "size"),
    [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)],
)
def test_what_begins_beyond_the_end_is_refused(asked: str, size: int) -> None:
    """The refusal tells how much there is."""
    with pytest.raises(RangeNotSatisfiable) as refused:
        part_of(asked, size)

    assert refused.value.facts == {"size": size}
    assert none_of(size) == f"bytes */{size}"


@given(
    strategies.one_of(
        strategies.text(max_size=30), strategies.from_regex(r"bytes=[0-9]*-[0-9]*")
    ),
    strategies.integers(0, 50),
)
def test_any_range_is_within_the_bytes(asked: str, size: int) -> None:
    """Whatever is asked, nothing else is raised and nothing beyond is promised."""
    try:
        part = part_of(asked, size)
    except RangeNotSatisfiable:
        return

    assert part is None or 0 <= part.first <= part.last < part.size == size
    assert part is None or isinstance(part, Part)
