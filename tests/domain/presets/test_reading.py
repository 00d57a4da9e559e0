"""Reading what strangers sent: short plain text out of anything."""

import pytest
from hypothesis import given, strategies as st

from gateway.domain.presets import reading
from tests.domain.arriving import json_values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  a\n\tb\x00c ", "a b c"),
        ("left\u202eright", "left right"),  # Text that turns others around.
        ("no\u200bthing \U000e0041\U000e0042\xadto see\u2060", "nothing to see"),
        ("\u3164\ufeff", ""),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
        (5, "5"),
        (1.5, "1.5"),
        (True, ""),
        (None, ""),
        ([], ""),
        (10**4000, ""),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_value_is_one_line(value: object, expected: str) -> None:
    """Text and numbers are told; the rest is nothing."""
    assert reading.a_line(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("javascript:alert(1)", ""),
        ("https://example.com/ b", ""),
        ("https://example.com/\n", ""),
        ({"url": 1}, ""),
    ],
)
def test_a_link_is_one_of_the_web(value: object, expected: str) -> None:
    """Nothing else is shown as one."""
    assert reading.a_link(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-14T12:00:01Z", "2026-03-14T12:00:01+00:00"),
        ("2026-03-14T12:00:01.123456789+02:00", "2026-03-14T10:00:01+00:00"),
        ("2026-02-30T12:00:01Z", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("2026-03-14", None),
        (5, None),
    ],
)
def test_a_moment_is_told_in_utc(value: object, expected: str | None) -> None:
    """To the second, whatever zone and precision it comes with."""
    moment = reading.a_moment(value)

    assert (moment and moment.isoformat()) == expected


@pytest.mark.parametrize(
    ("lines", "url", "expected"),
    [
        (["a", "", "b"], "https://x", "a\nb\nhttps://x"),
        (["x" * 100], "https://x", "x" * 29 + "…\nhttps://x"),
        (["a"], "https://x.example/" + "y" * 20, "a"),
        (["a"], "", "a"),
        ([""], "https://x", "https://x"),
    ],
)
def test_the_address_under_lines_is_whole(
    lines: list[str], url: str, expected: str
) -> None:
    """Or it is not there; the lines make room for it."""
    assert reading.over_link(lines, url, 40) == expected


def test_a_path_that_leads_nowhere_ends_in_nothing() -> None:
    """Wherever the shape is another than thought."""
    assert reading.at({"a": {"b": 1}}, "a", "b") == 1
    assert reading.at({"a": [1]}, "a", "b") is None
    assert reading.at(None, "a") is None


def test_only_what_says_something_remains() -> None:
    """Zero and false say something."""
    members: dict[str, object] = {
        "a": None,
        "b": "",
        "c": [],
        "d": {},
        "e": 0,
        "f": False,
    }

    assert reading.without_nothing(members) == {"e": 0, "f": False}


@given(json_values("a", "b"), st.integers(1, 50))
def test_any_value_is_a_short_line(value: object, limit: int) -> None:
    """Without line breaks, and not longer than asked for."""
    line = reading.first_line(value, reading.at(value, "a"), limit=limit)

    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
