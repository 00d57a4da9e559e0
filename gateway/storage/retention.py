"""What is trimmed once nobody needs it any more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    delete,
    exists,
    select,
    tuple_,
)

from gateway.domain.model import DeliveryState
from gateway.storage.batch import Batch
from gateway.storage.pacing import Pace
from gateway.storage.rows import micros
from gateway.storage.sqlite import used_bytes
from gateway.storage.tables import (
    attachment,
    attachment_chunk,
    attempt,
    delivery,
    event,
    message,
    once,
    replay,
)
from gateway.storage.writer import Writer

T = TypeVar("T")

STEP = 1000  # Rows of one commit.
FEW = 8  # Attachments of one commit: each may have 80 rows of 64 KiB.
CUT = 100  # Events that go at a time when the store is too large.
UNREFERENCED = timedelta(hours=1)
USABLE = timedelta(hours=25)  # A link that may be used once is good for 24.

DONE = (DeliveryState.DELIVERED.value, DeliveryState.CANCELLED.value)
KEPT_LONGER = (DeliveryState.DEAD.value, DeliveryState.HELD.value)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows a sweep removed."""

    deliveries: int
    events: int
    messages: int
    attachments: int

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(
            self.deliveries + other.deliveries,
            self.events + other.events,
            self.messages + other.messages,
            self.attachments + other.attachments,
        )


class Retention:
    """Removes old rows, at most 1000 in a commit, so that nobody waits for long.

    After each commit it rests for as long as that took.
    """

    def __init__(self, writer: Writer, pace: Pace) -> None:
        self._writer = writer
        self._pace = pace

    async def sweep(
        self,
        now: datetime,
        *,
        messages: timedelta,
        dead: timedelta,
        most_bytes: int | None = None,
    ) -> Swept:
        """Remove what has been kept long enough.

        Nothing goes that a delivery still needs: a held or dead delivery keeps its
        event and its message for as long as it is kept itself.

        Args:
            now: The present moment.
            messages: How long messages, events and attempts are kept.
            dead: How long dead and held deliveries are kept.
            most_bytes: How large the store may be; the oldest goes first.
        """
        very_old = micros(now - dead)
        swept = await self._trim_until(micros(now - messages), very_old)
        ended = micros(now - max(messages, USABLE))
        await self._repeat(lambda c: _trim_replays(c, ended))
        await self._repeat(lambda c: _trim_onces(c, ended))
        if most_bytes is not None:
            swept += await self._trim_to(most_bytes, very_old)
        return swept + Swept(0, 0, 0, await self.sweep_attachments(now))

    async def _trim_to(self, most_bytes: int, very_old: int) -> Swept:
        """Remove the oldest until the rest is no larger than that, or still needed."""
        swept, reach = Swept(0, 0, 0, 0), CUT
        while await self._ask(used_bytes) > most_bytes:
            cut = await self._ask(partial(_cut_after, reach))
            if cut is None:
                break
            more = await self._trim_until(cut, very_old)
            swept += more
            if not more.events:  # All of it was owed until just now: look on.
                reach *= 2
        return swept

    async def _trim_until(self, old: int, very_old: int) -> Swept:
        done = await self._repeat(lambda c: _trim_deliveries(c, DONE, old))
        given_up = await self._repeat(
            lambda c: _trim_deliveries(c, KEPT_LONGER, very_old)
        )
        events = await self._repeat(lambda c: _trim_events(c, old))
        said = await self._repeat(lambda c: _trim_messages(c, old))
        carried = await self._repeat(lambda c: _trim_attachments(c, old), FEW)
        return Swept(done + given_up, events, said, carried)

    async def sweep_attachments(self, now: datetime) -> int:
        """Remove bytes whose message was never stored, or is gone, after an hour."""
        old = micros(now - UNREFERENCED)
        return await self._repeat(lambda c: _trim_attachments(c, old), FEW)

    async def _repeat(self, step: Callable[[Connection], int], most: int = STEP) -> int:
        total = 0
        while True:
            begun_s = self._pace.begin()
            removed = await self._ask(step)
            total += removed
            if removed < most:
                return total
            await self._pace.rest(begun_s)

    async def _ask(self, step: Callable[[Connection], T]) -> T:
        found: list[T] = []

        def stage(batch: Batch) -> None:
            batch.do(lambda connection: found.append(step(connection)))

        return await self._writer.ask(stage, lambda: found[-1])


