"""What only one message may ever use up."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, select

from gateway.domain.model import OutgoingMessage
from gateway.domain.once import AlreadyDone, Done, Once
from gateway.storage.batch import ADD_OUTGOING, Batch
from gateway.storage.message_rows import row_of_outgoing
from gateway.storage.rows import micros
from gateway.storage.tables import once as table

_DONE = select(table.c.message_id, table.c.fingerprint, table.c.answer).where(
    table.c.scope == bindparam("of"), table.c.key == bindparam("mine")
)


@dataclass(slots=True, eq=False)
class Use:
    """A message that is stored if it is the first, decided inside the commit.

    Attributes:
        position: The message's place in the order of acceptance.
    """

    once: Once
    message: OutgoingMessage
    position: int
    _done: Done | None = field(default=None, init=False)

    def stage(self, batch: Batch) -> None:
        """Put it in a batch."""
        batch.do(self._run)

    def check(self) -> None:
        """Return if the message was stored; `AlreadyDone` if another was before."""
        if self._done is not None:
            raise AlreadyDone(self._done)

    def _run(self, connection: Connection) -> None:
        key = {"of": self.once.scope, "mine": self.once.key}
        found = connection.execute(_DONE, key).one_or_none()
        self._done = (
            None
            if found is None
            else Done((found.message_id,), found.fingerprint, found.answer)
        )
        if found is None:
            ADD_OUTGOING.run(connection, [row_of_outgoing(self.message, self.position)])
            connection.execute(
                insert(table).values(
                    scope=self.once.scope,
                    key=self.once.key,
                    message_id=self.message.id,
                    fingerprint=self.once.fingerprint,
                    created_at=micros(self.message.created_at),
                )
            )
