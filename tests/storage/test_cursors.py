"""Cursors of lists."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from gateway.domain.errors import Invalid
from gateway.storage.cursors import cursor, place


@given(number=st.integers(min_value=0, max_value=2**62))
def test_a_cursor_is_read_back(number: int) -> None:
    """The place in a cursor is the one it was made of."""
    assert place("m", cursor("m", number)) == number


def test_the_first_page_has_no_cursor() -> None:
    """No cursor is no place."""
    assert place("m", None) is None


@given(text=st.text())
def test_any_text_is_a_place_or_refused(text: str) -> None:
    """Whatever a caller sends is a place or the caller's error, never another."""
    number: int | None = 0
    with suppress(Invalid):
        number = place("m", text)

    assert number is not None
    assert number < 2**63


def test_a_place_beyond_the_largest_integer_is_refused() -> None:
    """A place that no database can compare with is refused."""
    with pytest.raises(Invalid):
        place("d", "d" + "9" * 19)
