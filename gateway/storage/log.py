"""Everything that happened, in commit order."""

import asyncio
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from gateway.domain.model import Event, IncomingMessage
from gateway.storage.attachments import Attachments
from gateway.storage.batch import ADD_INCOMING, Batch
from gateway.storage.engine import Reader
from gateway.storage.fanout import FanOut
from gateway.storage.message_rows import row_of_incoming
from gateway.storage.rows import EVENT, columns, event_of
from gateway.storage.tables import event as table
from gateway.storage.writer import Writer


class Log:
    """Satisfies the port of the same name.

    Args:
        positions: Where a message's place in the order of acceptance comes from.
    """

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        attachments: Attachments,
        fan_out: FanOut,
        positions: Iterator[int],
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._attachments = attachments
        self._fan_out = fan_out
        self._positions = positions

    def append(
        self,
        *events: Event,
        message: IncomingMessage | None = None,
        attachment: bytes | None = None,
    ) -> asyncio.Future[None]:
        """Store events, the message the first one tells of, and what is owed.

        Events of a message with more than 64 KiB of attachment take their place once
        its bytes are stored, and later ones of its room keep behind them.
        """

        def stage(batch: Batch) -> None:
            stored = message
            if message is not None:
                event_id, seq = events[0].id, batch.seq + 1
                stored = _placed(message, event_id, seq)
                position = next(self._positions)
                row = row_of_incoming(stored, position, seq)
                batch.add(ADD_INCOMING, row)
            self._fan_out.stage(batch, events, stored)

        room = events[0].room if message is None else message.room
        message_id = "" if message is None else message.id
        return self._attachments.submit(
            ("in", room or ""), message_id, attachment, stage
        )

    async def read(self, after: int = 0, limit: int = 100) -> Sequence[Event]:
        """Return at most `limit` events that follow a place in the log."""

        def work(connection: Connection) -> Sequence[Event]:
            found = connection.execute(
                select(*columns(table, EVENT))
                .where(table.c.seq > after)
                .order_by(table.c.seq)
                .limit(limit)
            )
            return [event_of(row) for row in found]

        return await self._reader.read(work)


def _placed(message: IncomingMessage, event_id: str, seq: int) -> IncomingMessage:
    """Return a message with its place in the log; `replace` takes twice as long."""
    return IncomingMessage(
        id=message.id,
        room=message.room,
        type=message.type,
        body=message.body,
        sender=message.sender,
        created_at=message.created_at,
        attachment=message.attachment,
        event_id=event_id,
        seq=seq,
    )
