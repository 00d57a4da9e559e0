"""Events, deliveries and attempts as rows and back; times as whole microseconds."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table

from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    ErrorClass,
    Event,
    EventType,
)
from gateway.storage import tables

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Values = Sequence[Any]
Row = tuple[object, ...]

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def micros(moment: datetime) -> int:
    """Return an aware datetime as whole microseconds since 1970."""
    return span(moment - EPOCH)


def span(duration: timedelta) -> int:
    """Return a duration as whole microseconds."""
    return (duration.days * 86_400 + duration.seconds) * 1_000_000 + (
        duration.microseconds
    )


def moment_of(value: int) -> datetime:
    """Return the moment that many microseconds after 1970, in UTC."""
    return EPOCH + timedelta(microseconds=value)


def maybe_micros(moment: datetime | None) -> int | None:
    """Return a moment as microseconds, if there is one."""
    return None if moment is None else micros(moment)


def maybe_moment(value: int | None) -> datetime | None:
    """Return microseconds as a moment, if there are any."""
    return None if value is None else moment_of(value)


def columns(table: Table, names: Iterable[str]) -> list[ColumnElement[Any]]:
    """Return columns by name, in the order of the names."""
    return [table.c[name] for name in names]


EVENT = tuple(column.name for column in tables.event.columns)


def row_of_event(event: Event, seq: int) -> Row:
    """Return an event in the order of `EVENT`."""
    return (
        seq,
        event.id,
        event.type.value,
        event.room,
        micros(event.at),
        event.data,
        event.message_id,
        event.message_type,
        event.from_name,
        event.webhook_id,
        event.key_id,
        event.traceparent,
    )


def event_of(values: Values) -> Event:
    """Return the event of a row in the order of `EVENT`."""
    seq, event_id, kind, room, at, data, *rest = values
    message_id, message_type, from_name, webhook_id, key_id, traceparent = rest
    return Event(
        id=event_id,
        type=EventType(kind),
        room=room,
        at=moment_of(at),
        data=data,
        message_id=message_id,
        message_type=message_type,
        from_name=from_name,
        webhook_id=webhook_id,
        key_id=key_id,
        traceparent=traceparent,
        seq=seq,
    )


DELIVERY = (
    "number", "id", "webhook_id", "event_id", "event_seq", "state", "created_at",
    "attempts", "schedule_index", "next_attempt_at", "finished_at", "reason",
    "traceparent", "order_key", "replay_id",
)  # fmt: skip
RECORDED = (
    "state", "attempts", "schedule_index", "next_attempt_at", "finished_at", "reason",
)  # fmt: skip


def row_of_delivery(delivery: Delivery, number: int) -> Row:
    """Return a delivery in the order of `DELIVERY`."""
    return (
        number,
        delivery.id,
        delivery.webhook_id,
        delivery.event_id,
        delivery.event_seq,
        delivery.state.value,
        micros(delivery.created_at),
        delivery.attempts,
        delivery.schedule_index,
        maybe_micros(delivery.next_attempt_at),
        maybe_micros(delivery.finished_at),
        delivery.reason,
        delivery.traceparent,
        delivery.order_key,
        delivery.replay_id,
    )


def row_before_claim(claimed: Delivery, number: int) -> Row:
    """Return the row that a new delivery has until its first claim makes it this one.

    It is due from the moment it was made.
    """
    created_at = micros(claimed.created_at)
    return (
        number,
        claimed.id,
        claimed.webhook_id,
        claimed.event_id,
        claimed.event_seq,
        DeliveryState.PENDING.value,
        created_at,
        0,
        0,
        created_at,
        None,
        None,
        claimed.traceparent,
        None,
        None,
    )


def row_of_record(delivery: Delivery) -> Row:
    """Return a delivery's state in the order of `RECORDED`, and its id."""
    return (
        delivery.state.value,
        delivery.attempts,
        delivery.schedule_index,
        maybe_micros(delivery.next_attempt_at),
        maybe_micros(delivery.finished_at),
        delivery.reason,
        delivery.id,
    )


def delivery_of(values: Values) -> Delivery:
    """Return the delivery of a row in the order of `DELIVERY`."""
    _, delivery_id, webhook_id, event_id, event_seq, state, created_at, *rest = values
    attempts, schedule_index, next_at, finished_at, reason, *about = rest
    traceparent, order_key, replay_id = about
    return Delivery(
        id=delivery_id,
        webhook_id=webhook_id,
        event_id=event_id,
        event_seq=event_seq,
        state=DeliveryState(state),
        created_at=moment_of(created_at),
        attempts=attempts,
        schedule_index=schedule_index,
        # In flight, the row still says when it was due: claims are sorted by that.
        next_attempt_at=None if state == "in_flight" else maybe_moment(next_at),
        finished_at=maybe_moment(finished_at),
        reason=reason,
        traceparent=traceparent,
        order_key=order_key,
        replay_id=replay_id,
    )


ATTEMPT = tuple(column.name for column in tables.attempt.columns)


def row_of_attempt(attempt: Attempt) -> Row:
    """Return an attempt in the order of `ATTEMPT`."""
    return (
        attempt.delivery_id,
        attempt.number,
        attempt.id,
        micros(attempt.started_at),
        span(attempt.duration),
        attempt.status,
        attempt.error_class,
        attempt.detail,
        attempt.verdict,
        attempt.response,
        attempt.reply_message_id,
        attempt.reply_skipped,
    )


def attempt_of(values: Values) -> Attempt:
    """Return the attempt of a row in the order of `ATTEMPT`."""
    delivery_id, number, attempt_id, started_at, duration, status, *rest = values
    error_class, detail, verdict, response, reply_id, reply_skipped = rest
    return Attempt(
        id=attempt_id,
        delivery_id=delivery_id,
        number=number,
        started_at=moment_of(started_at),
        duration=timedelta(microseconds=duration),
        status=status,
        error_class=None if error_class is None else ErrorClass(error_class),
        detail=detail,
        verdict=verdict,
        response=response,
        reply_message_id=reply_id,
        reply_skipped=reply_skipped,
    )
