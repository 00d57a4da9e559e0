"""Times as they are given on the command line."""

import re
from datetime import datetime, timedelta
from typing import Final

import typer

from gateway.domain.rendering import rfc3339

METAVAR: Final = "AGO|TIME"

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"([0-9]{1,9})([smhd])")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def moment(given: str) -> str:
    """Return a time in RFC 3339, which may be given as so long ago: `2h`.

    Raises:
        typer.BadParameter: It is neither. The caller's fault.
    """
    from gateway.system import SystemClock  # noqa: PLC0415 - not for --help

    return moment_at(given, SystemClock().now())


def moment_at(given: str, now: datetime) -> str:
    """Return what `moment` does, with so long ago counted back from `now`."""
    ago = _AGO.fullmatch(given)
    try:
        if ago is not None:
            return rfc3339(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
        if _TIME.fullmatch(given) is not None:
            datetime.fromisoformat(given.upper())
            return given.upper().replace(" ", "T")
    except (ValueError, OverflowError):
        pass  # The thirtieth of February, or before there were years.
    detail = f"{given!r} is no time: say 30m, 2h or 7d ago, or 2026-01-31T12:00:00Z."
    raise typer.BadParameter(detail)
