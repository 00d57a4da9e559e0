"""Events of the past, looked through a stretch of the log at a time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from gateway.delivery.ports import Recall, Recalled
from gateway.domain.model import DeliveryState, EventType, Replay, ReplayOnly
from gateway.domain.routing import is_subscribed
from gateway.storage.message_rows import MESSAGE, message_of
from gateway.storage.rows import EVENT, columns, event_of, micros
from gateway.storage.tables import delivery, event, message

END_OF_EVENT = len(EVENT)

# What the webhook has got, or will get unless something keeps it from that.
COVERED = frozenset(
    {
        DeliveryState.PENDING.value,
        DeliveryState.IN_FLIGHT.value,
        DeliveryState.RETRYING.value,
        DeliveryState.HELD.value,
        DeliveryState.DELIVERED.value,
    }
)


def recall(
    connection: Connection, replay: Replay, limit: int, *, messages: bool
) -> Recall:
    """Look at the next `limit` events; see the port `Replays`."""
    seqs = _next(connection, replay, limit)
    reach = seqs[-1] if len(seqs) == limit else replay.last
    if not seqs:
        return Recall((), reach)
    fitting = _fitting(connection, replay, reach, messages=messages)
    if replay.only is not ReplayOnly.ALL:
        dead, covered = _owed(connection, replay, reach)
        fitting = [
            row
            for row in fitting
            if row[0] not in covered
            and (replay.only is ReplayOnly.MISSING or row[0] in dead)
        ]
    return Recall([_recalled(row) for row in fitting], reach)


def _next(connection: Connection, replay: Replay, limit: int) -> Sequence[int]:
    query = (
        select(event.c.seq)
        .where(event.c.seq > replay.position, event.c.seq <= replay.last)
        .order_by(event.c.seq)
        .limit(limit)
    )
    return connection.execute(query).scalars().all()


def _fitting(
    connection: Connection, replay: Replay, reach: int, *, messages: bool
) -> Sequence[Sequence[Any]]:
    query = select(*columns(event, EVENT)).where(*_conditions(replay, reach))
    if messages:
        query = query.add_columns(*columns(message, MESSAGE)).outerjoin(
            message, message.c.id == event.c.message_id
        )
    return connection.execute(query.order_by(event.c.seq)).all()


def _conditions(replay: Replay, reach: int) -> list[ColumnElement[bool]]:
    conditions = [
        event.c.seq > replay.position,
        event.c.seq <= reach,
        or_(event.c.webhook_id.is_(None), event.c.webhook_id != replay.target_id),
    ]
    if replay.since is not None:
        conditions.append(event.c.at >= micros(replay.since))
    if replay.until is not None:
        conditions.append(event.c.at < micros(replay.until))
    if replay.events is not None:
        patterns = replay.events
        types = [each.value for each in EventType if is_subscribed(patterns, each)]
        conditions.append(event.c.type.in_(types))
    return conditions


def _owed(
    connection: Connection, replay: Replay, reach: int
) -> tuple[set[int], set[int]]:
    """Return the places of events given up for the webhook, and of those it has got.

    One pass over the stretch, by its places alone: asked for each event whether there
    is a dead delivery, SQLite goes through all that are dead.
    """
    query = select(delivery.c.event_seq, delivery.c.state).where(
        delivery.c.event_seq > replay.position,
        delivery.c.event_seq <= reach,
        delivery.c.webhook_id == replay.webhook_id,
    )
    dead: set[int] = set()
    covered: set[int] = set()
    for seq, state in connection.execute(query):
        if state == DeliveryState.DEAD.value:
            dead.add(seq)
        elif state in COVERED:
            covered.add(seq)
    return dead, covered


def _recalled(row: Sequence[Any]) -> Recalled:
    about = row[END_OF_EVENT:]
    told_of = message_of(about) if about and about[0] is not None else None
    return Recalled(event_of(row[:END_OF_EVENT]), told_of)
