"""What may be done once only, and what did it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from gateway.domain.model import OutgoingMessage
from gateway.domain.once import AlreadyDone, Done, Once
from gateway.storage.batch import ADD_ONCE, ADD_OUTGOING, Batch, Work
from gateway.storage.message_rows import row_of_outgoing
from gateway.storage.rows import Row, dumps, micros
from gateway.storage.sealing import Sealer
from gateway.storage.tables import once as table

# Scope by scope, because SQLite looks for pairs by reading the whole table.
_DONE = select(
    table.c.key, table.c.message_id, table.c.fingerprint, table.c.answer
).where(
    table.c.scope == bindparam("of"),
    table.c.key.in_(bindparam("mine", expanding=True)),
)


@dataclass(slots=True, eq=False)
class Use:
    """Messages that are stored if they are the first, decided inside the commit.

    Attributes:
        messages: At least one.
        positions: Where their places in the order of acceptance come from.
        before: What has used it up before, once that is known.
    """

    once: Once
    messages: Sequence[OutgoingMessage]
    positions: Iterator[int]
    before: Done | None = field(default=None, init=False)
    rows: list[Row] = field(default_factory=list, init=False)

    def stage(self, batch: Batch) -> None:
        """Put them in a batch."""
        # Their places are taken now: what was before them in their line has its own.
        self.rows = [
            row_of_outgoing(one, next(self.positions)) for one in self.messages
        ]
        batch.gather(_store_first, self)

    @property
    def done(self) -> Done:
        """What they use it up with."""
        return Done(tuple(one.id for one in self.messages), self.once.fingerprint)

    def give_back(self, connection: Connection) -> None:
        """Have it be usable again, if it was used up by these messages."""
        once = self.once
        connection.execute(
            delete(table).where(
                table.c.scope == once.scope,
                table.c.key == once.key,
                table.c.message_id == " ".join(self.done.message_ids),
            )
        )

    def check(self) -> None:
        """Return if they were stored; `AlreadyDone` if others were before."""
        if self.before is not None:
            raise AlreadyDone(self.before)


def _store_first(connection: Connection, uses: list[Use]) -> None:
    """Store what is the first of its key, in order, with one question a scope."""
    known = _known(connection, [use.once for use in uses])
    for use in uses:
        use.before = known.get(use.once)
        known.setdefault(use.once, use.done)
    first = [use for use in uses if use.before is None]
    if first:
        ADD_OUTGOING.run(connection, [row for use in first for row in use.rows])
        ADD_ONCE.run(
            connection,
            [
                row_of_once(use.once, use.messages[0].created_at, use.done.message_ids)
                for use in first
            ],
        )


def row_of_once(
    once: Once, at: datetime, ids: Sequence[str] = (), answer: str | None = None
) -> Row:
    """Return what uses something up as the values of its row.

    Args:
        once: What is used up.
        at: When that was.
        ids: The messages that do it, in order.
        answer: What is answered, sealed for `place_of(once)`.
    """
    names = " ".join(ids) or None
    return (once.scope, once.key, names, once.fingerprint, answer, micros(at))


def use_up(connection: Connection, once: Once, row: Row) -> Done | None:
    """Write its row, or return what used it up before."""
    before = done(connection, once)
    if before is None:
        ADD_ONCE.run(connection, [row])
    return before


def using(once: Once, at: datetime, answer: str | None, sealer: Sealer) -> Work:
    """Return what uses something up in the commit, or else undoes the commit.

    The writer then makes it anew without the one that was too late, which fails with
    `AlreadyDone`.

    Args:
        once: What is used up.
        at: When that was.
        answer: What is answered, to be sealed.
        sealer: Seals it.
    """
    sealed = None if answer is None else sealer.seal(answer, place_of(once))
    row = row_of_once(once, at, answer=sealed)

    def work(connection: Connection) -> None:
        before = use_up(connection, once, row)
        if before is not None:
            raise AlreadyDone(opened(before, once, sealer))

    return work


def place_of(once: Once) -> str:
    """Return the place that an answer is sealed for: table, scope and key."""
    return dumps(["once", once.scope, once.key])


def opened(done: Done, once: Once, sealer: Sealer) -> Done:
    """Return what did it with its answer as it was given, or `None` if that is lost."""
    if done.answer is None:
        return done
    return replace(done, answer=sealer.opened(done.answer, place_of(once)))


def done(connection: Connection, once: Once) -> Done | None:
    """Return what used something up, its answer as it is stored; `None` if unused."""
    return _known(connection, [once]).get(once)


def _known(connection: Connection, onces: Iterable[Once]) -> dict[Once, Done]:
    keys: dict[str, list[str]] = {}
    for once in onces:
        keys.setdefault(once.scope, []).append(once.key)
    return {
        Once(scope, key): Done(tuple((ids or "").split()), fingerprint, answer)
        for scope, mine in keys.items()
        for key, ids, fingerprint, answer in connection.execute(
            _DONE, {"of": scope, "mine": mine}
        )
    }
