"""Retry: what becomes of a delivery, case by case and at large."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, strategies as st
from typing_extensions import override

from gateway.domain import retry
from gateway.domain.model import DEFAULT_SCHEDULE_S, ErrorClass, Outcome
from gateway.domain.retry import Delivered, GiveUp, Reason, TryAgain, Verdict
from tests.domain.nouns import WEBHOOK
from tests.fakes.clock import NOON

SHARES = st.floats(0, 1, exclude_max=True)
DAY = timedelta(hours=24)
AGES = st.timedeltas(timedelta(), timedelta(days=10))


class Jitter(Random):
    """Chance that always says the same: 0 is no jitter, 1 all of it."""

    def __init__(self, share: float) -> None:
        super().__init__(0)
        self._share = share

    @override
    def random(self) -> float:
        return self._share


NO_JITTER = Jitter(0.0)
FULL_JITTER = Jitter(1.0)


def answered(
    status: int | None,
    headers: Mapping[str, str] | None = None,
    error_class: ErrorClass | None = None,
) -> Outcome:
    """Return the outcome of a request answered with a status."""
    is_success = status is not None and 200 <= status < 300
    return Outcome(
        status=status,
        error_class=error_class or (None if is_success else ErrorClass.HTTP_STATUS),
        duration=timedelta(milliseconds=5),
        headers=headers or {},
    )


def judged(outcome: Outcome, *, index: int = 0, rng: Random = NO_JITTER) -> Verdict:
    """Judge an outcome at noon, for a delivery made then."""
    return retry.judge(
        outcome,
        webhook=WEBHOOK,
        schedule_index=index,
        created_at=NOON,
        now=NOON,
        rng=rng,
    )


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_a_2xx_is_delivered(status: int) -> None:
    """Any 2xx means that the receiver has it."""
    assert judged(answered(status)) == Delivered()


@pytest.mark.parametrize(
    "outcome",
    [
        *(answered(status) for status in (100, 199, 300, 301, 400, 404, 429, 500, 503)),
        answered(307, error_class=ErrorClass.REDIRECT),
        answered(200, error_class=ErrorClass.TIMEOUT_TOTAL),
        *(answered(None, error_class=each) for each in ErrorClass),
    ],
)
def test_every_other_outcome_is_tried_again(outcome: Outcome) -> None:
    """Whatever else came back, the first step of the schedule follows."""
    assert judged(outcome) == TryAgain(NOON + timedelta(seconds=5), schedule_index=1)


def test_gone_gives_up_and_disables() -> None:
    """410 says that nobody lives there any more."""
    assert judged(answered(410)) == GiveUp(Reason.GONE, disables=True)


def test_gone_disables_whatever_else_stops() -> None:
    """410 disables also where it is not among the statuses that stop."""
    verdict = retry.judge(
        answered(410),
        webhook=replace(WEBHOOK, stop_on=()),
        schedule_index=0,
        created_at=NOON,
        now=NOON,
        rng=NO_JITTER,
    )

    assert verdict == GiveUp(Reason.GONE, disables=True)


def test_a_status_that_stops_gives_up_alone() -> None:
    """A status of `stop_on` ends the delivery, and the webhook lives on."""
    verdict = retry.judge(
        answered(422),
        webhook=replace(WEBHOOK, stop_on=(422,)),
        schedule_index=0,
        created_at=NOON,
        now=NOON,
        rng=NO_JITTER,
    )

    assert verdict == GiveUp(Reason.STOPPED)


def test_who_asks_to_wait_is_heard_even_if_the_delivery_ends() -> None:
    """A 429 in `stop_on`, or past the age, pauses the webhook for the others."""
    outcome = answered(429, {"retry-after": "600"})
    stopping = replace(WEBHOOK, stop_on=(429,))
    hurried = replace(WEBHOOK, max_age=timedelta(minutes=1))

    verdicts = [
        retry.judge(
            outcome,
            webhook=webhook,
            schedule_index=0,
            created_at=NOON,
            now=NOON,
            rng=NO_JITTER,
        )
        for webhook in (stopping, hurried)
    ]

    until = NOON + timedelta(minutes=10)
    assert verdicts == [
        GiveUp(Reason.STOPPED, pause_webhook_until=until),
        GiveUp(Reason.TOO_OLD, pause_webhook_until=until),
    ]


def test_the_schedule_is_walked_to_its_end() -> None:
    """Each failure takes the next step; after the last the delivery is dead."""
    index = 0
    delays: list[float] = []
    while isinstance(verdict := judged(answered(500), index=index), TryAgain):
        delays.append((verdict.at - NOON).total_seconds())
        index = verdict.schedule_index

    assert tuple(delays) == DEFAULT_SCHEDULE_S
    assert sum(delays) == timedelta(hours=74, minutes=22).total_seconds() + 35
    assert verdict == GiveUp(Reason.EXHAUSTED)


def test_an_empty_schedule_tries_once() -> None:
    """Without a schedule the first failure is the last."""
    verdict = retry.judge(
        answered(500),
        webhook=replace(WEBHOOK, schedule_s=()),
        schedule_index=0,
        created_at=NOON,
        now=NOON,
        rng=NO_JITTER,
    )

    assert verdict == GiveUp(Reason.EXHAUSTED)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["120", "Sat, 14 Mar 2026 12:02:00 GMT"])
@pytest.mark.parametrize("index", [0, len(DEFAULT_SCHEDULE_S)])
def test_a_receiver_may_name_the_time(status: int, value: str, index: int) -> None:
    """Retry-After pauses the whole webhook and burns no step, not even the last."""
    verdict = judged(answered(status, {"retry-after": value}), index=index)

    until = NOON + timedelta(seconds=120)
    assert verdict == TryAgain(until, index, pause_webhook_until=until)


@pytest.mark.parametrize("status", [400, 500, 502, 301])
def test_other_statuses_name_no_time(status: int) -> None:
    """Retry-After counts with 429 and 503 only."""
    verdict = judged(answered(status, {"retry-after": "120"}))

    assert verdict == TryAgain(NOON + timedelta(seconds=5), schedule_index=1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("1e3", None),
        ("9" * 400, None),
        ("Sat, 14 Mar 2026 11:59:59 GMT", None),
        ("Sat, 14 Mar 2026 12:00:00 +0100", None),
        ("0.3", timedelta(seconds=1)),
        ("1.2", timedelta(seconds=2)),
        (" 7 ", timedelta(seconds=7)),
        ("86400", DAY),
        ("86401", DAY),
        ("999999999999", DAY),
        ("Sat, 14 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Saturday, 14-Mar-26 12:00:30 GMT", timedelta(seconds=30)),
        ("Sat Mar 14 12:00:30 2026", timedelta(seconds=30)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Sat, 32 Mar 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    value: str | None, expected: timedelta | None
) -> None:
    """Both forms are read, up to 24 h; a wait of nothing is no wait."""
    assert retry.retry_after(value, now=NOON) == expected


@given(st.text() | st.from_regex(r"[0-9.]{0,20}"))
def test_no_retry_after_makes_judging_fail(value: str) -> None:
    """Whatever a receiver writes there, the wait is at most 24 h or the schedule's."""
    verdict = judged(answered(503, {"retry-after": value}))

    assert isinstance(verdict, TryAgain)
    assert NOON < verdict.at <= NOON + DAY


