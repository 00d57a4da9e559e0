"""What may be done once only, and what did it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from gateway.domain.model import OutgoingMessage
from gateway.domain.once import AlreadyDone, Done, Once
from gateway.storage.batch import ADD_ONCE, ADD_OUTGOING, Batch
from gateway.storage.message_rows import row_of_outgoing
from gateway.storage.rows import Row, dumps, micros
from gateway.storage.sealing import Sealer
from gateway.storage.tables import once as table

_DONE = select(table.c.message_id, table.c.fingerprint, table.c.answer).where(
    table.c.scope == bindparam("of"), table.c.key == bindparam("mine")
)


@dataclass(slots=True, eq=False)
class Use:
    """Messages that are stored if they are the first, decided inside the commit.

    Attributes:
        messages: At least one.
        positions: Where their places in the order of acceptance come from.
    """

    once: Once
    messages: Sequence[OutgoingMessage]
    positions: Iterator[int]
    _done: Done | None = field(default=None, init=False)

    def stage(self, batch: Batch) -> None:
        """Put them in a batch."""
        # Their places are taken now: what was before them in their line has its own.
        rows = [row_of_outgoing(one, next(self.positions)) for one in self.messages]

        ids, at = [one.id for one in self.messages], self.messages[0].created_at

        def work(connection: Connection) -> None:
            self._done = use_up(connection, self.once, row_of_once(self.once, at, ids))
            if self._done is None:
                ADD_OUTGOING.run(connection, rows)

        batch.do(work)

    def check(self) -> None:
        """Return if they were stored; `AlreadyDone` if others were before."""
        if self._done is not None:
            raise AlreadyDone(self._done)


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
    key = {"of": once.scope, "mine": once.key}
    found = connection.execute(_DONE, key).one_or_none()
    if found is None:
        return None
    ids = (found.message_id or "").split()
    return Done(tuple(ids), found.fingerprint, found.answer)
