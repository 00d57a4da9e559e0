"""What was told of messages, for reading."""

from sqlalchemy import Connection, select

from gateway.bridge.tracing import Told
from gateway.storage.engine import Reader
from gateway.storage.rows import (
    ATTEMPT,
    DELIVERY,
    EVENT,
    attempt_of,
    columns,
    delivery_of,
    event_of,
)
from gateway.storage.tables import attempt, delivery, event


class Traces:
    """Satisfies the port of the same name."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def told(self, message_id: str, most: int) -> Told:
        """Return what was told of a message: at most `most` of each kind."""

        def work(connection: Connection) -> Told:
            return _told(connection, message_id, most)

        return await self._reader.read(work)


def _told(connection: Connection, message_id: str, most: int) -> Told:
    """Read one more of each kind than is returned: it says whether that is all."""
    events = connection.execute(
        select(*columns(event, EVENT))
        .where(event.c.message_id == message_id)
        .order_by(event.c.seq)
        .limit(most + 1)
    ).all()
    places = [row.seq for row in events[:most]]
    deliveries = connection.execute(
        select(*columns(delivery, DELIVERY))
        .where(delivery.c.event_seq.in_(places))
        .order_by(delivery.c.number)
        .limit(most + 1)
    ).all()
    ids = [row.id for row in deliveries[:most]]
    attempts = connection.execute(
        select(*columns(attempt, ATTEMPT))
        .where(attempt.c.delivery_id.in_(ids))
        .order_by(attempt.c.delivery_id, attempt.c.number)
        .limit(most + 1)
    ).all()
    return Told(
        events=[event_of(row) for row in events[:most]],
        deliveries=[delivery_of(row) for row in deliveries[:most]],
        attempts=[attempt_of(row) for row in attempts[:most]],
        is_cut=max(len(events), len(deliveries), len(attempts)) > most,
    )