@given(seconds=st.integers(1, 200_000), share=SHARES)
def test_nothing_happens_before_retry_after(seconds: int, share: float) -> None:
    """Jitter only ever adds, and never beyond 24 h."""
    verdict = judged(answered(429, {"retry-after": str(seconds)}), rng=Jitter(share))

    assert isinstance(verdict, TryAgain)
    assert min(timedelta(seconds=seconds), DAY) <= verdict.at - NOON <= DAY
    assert verdict.pause_webhook_until == verdict.at


@given(index=st.integers(0, len(DEFAULT_SCHEDULE_S) - 1), share=SHARES)
def test_nothing_happens_before_the_schedule(index: int, share: float) -> None:
    """The wait is the schedule's and at most a fifth more."""
    step = timedelta(seconds=DEFAULT_SCHEDULE_S[index])

    verdict = judged(answered(500), index=index, rng=Jitter(share))

    assert isinstance(verdict, TryAgain)
    assert step <= verdict.at - NOON <= 1.2 * step
    assert verdict.pause_webhook_until is None


def test_full_jitter_is_a_fifth() -> None:
    """The most that chance can add is 20 %."""
    verdict = judged(answered(500), rng=FULL_JITTER)

    assert verdict == TryAgain(NOON + timedelta(seconds=6), schedule_index=1)


@pytest.mark.parametrize(
    ("max_age_s", "expected"),
    [
        (None, TryAgain(NOON + timedelta(seconds=5), 1)),
        (65, TryAgain(NOON + timedelta(seconds=5), 1)),
        (64, GiveUp(Reason.TOO_OLD)),
    ],
)
def test_a_delivery_too_old_by_then_is_given_up(
    max_age_s: int | None, expected: Verdict
) -> None:
    """No attempt is planned for a time at which nobody would want it."""
    max_age = None if max_age_s is None else timedelta(seconds=max_age_s)

    verdict = retry.judge(
        answered(500),
        webhook=replace(WEBHOOK, max_age=max_age),
        schedule_index=0,
        created_at=NOON - timedelta(seconds=60),
        now=NOON,
        rng=NO_JITTER,
    )

    assert verdict == expected


@given(age=AGES, max_age=st.none() | AGES)
def test_only_a_limit_makes_a_delivery_too_old(
    age: timedelta, max_age: timedelta | None
) -> None:
    """A delivery is too old once it is older than its webhook allows."""
    webhook = replace(WEBHOOK, max_age=max_age)

    too_old = retry.is_too_old(webhook, created_at=NOON, now=NOON + age)

    assert too_old is (max_age is not None and age > max_age)


def test_a_date_far_away_is_in_utc() -> None:
    """A date is read as UTC, whatever the machine's own zone."""
    now = datetime(2026, 7, 1, 0, 0, 0, tzinfo=UTC)

    wait = retry.retry_after("Wed, 01 Jul 2026 00:01:00 GMT", now=now)

    assert wait == timedelta(seconds=60)
