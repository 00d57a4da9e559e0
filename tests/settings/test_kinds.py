"""How the text of a setting is read."""

from datetime import timedelta

import pytest

from gateway.settings.kinds import comma_separated, duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5s", 1.5), ("15m", 900), ("24h", 86_400), ("7d", 604_800)],
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    """A bare number is seconds; s, m, h, d and w are understood."""
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1y", "1 2"])
def test_anything_else_is_no_duration(text: str) -> None:
    """The sentence shows what one looks like."""
    with pytest.raises(ValueError, match="such as 30s"):
        duration(text)


def test_a_value_that_is_one_already_is_left_alone() -> None:
    """Defaults are given as what they are."""
    assert duration(timedelta(seconds=1)) == timedelta(seconds=1)
    assert comma_separated(("a",)) == ("a",)


def test_a_list_is_separated_by_commas() -> None:
    """White space and empty entries do not count."""
    assert comma_separated(" a, b,,c ") == ("a", "b", "c")
