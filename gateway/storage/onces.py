"""What may be done once only, and what did it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from gateway.domain.model import OutgoingMessage
from gateway.domain.once import AlreadyDone, Done, Once
from gateway.storage.batch import ADD_ONCE, ADD_OUTGOING, Batch
from gateway.storage.message_rows import row_of_outgoing
from gateway.storage.rows import micros
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

        def work(connection: Connection) -> None:
            self._done = done(connection, self.once)
            if self._done is None:
                ADD_OUTGOING.run(connection, rows)
                ADD_ONCE.run(connection, [self._row()])

        batch.do(work)

    def check(self) -> None:
        """Return if they were stored; `AlreadyDone` if others were before."""
        if self._done is not None:
            raise AlreadyDone(self._done)

    def _row(self) -> tuple[object, ...]:
        ids = " ".join(one.id for one in self.messages)
        created_at = micros(self.messages[0].created_at)
        once = self.once
        return (once.scope, once.key, ids, once.fingerprint, None, created_at)


def done(connection: Connection, once: Once) -> Done | None:
    """Return what used something up, its answer as it is stored; `None` if unused."""
    key = {"of": once.scope, "mine": once.key}
    found = connection.execute(_DONE, key).one_or_none()
    if found is None:
        return None
    ids = (found.message_id or "").split()
    return Done(tuple(ids), found.fingerprint, found.answer)
