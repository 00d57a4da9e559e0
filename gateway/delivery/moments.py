"""Moments that callers name: a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"([0-9]{1,9})([smhdw])")
_TIME = re.compile(  # RFC 3339, section 5.6
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def read_moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that a text names, in UTC; `None` if it names none.

    Args:
        text: A time (RFC 3339), or so long before `now`: 90s, 10m, 2h, 7d or 1w.
        now: The present, in UTC.
    """
    try:
        ago = _AGO.fullmatch(text)
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        if _TIME.fullmatch(text) is not None:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):  # The thirtieth of February; before year 1.
        return None
    return None
