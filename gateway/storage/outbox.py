"""Outgoing messages, kept until they are trimmed."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy import Connection, delete, select

from gateway.bridge.ports import Done, Once
from gateway.domain.model import Event, OutgoingMessage
from gateway.storage import onces
from gateway.storage.attachments import Attachments
from gateway.storage.batch import ADD_OUTGOING, CHANGE_MESSAGE, Batch
from gateway.storage.engine import Reader
from gateway.storage.fanout import FanOut
from gateway.storage.message_rows import (
    OUT,
    outgoing_of,
    row_of_change,
    row_of_outgoing,
)
from gateway.storage.rows import columns
from gateway.storage.tables import OPEN, message
from gateway.storage.writer import Writer


class Outbox:
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

    def add(
        self,
        message: OutgoingMessage,
        attachment: bytes | None = None,
        *,
        once: Once | None = None,
    ) -> asyncio.Future[None]:
        """Store a message with its attachment's bytes.

        Fails with `AlreadyDone` if `once` was used up before.

        A message with more than 64 KiB of them takes its place once they are stored,
        and later messages of its room keep behind it.
        """
        return self.add_all([(message, attachment)], once=once)

    def add_all(
        self,
        messages: Sequence[tuple[OutgoingMessage, bytes | None]],
        *,
        once: Once | None = None,
    ) -> asyncio.Future[None]:
        """Store messages of one room, at least one, all in one commit or none.

        Attachments of more than 64 KiB together go before it.
        """
        line = ("out", messages[0][0].room)
        parts = [(message.id, data) for message, data in messages]
        take_back = partial(_take_back, [message.id for message, _ in messages])
        if once is not None:
            use = onces.Use(once, [message for message, _ in messages], self._positions)

            def stage_use(batch: Batch) -> None:
                batch.undo += [take_back, use.give_back]
                use.stage(batch)

            return self._attachments.submit_all(line, parts, stage_use, use.check)

        def stage(batch: Batch) -> None:
            batch.undo.append(take_back)
            for one, _ in messages:
                row = row_of_outgoing(one, next(self._positions))
                batch.add(ADD_OUTGOING, row)

        return self._attachments.submit_all(line, parts, stage)

    async def done(self, once: Once) -> Done | None:
        """Return the messages that used something up; `None` if nothing did."""
        await self._writer.decide()
        return await self._reader.read(lambda connection: onces.done(connection, once))

    def change(
        self,
        message: OutgoingMessage,
        event: Event | None = None,
        *,
        before: OutgoingMessage | None = None,
    ) -> asyncio.Future[None]:
        """Store the state of a message and, in the same commit, append the event.

        It keeps behind its message where that waits for its bytes.
        """

        def stage(batch: Batch) -> None:
            batch.add(CHANGE_MESSAGE, row_of_change(message))
            if before is not None:
                batch.undo.append(partial(_change_back, before))
            if event is not None:
                self._fan_out.stage(batch, (event,), message)

        return self._attachments.follow(("out", message.room), message.id, stage)

    async def pending(self, room: str) -> Sequence[OutgoingMessage]:
        """Return what is `queued` or `sending`, in order of acceptance."""

        def work(connection: Connection) -> Sequence[OutgoingMessage]:
            found = connection.execute(
                select(*columns(message, OUT))
                .where(message.c.room == room, OPEN)
                .order_by(message.c.position)
            )
            return [outgoing_of(row) for row in found]

        return await self._reader.read(work)

    async def attachment(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        return await self._attachments.read(message_id)


def _take_back(message_ids: Sequence[str], connection: Connection) -> None:
    """Remove messages that nobody holds, though they were stored."""
    mine = message.c.id.in_(message_ids)
    connection.execute(delete(message).where(mine, OPEN))


def _change_back(before: OutgoingMessage, connection: Connection) -> None:
    CHANGE_MESSAGE.run(connection, [row_of_change(before)])
