"""What is trimmed once nobody needs it any more."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    delete,
    exists,
    func,
    select,
)

from gateway.domain.identities import WINDOW
from gateway.domain.ids import Kind
from gateway.domain.model import DeliveryState
from gateway.storage import forgetting, head, inbound_trimming
from gateway.storage.batch import Batch
from gateway.storage.engine import Reader
from gateway.storage.following import Following
from gateway.storage.kept import SOME, STEP, Kept, look
from gateway.storage.pacing import Pace
from gateway.storage.rows import micros
from gateway.storage.sqlite import used_bytes
from gateway.storage.tables import (
    attachment,
    attachment_chunk,
    attempt,
    delivery,
    event,
    inbound,
    message,
    replay,
)
from gateway.storage.writer import Writer

T = TypeVar("T")

FEW = 8  # Attachments of one commit: each may have 80 rows of 64 KiB.
CUT = 100  # Events or requests that go at a time when the store is too large.
YOUNG = timedelta(minutes=1)  # Too young to be looked for what was said.
UNREFERENCED = timedelta(hours=1)
UNDER_WAY = timedelta(minutes=1)  # Bytes go ahead of what they are of.
EMPTIED = 4  # What repeats are told by takes a fourth of the size at most.
BODY = f"{Kind.INBOUND.value}_"  # What the id begins with that a body goes by.
# A link that may be used once is good for 24 hours, and so is the key of a request.
USABLE = timedelta(hours=25)

DONE = (DeliveryState.DELIVERED.value, DeliveryState.CANCELLED.value)
KEPT_LONGER = (DeliveryState.DEAD.value, DeliveryState.HELD.value)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows a sweep removed; of requests also how many it emptied."""

    deliveries: int
    events: int
    messages: int
    attachments: int
    requests: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(
            self.deliveries + other.deliveries,
            self.events + other.events,
            self.messages + other.messages,
            self.attachments + other.attachments,
            self.requests + other.requests,
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on rows stay, however large the store is, in microseconds.

    Attributes:
        dead: Dead and held deliveries.
        repeatable: Requests that may be repeated.
        bytes: Bytes that nothing refers to: what they are of may be under way.
    """

    dead: int
    repeatable: int
    bytes: int


class Retention:
    """Removes old rows, at most 1000 in a commit, so that nobody waits for long.

    They are looked for beside the writer, from the oldest on. After each commit it
    rests for as long as that took.
    """

    def __init__(
        self, writer: Writer, reader: Reader, pace: Pace, following: Following
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._pace = pace
        self._following = following

    async def sweep(
        self,
        now: datetime,
        *,
        messages: timedelta,
        dead: timedelta,
        most_bytes: int | None = None,
        deleted: Iterable[str] = (),
    ) -> Swept:
        """Remove what has been kept long enough.

        Nothing goes that a delivery still needs: a held or dead delivery keeps its
        event and its message for as long as it is kept itself.

        Args:
            now: The present moment.
            messages: How long messages, events and attempts are kept.
            dead: How long dead and held deliveries are kept.
            most_bytes: How large the store may be; the oldest goes first.
            deleted: Sources that were deleted: all that they took in goes.
        """
        bounds = Bounds(
            dead=micros(now - dead),
            repeatable=micros(now - WINDOW),
            bytes=micros(now - UNDER_WAY),
        )
        swept = await self._trim_until(micros(now - messages), bounds)
        ended = micros(now - max(messages, USABLE))
        await self._repeat(lambda c: _trim_replays(c, ended))
        await self._forget(requests=micros(now - USABLE), others=ended)
        swept += await self._trim_deleted(deleted, micros(now))
        if most_bytes is not None:
            swept += await self._trim_to(most_bytes, bounds)
        return swept + Swept(0, 0, 0, await self.sweep_attachments(now))

    async def _trim_to(self, most_bytes: int, bounds: Bounds) -> Swept:
        """Remove the oldest until the rest is no larger than that, or still needed."""
        swept, reach = Swept(0, 0, 0, 0), CUT
        while await self._ask(used_bytes) > most_bytes:
            cut = await self._ask(partial(_cut_after, reach))
            if cut is None:
                return swept + await self._trim_emptied(most_bytes // EMPTIED)
            more = await self._trim_until(cut, bounds)
            swept += more
            if more.events + more.requests == 0:  # All was owed just now: look on.
                reach *= 2
        return swept

    async def _trim_emptied(self, most_bytes: int) -> Swept:
        """Forget the oldest requests of which nothing else is kept, beyond a size."""
        too_many = partial(inbound_trimming.emptied_cut, most_bytes)
        cut = await self._reader.read(too_many)
        gone = 0 if cut is None else await self._walk(inbound_trimming.emptied(cut))
        return Swept(0, 0, 0, 0, gone)

    async def _trim_deleted(self, deleted: Iterable[str], now: int) -> Swept:
        kinds = [inbound_trimming.of_source(one, now) for one in deleted]
        return Swept(0, 0, 0, 0, sum([await self._walk(kept) for kept in kinds]))

    async def _trim_until(self, old: int, bounds: Bounds) -> Swept:
        return Swept(
            await self._walk(_deliveries(old, bounds.dead)),
            await self._walk(_events(old)),
            await self._walk(_messages(old), self._following.drop),
            # Behind what refers to them.
            requests=await self._trim_requests(old, bounds.repeatable),
            attachments=await self._trim_attachments(min(old, bounds.bytes)),
        )

    async def _trim_requests(self, old: int, repeatable: int) -> int:
        """Remove requests, but of those that may be repeated only what they said."""
        gone = await self._walk(inbound_trimming.requests(old, repeatable))
        if old > repeatable:
            gone += await self._walk(inbound_trimming.contents(old, repeatable))
        return gone

    async def _trim_attachments(self, old: int) -> int:
        # Apart, because ids are in order of age only among those of a kind.
        is_body = func.substr(attachment.c.message_id, 1, len(BODY)) == BODY
        of_messages = await self._walk(_attachments(old, ~is_body))
        return of_messages + await self._walk(_attachments(old, is_body))

    async def sweep_attachments(self, now: datetime) -> int:
        """Remove bytes whose message was never stored, or is gone, after an hour."""
        return await self._trim_attachments(micros(now - UNREFERENCED))

    async def erase_requests(self, now: datetime) -> int:
        """Erase what requests said that became messages; return how many did."""
        kinds = inbound_trimming.said(micros(now - YOUNG))
        return sum([await self._walk(kept) for kept in kinds])

    async def _walk(
        self,
        kept: Kept,
        then: Callable[[Sequence[Any]], None] = lambda _gone: None,
    ) -> int:
        """Remove what is over, up to where all that follows is too young."""
        total, after = 0, None
        while True:
            last, over = await self._reader.read(partial(look, kept, after))
            for start in range(0, len(over), kept.most):
                begun_s = self._pace.begin()
                some = over[start : start + kept.most]
                gone = await self._ask(partial(_drop, kept, some))
                total += len(gone)
                then(gone)
                await self._pace.rest(begun_s)
            if last is None:
                return total
            after = last

    async def _repeat(self, step: Callable[[Connection], int]) -> int:
        total = 0
        while True:
            begun_s = self._pace.begin()
            removed = await self._ask(step)
            total += removed
            if removed < STEP:
                return total
            await self._pace.rest(begun_s)

    async def _forget(self, *, requests: int, others: int) -> None:
        """Forget what was used up before these moments; see `forgetting.look`."""
        find = partial(forgetting.look, requests=requests, others=others)
        after = None
        while True:
            after, over = await self._reader.read(partial(find, after=after))
            for start in range(0, len(over), SOME):
                begun_s = self._pace.begin()
                some = over[start : start + SOME]
                await self._ask(partial(forgetting.forget, places=some))
                await self._pace.rest(begun_s)
            if after is None:
                return

    async def _ask(self, step: Callable[[Connection], T]) -> T:
        found: list[T] = []

        def stage(batch: Batch) -> None:
            batch.do(lambda connection: found.append(step(connection)))

        return await self._writer.ask(stage, lambda: found[-1])


def _cut_after(reach: int, connection: Connection) -> int | None:
    """Return up to when there are so many events, or requests; `None` without them.

    Those that a delivery still needs are not counted, nor requests that wait.
    """
    cuts = (
        _events_cut(reach, connection),
        inbound_trimming.cut_after(reach, connection),
    )
    return min((cut for cut in cuts if cut is not None), default=None)


def _events_cut(reach: int, connection: Connection) -> int | None:
    is_needed = exists().where(
        delivery.c.event_seq == event.c.seq, delivery.c.state.not_in(DONE)
    )
    oldest = select(event.c.at).where(~is_needed).order_by(event.c.seq)
    return connection.execute(oldest.offset(reach).limit(1)).scalar_one_or_none()


def _drop(kept: Kept, keys: Sequence[Any], connection: Connection) -> Sequence[Any]:
    return kept.drop(connection, kept, keys)


def _deliveries(old: int, very_old: int) -> Kept:
    age, ended_at = delivery.c.created_at, delivery.c.finished_at

    def is_over(states: tuple[str, ...], since: int) -> ColumnElement[bool]:
        has_ended = ended_at.is_(None) | (ended_at < since)
        return delivery.c.state.in_(states) & (age < since) & has_ended

    return Kept(
        key=delivery.c.number,
        age=age,
        until=max(old, very_old),
        is_over=is_over(DONE, old) | is_over(KEPT_LONGER, very_old),
        drop=_drop_deliveries,
    )


def _events(old: int) -> Kept:
    is_owed = exists().where(delivery.c.event_seq == event.c.seq)
    is_over = (event.c.at < old) & ~is_owed
    return Kept(event.c.seq, event.c.at, old, is_over, _drop_events)


def _messages(old: int) -> Kept:
    age, status = message.c.created_at, message.c.status
    is_told_of = exists().where(event.c.message_id == message.c.id)
    is_said = status.is_(None) | status.not_in(("queued", "sending"))
    is_over = (age < old) & ~is_told_of & is_said
    return Kept(message.c.position, age, old, is_over, _drop_messages)


def _attachments(old: int, among: ColumnElement[bool]) -> Kept:
    key, age = attachment.c.message_id, attachment.c.created_at
    is_referred_to = exists().where(
        message.c.id == key,
        message.c.attachment_size.is_not(None),  # It is not erased.
    )
    is_body = exists().where(inbound.c.id == key, inbound.c.headers.is_not(None))
    is_over = (age < old) & ~is_referred_to & ~is_body
    return Kept(key, age, old, is_over, _drop_attachments, most=FEW, among=among)


def _drop_messages(
    connection: Connection, kept: Kept, keys: Sequence[Any]
) -> Sequence[str]:
    gone = delete(message).where(kept.key.in_(keys), kept.is_over)
    return connection.execute(gone.returning(message.c.id)).scalars().all()


def _drop_events(
    connection: Connection, kept: Kept, keys: Sequence[Any]
) -> Sequence[int]:
    """Remove events, and remember up to where some are missing from then on."""
    gone = delete(event).where(kept.key.in_(keys), kept.is_over)
    seqs = connection.execute(gone.returning(event.c.seq)).scalars().all()
    if seqs:
        head.trim(connection, max(seqs))
    return seqs


def _drop_deliveries(
    connection: Connection, kept: Kept, keys: Sequence[Any]
) -> Sequence[str]:
    found = select(delivery.c.id).where(kept.key.in_(keys), kept.is_over)
    ids = connection.execute(found).scalars().all()
    connection.execute(delete(attempt).where(attempt.c.delivery_id.in_(ids)))
    connection.execute(delete(delivery).where(delivery.c.id.in_(ids)))
    return ids


def _drop_attachments(
    connection: Connection, kept: Kept, keys: Sequence[Any]
) -> Sequence[str]:
    found = select(kept.key).where(kept.key.in_(keys), kept.is_over)
    ids = connection.execute(found).scalars().all()
    for table in (attachment_chunk, attachment):
        connection.execute(delete(table).where(table.c.message_id.in_(ids)))
    return ids


def _trim_replays(connection: Connection, old: int) -> int:
    gone = (
        select(replay.c.id).where(replay.c.finished_at < old).limit(STEP)
    ).scalar_subquery()
    return connection.execute(delete(replay).where(replay.c.id.in_(gone))).rowcount
