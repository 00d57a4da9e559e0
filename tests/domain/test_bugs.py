"""Where a bug is."""

import re

import pytest

from gateway.domain.bugs import where


def test_an_error_is_told_by_its_place_alone() -> None:
    """Not by its words, nor by where we are installed."""
    with pytest.raises(ValueError, match="confidence") as raised:
        int("said in confidence")

    told = where(raised.value)

    assert told is not None
    assert re.fullmatch(r"test_\w+, test_bugs\.py:\d+", told)


def test_what_was_never_raised_has_no_place() -> None:
    """It is told by its kind alone."""
    assert where(ValueError()) is None
