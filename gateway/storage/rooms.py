"""What is remembered of rooms over a restart."""

import asyncio
import json

from sqlalchemy import Connection, insert, select, update

from gateway.bridge.ports import RoomRecord
from gateway.storage.engine import Reader
from gateway.storage.rows import dumps, maybe_micros, maybe_moment
from gateway.storage.tables import room as table
from gateway.storage.writer import Writer


class Rooms:
    """Satisfies the port of the same name."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def load(self, room: str) -> RoomRecord:
        """Return what is remembered; a fresh record for a room not seen before."""

        def work(connection: Connection) -> RoomRecord:
            query = select(table).where(table.c.name == room)
            row = connection.execute(query).one_or_none()
            if row is None:
                return RoomRecord(name=room)
            text = row.attributes
            return RoomRecord(
                name=room,
                messaging_enabled=bool(row.messaging_enabled),
                attributes=None if text is None else json.loads(text),
                last_alive_at=maybe_moment(row.last_alive_at),
            )

        return await self._reader.read(work)

    def save(self, record: RoomRecord) -> asyncio.Future[None]:
        """Store it."""
        attributes = record.attributes
        values = {
            "messaging_enabled": record.messaging_enabled,
            "attributes": None if attributes is None else dumps(dict(attributes)),
            "last_alive_at": maybe_micros(record.last_alive_at),
        }

        def work(connection: Connection) -> None:
            changed = connection.execute(
                update(table).where(table.c.name == record.name).values(values)
            )
            if changed.rowcount == 0:
                connection.execute(insert(table).values(name=record.name, **values))

        return self._writer.submit(lambda batch: batch.do(work))
