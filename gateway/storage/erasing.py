"""What messages say and carry, erased on request or once it was delivered."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select, update

from gateway.domain.errors import GatewayError, NotFound, WrongState
from gateway.domain.model import DeliveryState, MessageStatus
from gateway.storage.batch import Batch
from gateway.storage.engine import Reader
from gateway.storage.following import Following
from gateway.storage.fresh import Fresh
from gateway.storage.pacing import Pace
from gateway.storage.rows import micros
from gateway.storage.tables import (
    attachment,
    attachment_chunk,
    attempt,
    delivery,
    event,
    message,
)
from gateway.storage.writer import Writer

T = TypeVar("T")

STEP: Final = 1000  # Messages of one commit.
FEW: Final = 8  # Attachments of one commit: each may have 80 rows of 64 KiB.
YOUNG: Final = timedelta(minutes=1)  # Too young to be looked for what is delivered.

DONE: Final = (DeliveryState.DELIVERED.value, DeliveryState.CANCELLED.value)
UNFINISHED: Final = (MessageStatus.QUEUED.value, MessageStatus.SENDING.value)

# Nothing more is heard of what was received, nor of what was sent to everybody.
SETTLED: Final = (None, MessageStatus.SENT.value)

_NOTHING: Final = {"body": None, "attachment_size": None, "attachment_sha256": None}
_IS_FINAL = or_(message.c.status.is_(None), message.c.status.not_in(UNFINISHED))


class Erased(NamedTuple):
    """A message that was erased, and what had become of it; `None` if received."""

    id: str
    status: str | None


class Found(NamedTuple):
    """A message to be erased."""

    position: int
    id: str
    attachment_size: int | None


@dataclass(slots=True, eq=False)
class Erasure:
    """Somebody's wish to have a message erased, and what came of it."""

    message_id: str
    refusal: GatewayError | None = None
    erased: Sequence[Erased] = ()

    def run(self, connection: Connection) -> None:
        """Erase it, unless it is still to be said."""
        self.refusal, self.erased = None, ()
        mine = message.c.id == self.message_id
        self.erased = _erase(connection, mine & _IS_FINAL)
        if self.erased:
            _drop_bytes(connection, [self.message_id])
            _drop_answers(connection, self.message_id)
        elif connection.execute(select(message.c.id).where(mine)).one_or_none():
            detail = (
                f"Message {self.message_id} is still to be said; its content can be "
                "erased once its status is final."
            )
            self.refusal = WrongState(detail)
        else:
            detail = f"There is no message {self.message_id}."
            self.refusal = NotFound(detail, facts={"what": "message"})

    def result(self) -> None:
        """Return if it was erased; `NotFound` or `WrongState`."""
        if self.refusal is not None:
            raise self.refusal


class Erasing:
    """Erases content; what is known about a message stays."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        pace: Pace,
        fresh: Fresh,
        following: Following,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._pace = pace
        self._fresh = fresh
        self._following = following

    def erase(self, message_id: str) -> asyncio.Future[None]:
        """Erase what a message says and carries; `NotFound`, or `WrongState`."""
        erasure = Erasure(message_id)

        def stage(batch: Batch) -> None:
            self._fresh.clear()
            batch.do(erasure.run)
            batch.then.append(lambda: self._forget(erasure.erased))

        return self._writer.ask(stage, erasure.result)

    async def erase_delivered(self, now: datetime) -> int:
        """Erase messages of which nothing is owed any more; return how many.

        What is owed is what is pending, retrying, in flight or held, and also what is
        dead: that is kept for a replay.
        """
        old, after, total = micros(now - YOUNG), -1, 0
        while found := await self._reader.read(partial(_delivered, old, after)):
            begun_s = self._pace.begin()
            total += await self._erase(old, found)
            after = found[-1].position
            await self._pace.rest(begun_s)
        return total

    async def _erase(self, old: int, found: Sequence[Found]) -> int:
        positions = [one.position for one in found]
        erased = await self._ask(
            partial(_erase_all, old=old, positions=positions), then=self._forget
        )
        gone = {one.id for one in erased}
        carrying = [
            one.id
            for one in found
            if one.attachment_size is not None and one.id in gone
        ]
        for start in range(0, len(carrying), FEW):
            begun_s = self._pace.begin()
            some = carrying[start : start + FEW]
            await self._ask(partial(_drop_bytes, message_ids=some))
            await self._pace.rest(begun_s)
        return len(erased)

    def _forget(self, erased: Sequence[Erased]) -> None:
        ids = [one.id for one in erased]
        unsettled = [one.id for one in erased if one.status not in SETTLED]
        self._following.forget(ids, unsettled=unsettled)

    async def _ask(
        self,
        step: Callable[[Connection], T],
        then: Callable[[T], None] = lambda _found: None,
    ) -> T:
        found: list[T] = []

        def stage(batch: Batch) -> None:
            self._fresh.clear()
            batch.do(lambda connection: found.append(step(connection)))
            batch.then.append(lambda: then(found[-1]))

        return await self._writer.ask(stage, lambda: found[-1])


def _is_delivered(old: int) -> ColumnElement[bool]:
    is_owed = (
        exists(delivery.c.number)
        .where(event.c.message_id == message.c.id)
        .where(delivery.c.event_seq == event.c.seq, delivery.c.state.not_in(DONE))
    )
    return (
        message.c.body.is_not(None)
        & (message.c.created_at < old)
        & _IS_FINAL
        & ~is_owed
    )


def _delivered(old: int, after: int, connection: Connection) -> Sequence[Found]:
    rows = connection.execute(
        select(message.c.position, message.c.id, message.c.attachment_size)
        .where(message.c.position > after, _is_delivered(old))
        .order_by(message.c.position)
        .limit(STEP)
    )
    return [Found(*row) for row in rows]


def _erase_all(
    connection: Connection, old: int, positions: Sequence[int]
) -> Sequence[Erased]:
    """Erase those of which nothing is owed still: one may have been sent again."""
    return _erase(connection, message.c.position.in_(positions) & _is_delivered(old))


def _erase(connection: Connection, which: ColumnElement[bool]) -> Sequence[Erased]:
    erased = connection.execute(
        update(message)
        .where(which)
        .values(_NOTHING)
        .returning(message.c.id, message.c.status)
    )
    return [Erased(*row) for row in erased]


def _drop_answers(connection: Connection, message_id: str) -> None:
    """Erase what receivers answered: many repeat what they were sent."""
    told = (
        select(delivery.c.id)
        .join(event, event.c.seq == delivery.c.event_seq)
        .where(event.c.message_id == message_id)
    )
    connection.execute(
        update(attempt)
        .where(attempt.c.delivery_id.in_(told), attempt.c.response.is_not(None))
        .values(response=None)
    )


def _drop_bytes(connection: Connection, message_ids: Sequence[str]) -> None:
    for table in (attachment_chunk, attachment):
        connection.execute(delete(table).where(table.c.message_id.in_(message_ids)))
