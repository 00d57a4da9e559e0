"""What is to be released is all, none, or what happened since a moment."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from gateway.delivery.ports import Release
from gateway.delivery.releasing import read_release, released
from gateway.domain.errors import Invalid
from tests.fakes.clock import NOON

TEN_MINUTES = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("body", "release", "word"),
    [
        ({}, Release(), "all"),
        ({"release": None}, Release(), "all"),
        ({"release": "all"}, Release(), "all"),
        ({"release": "none"}, Release(none=True), "none"),
        (
            {"release": "10m"},
            Release(since=NOON - TEN_MINUTES),
            (NOON - TEN_MINUTES).isoformat(),
        ),
    ],
)
def test_what_is_asked_for(
    body: Mapping[str, object], release: Release, word: str
) -> None:
    """Everything, if nothing else is said; and it has a word again."""
    assert read_release(body, NOON) == release
    assert released(release) == word


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"release": "some"}, "/release"),
        ({"release": 10}, "/release"),
        ({"release": True}, "/release"),
        ({"release": "2999-01-01T00:00:00Z"}, "/release"),
        ({"since": "10m"}, "/since"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    body: Mapping[str, object], pointer: str
) -> None:
    """A time to come would drop everything."""
    with pytest.raises(Invalid) as caught:
        read_release(body, NOON)

    assert [error.pointer for error in caught.value.errors] == [pointer]
