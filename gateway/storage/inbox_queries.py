"""Questions about the requests of third parties."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from gateway.domain.model import Inbound, InboundState
from gateway.inbound.ports import InboundFilter, InboundPage, InOutbox
from gateway.storage import attachments
from gateway.storage.cursors import cursor, place
from gateway.storage.inbound_rows import LISTED, inbound_of
from gateway.storage.rows import columns, maybe_moment, micros
from gateway.storage.tables import OPEN, inbound as table, message

TOGETHER_BYTES: Final = 4 * 1024**2  # Bodies that are read into memory at a time.
LETTER: Final = "i"

_LISTED = select(*columns(table, LISTED))


def get(inbound_id: str, connection: Connection) -> Inbound | None:
    """Return a request with its body, or `None`."""
    found = connection.execute(_LISTED.where(table.c.id == inbound_id))
    rows = found.mappings().all()
    return next(iter(_with_bodies(connection, rows)), None)


def waiting(source_id: str, limit: int, connection: Connection) -> Sequence[Inbound]:
    """Return the first that are `accepted`, in order, as many as 4 MiB allow."""
    rows = connection.execute(
        _LISTED.where(
            table.c.source_id == source_id,
            table.c.state == InboundState.ACCEPTED.value,
        )
        .order_by(table.c.position)
        .limit(limit)
    )
    return _with_bodies(connection, _some(rows.mappings().all()))


def in_outbox(connection: Connection) -> Sequence[InOutbox]:
    """Return the messages that say requests and are still in the outbox."""
    said = select(table.c.source_id, table.c.id, message.c.room, message.c.id)
    found = said.join_from(message, table, table.c.id == message.c.ref).where(OPEN)
    return [InOutbox(*row) for row in connection.execute(found)]


def page(source_id: str, query: InboundFilter, connection: Connection) -> InboundPage:
    """Return a page, newest first. `Invalid` if the cursor is not one of ours."""
    rows = connection.execute(
        _LISTED.where(table.c.source_id == source_id, *_conditions(query))
        .order_by(table.c.position.desc())
        .limit(query.limit + 1)
    )
    found = [inbound_of(row) for row in rows.mappings()]
    shown = found[: query.limit]
    more = len(found) > query.limit
    return InboundPage(shown, cursor(LETTER, shown[-1].position) if more else None)


def counts(source_id: str, connection: Connection) -> dict[InboundState, int]:
    """Return how many requests of a source are in each state."""
    found = connection.execute(
        select(table.c.state, func.count())
        .where(table.c.source_id == source_id)
        .group_by(table.c.state)
    )
    known = {InboundState(state): count for state, count in found}
    return {state: known.get(state, 0) for state in InboundState}


def waiting_since(source_id: str, connection: Connection) -> datetime | None:
    """Return when the first of those came in that are `accepted`, if any is."""
    found = connection.scalar(
        select(table.c.received_at)
        .where(
            table.c.source_id == source_id,
            table.c.state == InboundState.ACCEPTED.value,
        )
        .order_by(table.c.position)
        .limit(1)
    )
    return maybe_moment(found)


def _conditions(query: InboundFilter) -> list[ColumnElement[bool]]:
    before = place(LETTER, query.cursor)
    conditions: list[ColumnElement[bool]] = []
    if query.states is not None:
        conditions.append(table.c.state.in_([state.value for state in query.states]))
    if query.since is not None:
        conditions.append(table.c.received_at >= micros(query.since))
    if query.until is not None:
        conditions.append(table.c.received_at < micros(query.until))
    if before is not None:
        conditions.append(table.c.position < before)
    return conditions


def _some(rows: Sequence[RowMapping]) -> Sequence[RowMapping]:
    """Return the first, at least one, whose bodies are no more than 4 MiB together."""
    total = 0
    for count, row in enumerate(rows):
        total += row["size"]
        if total > TOGETHER_BYTES and count:
            return rows[:count]
    return rows


def _with_bodies(
    connection: Connection, rows: Sequence[RowMapping]
) -> Sequence[Inbound]:
    positions = [row["position"] for row in rows]
    inline = select(table.c.position, table.c.body).where(
        table.c.position.in_(positions), table.c.body.is_not(None)
    )
    bodies = {row[0]: row[1] for row in connection.execute(inline)}
    return [
        inbound_of(row, bodies.get(row["position"]) or _body(connection, row))
        for row in rows
    ]


def _body(connection: Connection, row: RowMapping) -> bytes:
    """Return a body that is not in its row; empty if it is kept no longer."""
    if row["headers"] is None:
        return b""
    try:
        return attachments.load(connection, row["id"])
    except KeyError:
        return b""
