"""Values in queries."""

import pytest

from gateway.api.queries import mended, refuse_unknown, split
from gateway.domain.errors import Invalid


def test_commas_and_repetition_both_make_a_list() -> None:
    """`a,b` and twice the parameter are the same."""
    words = split(["a,b", "c"])

    assert words == ["a", "b", "c"]


def test_other_values_are_left_to_the_validator() -> None:
    """What is no list of a query is not touched."""
    assert split(None) is None
    assert mended(7) == 7


def test_a_plus_that_became_a_space_is_mended() -> None:
    """So that a time zone need not be encoded."""
    text = mended("2030-01-01T00:00:00 02:00")

    assert text == "2030-01-01T00:00:00+02:00"


def test_an_unknown_parameter_is_refused() -> None:
    """It would be silently ignored."""
    with pytest.raises(Invalid) as refused:
        refuse_unknown(["wait", "wiat"], frozenset({"wait"}))

    assert refused.value.errors[0].pointer == "?wiat"
