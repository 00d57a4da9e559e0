"""Moments are times, or so long ago."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.delivery.moments import read_moment
from tests.fakes.clock import NOON


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
        ("0s", timedelta()),
    ],
)
def test_so_long_ago(text: str, ago: timedelta) -> None:
    """It is counted back from the present."""
    assert read_moment(text, NOON) == NOON - ago


@pytest.mark.parametrize(
    "text",
    [
        "2030-01-31T12:00:00Z",
        "2030-01-31t13:00:00.000000000+01:00",
        "2030-01-31T00:00:00.0-12:00",
    ],
)
def test_a_time_is_turned_into_utc(text: str) -> None:
    """Whatever its offset, it is the same moment."""
    moment = read_moment(text, NOON)

    assert moment == datetime(2030, 1, 31, 12, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "-5m",
        "1.5h",
        "1y",
        "999999999w",
        "yesterday",
        "2030-01-31",
        "2030-01-31T12:00:00",
        "2030-02-30T12:00:00Z",
        "0001-01-01T00:00:00+12:00",
        "1893499200",
    ],
)
def test_anything_else_names_no_moment(text: str) -> None:
    """`None`, and never an error."""
    assert read_moment(text, NOON) is None