def _cut_after(events: int, connection: Connection) -> int | None:
    """Return when the event behind so many of the oldest was; `None` without one.

    Those that a delivery still needs are not counted.
    """
    is_needed = exists().where(
        delivery.c.event_seq == event.c.seq, delivery.c.state.not_in(DONE)
    )
    oldest = select(event.c.at).where(~is_needed).order_by(event.c.seq)
    return connection.execute(oldest.offset(events).limit(1)).scalar_one_or_none()


def _trim_deliveries(connection: Connection, states: tuple[str, ...], old: int) -> int:
    total = 0
    for state in states:
        found = connection.execute(
            select(delivery.c.id)
            .where(delivery.c.state == state, delivery.c.created_at < old)
            .where(
                (delivery.c.finished_at.is_(None)) | (delivery.c.finished_at < old),
            )
            .limit(STEP - total)
        )
        ids = list(found.scalars())
        if ids:
            connection.execute(delete(attempt).where(attempt.c.delivery_id.in_(ids)))
            connection.execute(delete(delivery).where(delivery.c.id.in_(ids)))
        total += len(ids)
    return total


def _trim_events(connection: Connection, old: int) -> int:
    is_owed = exists().where(delivery.c.event_seq == event.c.seq)
    return _trim(connection, event, event.c.seq, (event.c.at < old) & ~is_owed)


def _trim_messages(connection: Connection, old: int) -> int:
    is_told_of = exists().where(event.c.message_id == message.c.id)
    return _trim(
        connection,
        message,
        message.c.position,
        (message.c.created_at < old)
        & ~is_told_of
        & (message.c.status.is_(None) | message.c.status.not_in(("queued", "sending"))),
    )


def _trim_replays(connection: Connection, old: int) -> int:
    gone = (
        select(replay.c.id).where(replay.c.finished_at < old).limit(STEP)
    ).scalar_subquery()
    return connection.execute(delete(replay).where(replay.c.id.in_(gone))).rowcount


def _trim_onces(connection: Connection, old: int) -> int:
    """Forget what was used up, unless it could be used again: it is still owed."""
    found = connection.execute(
        select(once.c.scope, once.c.key)
        .where(
            once.c.created_at < old,
            ~exists().where(event.c.id == once.c.key),
            ~exists().where(delivery.c.id == once.c.key),
        )
        .limit(STEP)
    ).all()
    gone = tuple_(once.c.scope, once.c.key).in_([tuple(row) for row in found])
    return connection.execute(delete(once).where(gone)).rowcount if found else 0


def _trim_attachments(connection: Connection, old: int) -> int:
    is_referred_to = exists().where(
        message.c.id == attachment.c.message_id,
        message.c.attachment_size.is_not(None),  # It is not erased.
    )
    found = connection.execute(
        select(attachment.c.message_id)
        .where(attachment.c.created_at < old, ~is_referred_to)
        .limit(FEW)
    )
    ids = list(found.scalars())
    if ids:
        for table in (attachment_chunk, attachment):
            connection.execute(delete(table).where(table.c.message_id.in_(ids)))
    return len(ids)


def _trim(
    connection: Connection,
    table: Table,
    key: ColumnElement[int],
    condition: ColumnElement[bool],
) -> int:
    some = select(key).where(condition).order_by(key).limit(STEP).scalar_subquery()
    return connection.execute(delete(table).where(key.in_(some))).rowcount
