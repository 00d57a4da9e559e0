"""The head of the log: who writes, and the last place taken."""

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, text, update

from gateway.storage.tables import fact, log_head

HEAD_ID = 1
TRIMMED = "trimmed"

_ADVANCE = (
    update(log_head)
    .where(log_head.c.id == HEAD_ID, log_head.c.owner == bindparam("mine"))
    .values(
        seq=log_head.c.seq + bindparam("taken"),
        turn=log_head.c.turn + 1,
    )
)
_PLACE = select(log_head.c.seq, log_head.c.turn, log_head.c.owner).where(
    log_head.c.id == HEAD_ID
)
# Of a table and not of its row, since a COMMIT after that would wait for a standby.
_LOCK = text("LOCK TABLE log_head IN SHARE MODE")


class Replaced(Exception):
    """Another gateway has taken this store over: nothing may be written any more."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head as it was taken over.

    Attributes:
        epoch: New whenever the log is recreated; the first part of a cursor.
        owner: Ours; whoever takes over writes another.
        seq: Last place taken in the log.
        turn: How many transactions there were.
    """

    epoch: str
    owner: str
    seq: int
    turn: int


def take(connection: Connection) -> Head:
    """Make the log ours; who had it before can't commit from then on."""
    owner = secrets.token_hex(8)
    changed = connection.execute(
        update(log_head)
        .where(log_head.c.id == HEAD_ID)
        .values(owner=owner, turn=log_head.c.turn + 1)
    )
    if changed.rowcount == 0:
        connection.execute(
            insert(log_head).values(
                id=HEAD_ID, epoch=secrets.token_hex(4), owner=owner, seq=0, turn=1
            )
        )
    row = connection.execute(select(log_head)).one()
    return Head(epoch=row.epoch, owner=row.owner, seq=row.seq, turn=row.turn)


def advance(connection: Connection, owner: str, taken: int) -> None:
    """Take places in the log, before anything else of a transaction.

    Raises:
        Replaced: The log is no longer ours.
    """
    changed = connection.execute(_ADVANCE, {"mine": owner, "taken": taken})
    if changed.rowcount == 0:
        raise Replaced


def place_of(connection: Connection, owner: str) -> tuple[int, int]:
    """Return the last place taken in the log, and how many transactions there were.

    A server may still be about a transaction of which we have lost sight: that is
    waited for.

    Raises:
        Replaced: The log is no longer ours, and the turns are another's.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    row = connection.execute(_PLACE).one()
    if row.owner != owner:
        raise Replaced
    return row.seq, row.turn


def fact_of(connection: Connection, name: str) -> str | None:
    """Return something the store remembers of itself."""
    found = connection.execute(select(fact.c.value).where(fact.c.name == name))
    value: str | None = found.scalar_one_or_none()
    return value


def set_fact(connection: Connection, name: str, value: str) -> None:
    """Have the store remember something of itself."""
    changed = connection.execute(
        update(fact).where(fact.c.name == name).values(value=value)
    )
    if changed.rowcount == 0:
        connection.execute(insert(fact).values(name=name, value=value))


def trimmed(connection: Connection) -> int:
    """Return the last place whose event was trimmed; all that follows it is held."""
    return int(fact_of(connection, TRIMMED) or 0)


def trim(connection: Connection, seq: int) -> None:
    """Have the store remember that events up to a place may be gone."""
    if seq > trimmed(connection):
        set_fact(connection, TRIMMED, str(seq))
