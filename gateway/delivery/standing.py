"""How a webhook's receiver stands after each answer, and when that is to be told."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from gateway.domain.model import Standing

DISABLED_AFTER = timedelta(days=5)
WARNED_AFTER = DISABLED_AFTER / 2
# An outage of our own, between one failure and the next, disables nobody: the failures
# before the one that disables have to be this far apart.
FAILURES_SPAN = timedelta(hours=12)


class Turn(Enum):
    """What of a receiver's standing is worth telling."""

    FAILING = auto()  # Nothing but failures for half of the time that disables it.
    HOPELESS = auto()  # Nothing but failures for too long: it is to be disabled.
    RECOVERED = auto()  # A success, after it was told of that it keeps failing.


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure as it bears on a receiver's standing.

    Attributes:
        error: What went wrong, in words.
        is_ours: Whether the receiver had no part in it: it is shown, and counts not.
        paused_until: When the receiver wants to be called again, if it said so.
    """

    error: str
    is_ours: bool = False
    paused_until: datetime | None = None


def after_success(before: Standing, now: datetime) -> tuple[Standing, Turn | None]:
    """Return the standing after a success, and what is to be told."""
    paused_until = before.paused_until
    if paused_until is not None and paused_until <= now:
        paused_until = None
    after = Standing(
        last_error=before.last_error,
        last_error_at=before.last_error_at,
        last_success_at=now,
        paused_until=paused_until,
    )
    return after, None if before.warned_at is None else Turn.RECOVERED


def after_failure(
    before: Standing, failure: Failure, now: datetime
) -> tuple[Standing, Turn | None]:
    """Return the standing after a failure, and what is to be told.

    A receiver is hopeless after 5 days of failures only, if those before this one
    already span 12 hours; it is failing after half of that, told once.
    """
    after = replace(before, last_error=failure.error, last_error_at=now)
    if failure.is_ours:
        return after, None
    since = before.failing_since or now
    after = replace(
        after,
        failing_since=since,
        paused_until=_later(before.paused_until, failure.paused_until),
    )
    if now - since >= DISABLED_AFTER and _span(before) >= FAILURES_SPAN:
        return after, Turn.HOPELESS
    if now - since >= WARNED_AFTER and before.warned_at is None:
        return replace(after, warned_at=now), Turn.FAILING
    return after, None


def afresh(before: Standing) -> Standing:
    """Return the standing of a webhook that was enabled, or has a new URL."""
    return Standing(
        last_error=before.last_error,
        last_error_at=before.last_error_at,
        last_success_at=before.last_success_at,
    )


def _span(standing: Standing) -> timedelta:
    """Return how far the first failure is from the last."""
    if standing.failing_since is None or standing.last_error_at is None:
        return timedelta()
    return standing.last_error_at - standing.failing_since


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
