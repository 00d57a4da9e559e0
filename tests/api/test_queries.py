"""Values in queries."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.api.queries import (
    MAX_WORDS,
    event_types,
    maybe_event_types,
    maybe_moment,
    moment,
    refuse_unknown,
    split,
)
from gateway.domain.errors import Invalid
from gateway.domain.model import EventType
from tests.fakes.clock import NOON


def test_commas_and_repetition_both_make_a_list() -> None:
    """`a,b` and twice the parameter are the same."""
    words = split(["a,b", "c"])

    assert words == ["a", "b", "c"]


def test_words_without_end_are_refused_unread() -> None:
    """A store cannot be asked for as many things as fit into a query."""
    with pytest.raises(ValueError, match="at most 100 words, not 101"):
        split([",".join("a" * MAX_WORDS), ""])


def test_other_values_are_left_to_the_validator() -> None:
    """What is no list of a query is not touched."""
    assert split(None) is None


def test_a_plus_that_became_a_space_is_mended() -> None:
    """So that a time zone need not be encoded."""
    found = moment("2030-01-01T00:00:00 02:00", NOON, at="?since")

    assert found == datetime(2029, 12, 31, 22, tzinfo=UTC)


def test_a_moment_may_be_so_long_ago() -> None:
    """It is counted back from the present."""
    assert moment("10m", NOON, at="?since") == NOON - timedelta(minutes=10)


def test_no_moment_need_be_named() -> None:
    """A parameter that was not given is none."""
    assert maybe_moment(None, NOON, at="?since") is None


@pytest.mark.parametrize("text", ["", "yesterday", "-5m", "2030-01-31", "999999999d"])
def test_what_names_no_moment_is_refused(text: str) -> None:
    """The parameter is pointed at."""
    with pytest.raises(Invalid) as refused:
        moment(text, NOON, at="?until")

    assert refused.value.errors[0].pointer == "?until"


def test_words_that_stand_for_moments_are_named_too() -> None:
    """Whoever misspelt one sees what there is."""
    with pytest.raises(Invalid, match=r"\(10m, 2h, 7d\), earliest or latest\."):
        moment("first", NOON, at="?since", besides=["earliest", "latest"])


@pytest.mark.parametrize(
    ("patterns", "types"),
    [
        (["room.gap"], ["room.gap"]),
        (["room.gap", "room.gap", "delivery.*"], ["room.gap", "delivery.dead"]),
        (["*"], list(EventType)),
        ([], []),
    ],
)
def test_events_are_named_by_type_or_prefix(
    patterns: list[str], types: list[str]
) -> None:
    """Each is named once, however often it was asked for."""
    assert event_types(patterns, at="?events") == types


def test_what_names_no_event_is_refused_with_the_list() -> None:
    """Whoever misspelt one sees what there is."""
    with pytest.raises(Invalid, match=r"message\.received, message\.sent") as refused:
        event_types(["room.gap", "mess*"], at="?events")

    assert refused.value.errors[0].pointer == "?events"


def test_no_events_need_be_named() -> None:
    """A parameter that was not given is none."""
    assert maybe_event_types(None, at="?events") is None


def test_an_unknown_parameter_is_refused() -> None:
    """It would be silently ignored."""
    with pytest.raises(Invalid) as refused:
        refuse_unknown(["wait", "wiat"], frozenset({"wait"}))

    assert refused.value.errors[0].pointer == "?wiat"
