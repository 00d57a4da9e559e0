"""What was used up so long ago that nobody can use it again."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
    tuple_,
)

from gateway.domain.model import InboundState
from gateway.storage.tables import delivery, event, inbound, once as table

REQUESTS: Final = "key:"  # What the scope of a request with a key begins with.
STEP: Final = 1000
WAITS: Final = InboundState.ACCEPTED.value

# When it was used up, scope and key.
Place = tuple[int, str, str]
_PLACE = (table.c.created_at, table.c.scope, table.c.key)

# One by one, because SQLite looks for pairs by reading the whole table.
_FORGET = delete(table).where(
    table.c.created_at == bindparam("at"),
    table.c.scope == bindparam("of"),
    table.c.key == bindparam("mine"),
)


def look(
    connection: Connection, after: Place | None, *, requests: int, others: int
) -> tuple[Place | None, Sequence[Place]]:
    """Look at the next 1000 that were used up long ago.

    Args:
        connection: Where to look.
        after: Where the last look ended.
        requests: Those of requests may go that are from before.
        others: What else is from before may go, unless it could be used again: what
            it is of is still in the log, or owed, or waits to be said.

    Returns:
        Where the look ended, `None` if there is nothing more to look at; and which of
        them may go.
    """
    looked = (
        select(*_PLACE, _is_over(requests, others))
        .where(table.c.created_at < max(requests, others))
        .order_by(*_PLACE)
        .limit(STEP)
    )
    if after is not None:
        looked = looked.where(tuple_(*_PLACE) > tuple_(*map(literal, after)))
    rows = [((at, of, key), goes) for at, of, key, goes in connection.execute(looked)]
    last = rows[-1][0] if len(rows) == STEP else None
    return last, [place for place, goes in rows if goes]


def forget(connection: Connection, places: Sequence[Place]) -> None:
    """Have what was used up be usable again."""
    connection.execute(
        _FORGET, [{"at": at, "of": of, "mine": key} for at, of, key in places]
    )


def _is_over(requests: int, others: int) -> ColumnElement[bool]:
    age, key = table.c.created_at, table.c.key
    is_request = func.substr(table.c.scope, 1, len(REQUESTS)) == REQUESTS
    is_needed = (
        exists().where(event.c.id == key)
        | exists().where(delivery.c.id == key)
        | exists().where(inbound.c.id == key, inbound.c.state == WAITS)
    )
    return (is_request & (age < requests)) | (~is_request & (age < others) & ~is_needed)
