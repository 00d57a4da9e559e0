"""Messages of both directions, for reading."""

import asyncio

from sqlalchemy import ColumnElement, Connection, func, or_, select

from gateway.bridge.ports import MessageFilter, MessagePage
from gateway.domain.model import IncomingMessage, OutgoingMessage
from gateway.storage.attachments import Attachments
from gateway.storage.cursors import cursor, place
from gateway.storage.engine import Reader
from gateway.storage.erasing import Erasing
from gateway.storage.message_rows import MESSAGE, SEPARATOR, message_of
from gateway.storage.rows import columns, micros
from gateway.storage.tables import message as table

LETTER = "m"


class Messages:
    """Satisfies the port of the same name."""

    def __init__(
        self, reader: Reader, attachments: Attachments, erasing: Erasing
    ) -> None:
        self._reader = reader
        self._attachments = attachments
        self._erasing = erasing

    async def get(self, message_id: str) -> OutgoingMessage | IncomingMessage | None:
        """Return a message, or `None`."""
        query = select(*columns(table, MESSAGE)).where(table.c.id == message_id)

        def work(connection: Connection) -> OutgoingMessage | IncomingMessage | None:
            row = connection.execute(query).one_or_none()
            return None if row is None else message_of(row)

        return await self._reader.read(work)

    async def list(self, query: MessageFilter) -> MessagePage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        order = table.c.position.desc() if query.newest_first else table.c.position
        statement = (
            select(*columns(table, MESSAGE))
            .where(*_conditions(query))
            .order_by(order)
            .limit(query.limit + 1)
        )

        def work(connection: Connection) -> MessagePage:
            found = connection.execute(statement).all()
            rows = found[: query.limit]
            is_last = len(found) <= query.limit
            return MessagePage(
                [message_of(row) for row in rows],
                None if is_last else cursor(LETTER, rows[-1][0]),
            )

        return await self._reader.read(work)

    async def attachment(self, message_id: str) -> bytes:
        """Return the bytes that go with a message; `KeyError` if it has none."""
        return await self._attachments.read(message_id)

    def erase(self, message_id: str) -> asyncio.Future[None]:
        """Erase what a message says and carries; `NotFound`, or `WrongState`."""
        return self._erasing.erase(message_id)


def _conditions(query: MessageFilter) -> list[ColumnElement[bool]]:
    return [*_of_lists(query), *_of_values(query), *_of_place(query)]


def _of_lists(query: MessageFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        column.in_(tuple(wanted))
        for column, wanted in (
            (table.c.type, query.types),
            (table.c.room, query.rooms),
            (table.c.status, query.statuses),
        )
        if wanted is not None
    ]
    if query.senders is not None:
        senders = tuple(query.senders)
        conditions.append(
            or_(table.c.from_id.in_(senders), table.c.from_name.in_(senders))
        )
    return conditions


def _of_values(query: MessageFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        column == wanted
        for column, wanted in (
            (table.c.direction, query.direction),
            (table.c.ref, query.ref),
        )
        if wanted is not None
    ]
    if query.to is not None:
        # Exact on every database, where LIKE would fold case on some.
        name = SEPARATOR + query.to + SEPARATOR
        conditions.append(func.replace(table.c.names, name, "") != table.c.names)
    return conditions


def _of_place(query: MessageFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.since is not None:
        conditions.append(table.c.created_at >= micros(query.since))
    if query.until is not None:
        conditions.append(table.c.created_at < micros(query.until))
    after = place(LETTER, query.cursor)
    if after is not None:
        position = table.c.position
        conditions.append(position < after if query.newest_first else position > after)
    return conditions
