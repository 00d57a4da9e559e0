"""Deliveries, for reading."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from gateway.delivery.ports import DeliveryFilter, DeliveryPage, DeliveryRow
from gateway.domain.model import Attempt, DeliveryState
from gateway.storage.cursors import cursor, place
from gateway.storage.rows import (
    ATTEMPT,
    DELIVERY,
    attempt_of,
    columns,
    delivery_of,
    maybe_moment,
    micros,
)
from gateway.storage.tables import attempt, delivery, event

LETTER = "d"
ABOUT = (event.c.type, event.c.room, event.c.message_id)
END_OF_DELIVERY = len(DELIVERY)
END_OF_ABOUT = END_OF_DELIVERY + len(ABOUT)

_other = attempt.alias()
_LAST = (
    select(func.max(_other.c.number))
    .where(_other.c.delivery_id == delivery.c.id)
    .scalar_subquery()
)
_ROWS = (
    select(*columns(delivery, DELIVERY), *ABOUT, *columns(attempt, ATTEMPT))
    .join(event, event.c.seq == delivery.c.event_seq)
    .outerjoin(
        attempt,
        (attempt.c.delivery_id == delivery.c.id) & (attempt.c.number == _LAST),
    )
)


def next_due_at(connection: Connection, webhook_id: str) -> datetime | None:
    """Return when the next delivery of a webhook is due; `None` if none is."""
    soonest = [
        connection.execute(
            select(func.min(delivery.c.next_attempt_at)).where(
                delivery.c.state == state.value, delivery.c.webhook_id == webhook_id
            )
        ).scalar_one()
        for state in (DeliveryState.PENDING, DeliveryState.RETRYING)
    ]
    return maybe_moment(min((at for at in soonest if at is not None), default=None))


def get(
    connection: Connection, delivery_id: str
) -> tuple[DeliveryRow, Sequence[Attempt]] | None:
    """Return a delivery with its attempts, oldest first."""
    found = connection.execute(_ROWS.where(delivery.c.id == delivery_id)).one_or_none()
    if found is None:
        return None
    attempts = connection.execute(
        select(*columns(attempt, ATTEMPT))
        .where(attempt.c.delivery_id == delivery_id)
        .order_by(attempt.c.number)
    )
    return _row(found), [attempt_of(row) for row in attempts]


def page(connection: Connection, query: DeliveryFilter) -> DeliveryPage:
    """Return a page, newest first. `Invalid` if the cursor is not one of ours."""
    # The numbers first: to sort whole rows of which a million fit takes many seconds.
    numbers = select(delivery.c.number).where(*_conditions(query))
    if query.events is not None:
        numbers = numbers.join(event, event.c.seq == delivery.c.event_seq)
    newest = numbers.order_by(delivery.c.number.desc()).limit(query.limit + 1)
    found = connection.execute(
        _ROWS.where(delivery.c.number.in_(newest.scalar_subquery())).order_by(
            delivery.c.number.desc()
        )
    ).all()
    rows = found[: query.limit]
    is_last = len(found) <= query.limit
    return DeliveryPage(
        [_row(row) for row in rows],
        None if is_last else cursor(LETTER, rows[-1][0]),
    )


def _conditions(query: DeliveryFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        column.in_(tuple(wanted))
        for column, wanted in (
            (delivery.c.state, query.states),
            (delivery.c.webhook_id, query.webhook_ids),
            (event.c.type, query.events),
        )
        if wanted is not None
    ]
    if query.since is not None:
        conditions.append(delivery.c.created_at >= micros(query.since))
    if query.until is not None:
        conditions.append(delivery.c.created_at < micros(query.until))
    before = place(LETTER, query.cursor)
    if before is not None:
        conditions.append(delivery.c.number < before)
    return conditions


def _row(values: Sequence[Any]) -> DeliveryRow:
    event_type, room, message_id = values[END_OF_DELIVERY:END_OF_ABOUT]
    last = values[END_OF_ABOUT:]
    return DeliveryRow(
        delivery=delivery_of(values[:END_OF_DELIVERY]),
        event_type=event_type,
        room=room,
        message_id=message_id,
        last_attempt=None if last[0] is None else attempt_of(last),
    )
