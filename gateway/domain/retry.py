"""What becomes of a delivery after an attempt."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from random import Random

from gateway.domain.model import Outcome, Webhook

JITTER = 0.2  # Share of a delay that may be added to it; nothing is ever taken off.
MAX_RETRY_AFTER = timedelta(hours=24)

_SUCCESS = range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES)
_PAUSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_HTTP_DATES = (  # RFC 9110, section 5.6.7: the present form, and the two before it.
    "%a, %d %b %Y %H:%M:%S GMT",
    "%A, %d-%b-%y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S %Y",
)


class Reason(StrEnum):
    """Why a delivery is given up."""

    GONE = "gone"
    STOPPED = "stopped"
    EXHAUSTED = "exhausted"
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The same delivery is to be attempted again.

    Attributes:
        at: Not before this moment.
        schedule_index: The delivery's place in the schedule from now on; unchanged if
            the receiver named a time, because such a wait burns no attempt.
        pause_webhook_until: Nothing at all goes to the webhook before this moment;
            `None` if the others may go on.
    """

    at: datetime
    schedule_index: int
    pause_webhook_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The delivery is dead.

    Attributes:
        disables: Whether the webhook is to be disabled, with the same reason.
        pause_webhook_until: As for `TryAgain`: the others have to wait all the same.
    """

    reason: Reason
    disables: bool = False
    pause_webhook_until: datetime | None = None


Verdict = Delivered | TryAgain | GiveUp


def judge(
    outcome: Outcome,
    *,
    webhook: Webhook,
    schedule_index: int,
    created_at: datetime,
    now: datetime,
    rng: Random,
) -> Verdict:
    """Say what becomes of a delivery after an attempt.

    A 2xx is a success unless the answer broke off. 410 gives up and disables the
    webhook; a status in `stop_on` gives up. 429 and 503 with a `Retry-After`, of which
    at most 24 h count, pause the whole webhook, whatever becomes of this delivery. All
    else is tried again by the webhook's schedule, with up to a fifth added to each
    delay.

    Args:
        outcome: What came back.
        webhook: Whose schedule, `stop_on` and `max_age` count.
        schedule_index: How many steps of the schedule the delivery has used.
        created_at: When the delivery came to be.
        now: When the attempt ended.
        rng: Source of the jitter.

    Source: Standard Webhooks, "Deliverability and reliability".
    """
    if is_success(outcome):
        return Delivered()
    if outcome.status == HTTPStatus.GONE:
        return GiveUp(Reason.GONE, disables=True)
    pause_until = _pause_until(outcome, now, rng)
    if outcome.status in webhook.stop_on:
        return GiveUp(Reason.STOPPED, pause_webhook_until=pause_until)
    if pause_until is not None:
        again = TryAgain(pause_until, schedule_index, pause_until)
    elif schedule_index < len(webhook.schedule_s):
        delay = timedelta(seconds=webhook.schedule_s[schedule_index])
        again = TryAgain(now + _jittered(delay, rng), schedule_index + 1)
    else:
        return GiveUp(Reason.EXHAUSTED)
    is_over = is_too_old(webhook, created_at=created_at, now=again.at)
    return GiveUp(Reason.TOO_OLD, pause_webhook_until=pause_until) if is_over else again


def is_success(outcome: Outcome) -> bool:
    """Say whether the receiver took it: a 2xx that came whole."""
    return outcome.error_class is None and outcome.status in _SUCCESS


def is_too_old(webhook: Webhook, *, created_at: datetime, now: datetime) -> bool:
    """Say whether nobody wants a delivery any more, by the webhook's `max_age`."""
    return webhook.max_age is not None and now - created_at > webhook.max_age


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Return the wait that a `Retry-After` asks for, between 1 s and 24 h.

    Returns:
        `None` for no header, for one that cannot be read, and for a wait of nothing,
        which would let a receiver have itself called without end.

    Source: RFC 9110, section 10.2.3.
    """
    text = "" if value is None else value.strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    else:
        moment = _http_date(text)
        if moment is None:
            return None
        seconds = (moment - now).total_seconds()
    if seconds <= 0:
        return None
    return timedelta(
        seconds=min(max(1, math.ceil(seconds)), MAX_RETRY_AFTER.total_seconds())
    )


def _pause_until(outcome: Outcome, now: datetime, rng: Random) -> datetime | None:
    """Return until when a receiver wants to be left alone, if it said so."""
    if outcome.status not in _PAUSING:
        return None
    asked = retry_after(outcome.headers.get("retry-after"), now=now)
    if asked is None:
        return None
    return now + min(_jittered(asked, rng), MAX_RETRY_AFTER)


def _jittered(delay: timedelta, rng: Random) -> timedelta:
    return delay * (1 + JITTER * rng.random())


def _http_date(text: str) -> datetime | None:
    for form in _HTTP_DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
