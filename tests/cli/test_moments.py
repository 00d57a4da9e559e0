"""Times on the command line."""

import pytest
import typer

from gateway.cli.moments import moment, moment_at
from tests.fakes.clock import NOON


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("90s", "2026-03-14T11:58:30.000Z"),
        ("30m", "2026-03-14T11:30:00.000Z"),
        ("2h", "2026-03-14T10:00:00.000Z"),
        ("7d", "2026-03-07T12:00:00.000Z"),
        ("2w", "2026-02-28T12:00:00.000Z"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"),
        ("2026-01-31T12:00:00.5+02:00", "2026-01-31T10:00:00.500Z"),
        ("2026-01-31t12:00:00z", "2026-01-31T12:00:00.000Z"),
    ],
)
def test_a_time_is_so_long_ago_or_rfc_3339(given: str, found: str) -> None:
    """The API gets RFC 3339 in both cases."""
    assert moment_at(given, NOON) == found


@pytest.mark.parametrize(
    "given",
    [
        *("", "2", "h", "-2h", "2y", "1.5h", "yesterday", "999999999d", "٢h"),
        *("2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z"),
        *("2026-01-31T25:00:00Z", "2026-01-31T12:00:00+99:00", "20260131T120000Z"),
    ],
)
def test_anything_else_is_refused(given: str) -> None:
    """A time without an offset, too: whose it is would be a guess."""
    with pytest.raises(typer.BadParameter, match="is no time"):
        moment_at(given, NOON)


def test_ago_is_counted_from_now() -> None:
    """On the system's clock."""
    assert moment("2h") < moment("1h")
