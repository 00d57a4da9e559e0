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
