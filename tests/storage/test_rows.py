"""Events, deliveries and attempts as rows and back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    ErrorClass,
    Event,
    EventType,
)
from gateway.storage.rows import (
    ATTEMPT,
    DELIVERY,
    EVENT,
    RECORDED,
    attempt_of,
    delivery_of,
    event_of,
    maybe_micros,
    maybe_moment,
    micros,
    moment_of,
    row_before_claim,
    row_of_attempt,
    row_of_delivery,
    row_of_event,
    row_of_record,
    span,
)
from tests.fakes.clock import NOON

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  # Hypothesis wants it naive.
    timezones=st.just(UTC),
)
TEXTS = st.none() | st.text()


@given(moment=MOMENTS)
def test_a_moment_comes_back_to_the_microsecond(moment: datetime) -> None:
    """No moment is changed by being stored."""
    assert moment_of(micros(moment)) == moment
    assert maybe_moment(maybe_micros(moment)) == moment


@given(duration=st.timedeltas())
def test_a_duration_comes_back_to_the_microsecond(duration: timedelta) -> None:
    """No duration is changed by being stored."""
    assert timedelta(microseconds=span(duration)) == duration


def test_no_moment_stays_none() -> None:
    """A moment that there is none of is NULL."""
    assert maybe_micros(None) is None
    assert maybe_moment(None) is None


@given(
    event=st.builds(
        Event,
        id=st.text(),
        type=st.sampled_from(EventType),
        room=TEXTS,
        at=MOMENTS,
        data=TEXTS,
        message_id=TEXTS,
        message_type=TEXTS,
        from_name=TEXTS,
        webhook_id=TEXTS,
        key_id=TEXTS,
        traceparent=TEXTS,
        seq=st.just(7),
    )
)
def test_an_event_comes_back(event: Event) -> None:
    """Every field of an event has its column."""
    row = row_of_event(event, 7)

    assert len(row) == len(EVENT)
    assert event_of(row) == event


@given(
    delivery=st.builds(
        Delivery,
        id=st.text(),
        webhook_id=st.text(),
        event_id=st.text(),
        event_seq=st.integers(),
        state=st.sampled_from(
            [state for state in DeliveryState if state is not DeliveryState.IN_FLIGHT]
        ),
        created_at=MOMENTS,
        attempts=st.integers(),
        schedule_index=st.integers(),
        next_attempt_at=st.none() | MOMENTS,
        finished_at=st.none() | MOMENTS,
        reason=TEXTS,
        traceparent=TEXTS,
    )
)
def test_a_delivery_comes_back(delivery: Delivery) -> None:
    """Every field of a delivery has its column; recording writes those that change."""
    row = row_of_delivery(delivery, 1)
    recorded = dict(zip((*RECORDED, "id"), row_of_record(delivery), strict=True))

    assert delivery_of(row) == delivery
    assert recorded.items() <= dict(zip(DELIVERY, row, strict=True)).items()


def test_a_delivery_in_flight_is_not_due() -> None:
    """Though its row keeps when it was due, one in flight is due at no time."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    delivery = Delivery(
        "dlv_1", "wh_1", "evt_1", 1, DeliveryState.IN_FLIGHT, moment,
        next_attempt_at=moment,
    )  # fmt: skip

    assert delivery_of(row_of_delivery(delivery, 1)).next_attempt_at is None


@given(
    attempt=st.builds(
        Attempt,
        id=st.text(),
        delivery_id=st.text(),
        number=st.integers(),
        started_at=MOMENTS,
        duration=st.timedeltas(),
        status=st.none() | st.integers(),
        error_class=st.none() | st.sampled_from(ErrorClass),
        detail=TEXTS,
        verdict=st.text(),
        response=TEXTS,
    )
)
def test_an_attempt_comes_back(attempt: Attempt) -> None:
    """Every field of an attempt has its column."""
    row = row_of_attempt(attempt)

    assert len(row) == len(ATTEMPT)
    assert attempt_of(row) == attempt


def test_the_row_before_a_claim_is_that_of_a_new_delivery() -> None:
    """It differs from the claimed one in what a claim changes, and in nothing else."""
    claimed = Delivery(
        "dlv_1", "wh_1", "evt_1", 7, DeliveryState.IN_FLIGHT, NOON, traceparent="00-1"
    )
    pending = replace(claimed, state=DeliveryState.PENDING, next_attempt_at=NOON)

    assert row_before_claim(claimed, 3) == row_of_delivery(pending, 3)
