"""Times as they are given on the command line."""

from datetime import datetime
from typing import Final

import typer

from gateway.domain.rendering import rfc3339

METAVAR: Final = "AGO|TIME"


def moment(given: str) -> str:
    """Return a time in RFC 3339, which may be given as so long ago: `2h`.

    Raises:
        typer.BadParameter: It is neither. The caller's fault.
    """
    from gateway.system import SystemClock  # noqa: PLC0415 - not for --help

    return moment_at(given, SystemClock().now())


def moment_at(given: str, now: datetime) -> str:
    """Return what `moment` does, with so long ago counted back from `now`."""
    from gateway.delivery.moments import read_moment  # noqa: PLC0415 - as above

    found = read_moment(given, now)
    if found is None:
        detail = (
            f"{given!r} is no time: say how long ago (30m, 2h, 7d),"
            " or 2026-01-31T12:00:00Z."
        )
        raise typer.BadParameter(detail)
    return rfc3339(found)
