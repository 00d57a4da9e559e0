"""What one transaction writes: rows gathered by statement, and work of its own."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Insert, Table, Update, bindparam, insert, update
from sqlalchemy.sql.compiler import SQLCompiler

from gateway.storage import inbound_rows, message_rows, rows, tables, turns
from gateway.storage.rows import Row

if TYPE_CHECKING:
    from gateway.domain.model import Webhook
    from gateway.storage.following import Entry

Work = Callable[[Connection], None]
Item = TypeVar("Item")
Works = dict[Callable[[Connection, list[Any]], None], list[Any]]  # And what of each.


class Statement:
    """A statement that is run for many rows at once, compiled once per dialect.

    Args:
        construct: What to run, with a bound parameter for each name in `order`.
        order: The values of a row, in the order in which it gives them.
        suffix: SQL that both dialects read alike and that Core has no word for.
    """

    def __init__(
        self, construct: Insert | Update, order: Iterable[str], suffix: str = ""
    ) -> None:
        self._construct = construct
        self._order = tuple(order)
        self._suffix = suffix
        self._sql: dict[str, str] = {}

    def run(self, connection: Connection, values: list[Row]) -> None:
        """Run it for each row."""
        sql = self._sql.get(connection.dialect.name)
        if sql is None:
            sql = self._compile(connection)
            self._sql[connection.dialect.name] = sql
        connection.exec_driver_sql(sql, values)

    def _compile(self, connection: Connection) -> str:
        compiled = self._construct.compile(dialect=connection.dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(compiled)
        if tuple(compiled.positiontup or ()) != self._order:
            raise AssertionError(compiled.positiontup, self._order)
        return str(compiled) + self._suffix


def _insert(table: Table, names: Sequence[str], suffix: str = "") -> Statement:
    order = [column.name for column in table.columns if column.name in names]
    if order != list(names):
        raise AssertionError(order, names)
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return Statement(insert(table).values(values), names, suffix)


def _update(table: Table, names: Sequence[str], key: str) -> Statement:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    construct = (
        update(table).where(table.c[key] == bindparam("key_value")).values(values)
    )
    return Statement(construct, (*(f"new_{name}" for name in names), "key_value"))


AGAIN = " ON CONFLICT DO NOTHING"

ADD_OUTGOING = _insert(tables.message, message_rows.OUT)
ADD_INCOMING = _insert(tables.message, message_rows.IN)
CHANGE_MESSAGE = _update(tables.message, message_rows.CHANGED, "id")
ADD_ONCE = _insert(
    tables.once, ("scope", "key", "message_id", "fingerprint", "answer", "created_at")
)
# Bytes are stored again when their message is, after a commit that failed.
ADD_ATTACHMENT = _insert(tables.attachment, ("message_id", "size", "created_at"), AGAIN)
ADD_CHUNK = _insert(tables.attachment_chunk, ("message_id", "number", "data"), AGAIN)
ADD_EVENT = _insert(tables.event, rows.EVENT)
ADD_DELIVERY = _insert(tables.delivery, rows.DELIVERY)
RECORD_DELIVERY = _update(tables.delivery, rows.RECORDED, "id")
# An attempt is recorded again when nobody could tell whether its commit succeeded.
ADD_ATTEMPT = _insert(tables.attempt, rows.ATTEMPT, AGAIN)
ADD_INBOUND = _insert(tables.inbound, inbound_rows.INBOUND)
CHANGE_INBOUND = _update(tables.inbound, inbound_rows.CHANGED, "id")
# What a row rests on comes before it, whatever order operations came in.
ORDER = (
    ADD_ATTACHMENT,
    ADD_CHUNK,
    ADD_OUTGOING,
    ADD_INCOMING,
    CHANGE_MESSAGE,
    ADD_EVENT,
    ADD_DELIVERY,
    RECORD_DELIVERY,
    ADD_ATTEMPT,
    CHANGE_INBOUND,
)


class Batch:
    """One transaction in the making.

    Attributes:
        seq: The last place in the log that is taken.
        webhooks: Webhooks changed in this batch; `None` for one that is deleted.
        owed: Webhooks to which something due is owed, in the order that came up.
        holding: Webhooks of which something due is about to be held.
        then: What to do once it is committed, in order.
        undo: What takes back what it stores, should whoever submitted it have been
            told that nothing was stored.
        logged: The events it appends to the log.
    """

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.webhooks: dict[str, Webhook | None] = {}
        self.owed: dict[str, None] = {}
        self.holding: set[str] = set()
        self.then: list[Callable[[], None]] = []
        self.undo: list[Work] = []
        self.logged: list[Entry] = []
        self._turns: dict[turns.Key, int] = {}
        self._rows: dict[Statement, list[Row]] = {}
        self._gathered: Works = {}
        self._steps: list[Work] = []
        self._last: Works = {}

    def next_seq(self) -> int:
        """Take the next place in the log."""
        self.seq += 1
        return self.seq

    def add(self, statement: Statement, row: Row) -> None:
        """Have a statement run for a row, along with those of other operations."""
        self._rows.setdefault(statement, []).append(row)

    def gather(
        self, work: Callable[[Connection, list[Item]], None], item: Item
    ) -> None:
        """Have work done once for all items given to it, ahead of the rows around."""
        self._gathered.setdefault(work, []).append(item)

    def pass_turn(self, webhook_id: str, order_key: str | None, now: int) -> None:
        """Have the next delivery of a key become due, if none of it has its turn.

        Args:
            webhook_id: Whose deliveries.
            order_key: Their key; nothing is done without one.
            now: When it is due then, in microseconds.
        """
        if order_key is not None:
            self._turns[webhook_id, order_key] = now

    def do(self, work: Work) -> None:
        """Have work done after everything added before it."""
        self._close_rows()
        self._steps.append(work)

    def finish(
        self, work: Callable[[Connection, list[Item]], None], item: Item
    ) -> None:
        """Have work done at the very end, once for all items that were given to it.

        By then every key has one delivery that has its turn.
        """
        self._last.setdefault(work, []).append(item)

    def apply(self, connection: Connection) -> None:
        """Run it all."""
        self._close_rows()
        for step in self._steps:
            step(connection)
        self.owed.update(dict.fromkeys(turns.give(connection, self._turns)))
        _run_works(connection, self._last)

    def _close_rows(self) -> None:
        if self._gathered:
            works, self._gathered = self._gathered, {}
            self._steps.append(lambda connection: _run_works(connection, works))
        if self._rows:
            gathered, self._rows = self._rows, {}
            self._steps.append(lambda connection: _run_rows(connection, gathered))


def _run_works(connection: Connection, works: Works) -> None:
    for work, items in works.items():
        work(connection, items)


def _run_rows(connection: Connection, gathered: dict[Statement, list[Row]]) -> None:
    for statement in ORDER:
        values = gathered.get(statement)
        if values is not None:
            statement.run(connection, values)
