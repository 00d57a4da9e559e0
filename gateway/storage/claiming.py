"""Claims: due deliveries marked `in_flight`, with what they are rendered from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Update,
    bindparam,
    case,
    select,
    union_all,
    update,
)

from gateway.delivery.ports import Due
from gateway.domain.model import DeliveryState
from gateway.domain.rendering import INLINE_ATTACHMENT_BYTES
from gateway.storage import turns
from gateway.storage.fresh import Fresh
from gateway.storage.message_rows import MESSAGE, message_of
from gateway.storage.moving import NOT_RELEASED
from gateway.storage.rows import (
    DELIVERY,
    EVENT,
    columns,
    delivery_of,
    event_of,
    micros,
)
from gateway.storage.tables import attachment_chunk, delivery, event, message

OWED = (DeliveryState.PENDING.value, DeliveryState.RETRYING.value)
END_OF_DELIVERY = len(DELIVERY)
END_OF_EVENT = END_OF_DELIVERY + len(EVENT)


@dataclass(slots=True, eq=False)
class Claim:
    """Somebody's wish for due deliveries, and what it got.

    Attributes:
        is_barred: Says, inside the commit, whether it is to get nothing.
        doubtful: Ids of deliveries that a claim before this one may have marked
            without anybody having got them: they are there to be claimed again.
    """

    webhook_id: str
    limit: int
    now: datetime | None = None
    is_barred: Callable[[], bool] = lambda: False
    doubtful: Sequence[str] = ()
    due: Sequence[Due] = field(default_factory=tuple)


def _oldest_due(state: str) -> Select[Any]:
    # One state at a time, and the index gives the rows in their order: the cost of a
    # claim does not grow with how many are due.
    return (
        select(delivery.c.number, delivery.c.next_attempt_at)
        .where(
            delivery.c.state == state,
            delivery.c.webhook_id == bindparam("webhook"),
            delivery.c.next_attempt_at <= bindparam("now"),
        )
        .order_by(delivery.c.next_attempt_at, delivery.c.number)
        .limit(bindparam("most"))
    )


def _take() -> Update:
    halves = [select(_oldest_due(state).subquery()) for state in OWED]
    due = union_all(*halves).subquery()
    oldest = (
        select(due.c.number)
        .order_by(due.c.next_attempt_at, due.c.number)
        .limit(bindparam("most"))
    )
    return (
        update(delivery)
        .where(delivery.c.number.in_(oldest.scalar_subquery()))
        .values(state=DeliveryState.IN_FLIGHT.value, reason=None)
    )


_TAKE = _take().returning(delivery.c.next_attempt_at, delivery.c.number)
_IS_MARKED = delivery.c.reason.is_not(None)  # to be held if it comes back
_IS_DROPPED = delivery.c.reason == NOT_RELEASED
_FREE = (
    update(delivery)
    .where(
        delivery.c.id.in_(bindparam("ids", expanding=True)),
        delivery.c.state == DeliveryState.IN_FLIGHT.value,
    )
    .values(
        state=case(
            (_IS_DROPPED, DeliveryState.CANCELLED.value),
            (_IS_MARKED, DeliveryState.HELD.value),
            (delivery.c.attempts == 0, DeliveryState.PENDING.value),
            else_=DeliveryState.RETRYING.value,
        ),
        next_attempt_at=case((_IS_MARKED, None), else_=delivery.c.next_attempt_at),
        finished_at=case((_IS_DROPPED, bindparam("now", type_=BigInteger))),
    )
    .returning(delivery.c.order_key)
)
_LOAD = (
    select(
        *columns(delivery, DELIVERY), *columns(event, EVENT), *columns(message, MESSAGE)
    )
    .join(event, event.c.seq == delivery.c.event_seq)
    .outerjoin(message, message.c.id == event.c.message_id)
    .where(delivery.c.number.in_(bindparam("numbers", expanding=True)))
)
_SMALL = select(attachment_chunk.c.message_id, attachment_chunk.c.data).where(
    attachment_chunk.c.message_id.in_(bindparam("ids", expanding=True))
)


def run(connection: Connection, claims: list[Claim], fresh: Fresh) -> None:
    """Carry out claims, in their order; no delivery goes to two of them.

    Args:
        connection: In the transaction, after all else in it.
        claims: What is wished for.
        fresh: Where most of it need only be looked up.
    """
    taken = {claim: _taken(connection, claim) for claim in claims}
    found: dict[int, Due] = {}
    for claim, numbers in taken.items():
        found |= fresh.take(claim.webhook_id, set(numbers))
    every = [number for numbers in taken.values() for number in numbers]
    if len(found) < len(every):
        missing = [number for number in every if number not in found]
        found |= _loaded(connection, missing)
    for claim, numbers in taken.items():
        claim.due = [found[number] for number in numbers if number in found]


def _free(connection: Connection, claim: Claim, now: int) -> None:
    """Undo what claims before may have done; whose turn that was, it is another's."""
    freed = {"ids": list(claim.doubtful), "now": now}
    keys = set(connection.execute(_FREE, freed).scalars()) - {None}
    turns.give(connection, {(claim.webhook_id, key): now for key in keys})


def _taken(connection: Connection, claim: Claim) -> Sequence[int]:
    """Return the numbers of what a claim got, what was due first before the rest."""
    if claim.now is None:
        raise AssertionError(claim)
    if claim.doubtful:
        _free(connection, claim, micros(claim.now))
    if claim.is_barred():
        return ()
    values = {
        "webhook": claim.webhook_id,
        "now": micros(claim.now),
        "most": claim.limit,
    }
    rows = connection.execute(_TAKE, values).all()
    return [number for _, number in sorted(rows)]


def _loaded(connection: Connection, numbers: list[int]) -> dict[int, Due]:
    rows = connection.execute(_LOAD, {"numbers": numbers}).all()
    small = _small_attachments(connection, rows)
    return {row[0]: _due(row, small) for row in rows}


def _due(row: Sequence[Any], attachments: dict[str, bytes]) -> Due:
    about = row[END_OF_EVENT:]
    is_message = about[0] is not None
    return Due(
        delivery=delivery_of(row[:END_OF_DELIVERY]),
        event=event_of(row[END_OF_DELIVERY:END_OF_EVENT]),
        message=message_of(about) if is_message else None,
        attachment=attachments.get(about[1]) if is_message else None,
    )


def _small_attachments(
    connection: Connection, rows: Sequence[Sequence[Any]]
) -> dict[str, bytes]:
    size = END_OF_EVENT + MESSAGE.index("attachment_size")
    ids = {
        row[END_OF_EVENT + 1]
        for row in rows
        if row[size] is not None and row[size] <= INLINE_ATTACHMENT_BYTES
    }
    if not ids:
        return {}
    found = connection.execute(_SMALL, {"ids": sorted(ids)}).all()
    # One of no bytes has no chunk, one of 64 KiB a single one.
    return dict.fromkeys(ids, b"") | {row[0]: row[1] for row in found}
