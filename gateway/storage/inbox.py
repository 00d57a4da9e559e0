"""Requests of third parties, kept until they are trimmed."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import takewhile

from sqlalchemy import Connection, bindparam, delete, select

from gateway.domain.model import Inbound, InboundState
from gateway.inbound.ports import InboundFilter, InboundPage, InOutbox, Taken
from gateway.storage import inbox_queries
from gateway.storage.attachments import Attachments
from gateway.storage.batch import ADD_INBOUND, CHANGE_INBOUND, Batch
from gateway.storage.engine import Reader
from gateway.storage.inbound_rows import (
    identity_of,
    is_large,
    row_of_inbound,
    row_of_settled,
)
from gateway.storage.rows import Row, micros
from gateway.storage.tables import attachment, attachment_chunk, inbound as table
from gateway.storage.writer import Writer

# Source by source, because SQLite looks for pairs by reading the whole table.
_LATELY = select(table.c.identity, table.c.received_at, table.c.id).where(
    table.c.source_id == bindparam("of"),
    table.c.identity.in_(bindparam("mine", expanding=True)),
    table.c.received_at >= bindparam("since"),
)

Place = tuple[str, str]  # A source, and an identity.
Last = tuple[int, str]  # When one of it was received, and its id.


@dataclass(slots=True, eq=False)
class Adding:
    """A request that is stored unless it is a repeat, decided inside the commit.

    Attributes:
        since: A repeat is one of its identity that was received since then, in
            microseconds; `None` if there are no repeats.
        positions: Where its place in the order comes from.
        before: The request that it repeats, once that is known.
    """

    inbound: Inbound
    since: int | None
    positions: Iterator[int]
    place: Place | None = field(init=False)
    last: Last = field(init=False)
    before: str | None = field(default=None, init=False)
    row: Row = field(default=(), init=False)

    def __post_init__(self) -> None:
        identity = identity_of(self.inbound)
        self.place = None if identity is None else (self.inbound.source_id, identity)
        self.last = (micros(self.inbound.received_at), self.inbound.id)

    def stage(self, batch: Batch) -> None:
        """Put it in a batch."""
        batch.undo.append(self._take_back)
        self.row = row_of_inbound(self.inbound, next(self.positions))
        batch.gather(_store_first, self)

    def check(self) -> None:
        """Return if it was stored; `Taken` if it is a repeat."""
        if self.before is not None:
            raise Taken(self.before)

    def _take_back(self, connection: Connection) -> None:
        """Remove it though it was stored: whoever sent it was told it was not."""
        connection.execute(
            delete(table).where(
                table.c.id == self.inbound.id,
                table.c.state == InboundState.ACCEPTED.value,
            )
        )


class Inbox:
    """Satisfies the port of the same name.

    Args:
        positions: Where a request's place in the order comes from.
    """

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        attachments: Attachments,
        positions: Iterator[int],
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._attachments = attachments
        self._positions = positions
        self._adding: set[str] = set()  # What nobody was told the fate of.

    def add(
        self, inbound: Inbound, *, unique_since: datetime | None = None
    ) -> asyncio.Future[None]:
        """Store a request; its place among those of its source is that of the call.

        Its future fails with `Taken` if it is a repeat, and with `StoreUnavailable`.

        A body of more than 64 KiB is stored ahead of it, in commits of 256 KiB among
        those of others; later requests of its source keep behind it.
        """
        since = None if unique_since is None else micros(unique_since)
        adding = Adding(inbound, since, self._positions)
        ahead = inbound.body if is_large(inbound) else None
        added = self._attachments.submit(
            _line(inbound), inbound.id, ahead, adding.stage, adding.check
        )
        self._adding.add(inbound.id)
        added.add_done_callback(lambda _: self._adding.discard(inbound.id))
        return added

    def settle(self, inbound: Inbound) -> asyncio.Future[None]:
        """Store what has become of a request: `state`, `message_id`, `reason`."""
        row = row_of_settled(inbound)
        return self._attachments.follow(
            _line(inbound), inbound.id, lambda batch: batch.add(CHANGE_INBOUND, row)
        )

    async def get(self, inbound_id: str) -> Inbound | None:
        """Return a request with its body, or `None`."""
        return await self._reader.read(partial(inbox_queries.get, inbound_id))

    async def waiting(self, source_id: str, limit: int) -> Sequence[Inbound]:
        """Return the first that are `accepted`, in order.

        They have at most 4 MiB of bodies together, but there is one if one waits.
        """
        read = partial(inbox_queries.waiting, source_id, limit)
        while True:
            await self._writer.decide()  # What was said to be lost is not to be said.
            found = await self._reader.read(read)
            if not self._writer.is_in_doubt:
                break
        # Nor what is committed, and may yet turn out to be said to be lost.
        return list(takewhile(lambda one: one.id not in self._adding, found))

    async def in_outbox(self) -> Sequence[InOutbox]:
        """Return the messages that say requests and are still in the outbox."""
        return await self._reader.read(inbox_queries.in_outbox)

    async def list(self, source_id: str, query: InboundFilter) -> InboundPage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        return await self._reader.read(partial(inbox_queries.page, source_id, query))

    async def counts(self, source_id: str) -> dict[InboundState, int]:
        """Return how many requests of a source are in each state."""
        return await self._reader.read(partial(inbox_queries.counts, source_id))

    async def waiting_since(self, source_id: str) -> datetime | None:
        """Return when the first of those came in that are `accepted`, if any is."""
        read = partial(inbox_queries.waiting_since, source_id)
        return await self._reader.read(read)


def _line(inbound: Inbound) -> tuple[str, str]:
    return ("source", inbound.source_id)


def _store_first(connection: Connection, adds: Sequence[Adding]) -> None:
    """Store what is no repeat, in order, with one question a source."""
    lately = _lately(connection, adds)
    first: list[Row] = []
    for add in adds:
        known = None if add.place is None else lately.get(add.place)
        is_repeat = known and add.since is not None and known[0] >= add.since
        add.before = known[1] if known and is_repeat else None
        if add.before is None:
            first.append(add.row)
            if add.place is not None:
                lately[add.place] = max(add.last, known or add.last)
    if first:
        ADD_INBOUND.run(connection, first)
    _drop_bodies(
        connection,
        [add.inbound.id for add in adds if add.before and is_large(add.inbound)],
    )


def _lately(connection: Connection, adds: Sequence[Adding]) -> dict[Place, Last]:
    """Return the last of each identity that is received within what may repeat it."""
    found: dict[Place, Last] = {}
    asked: dict[str, tuple[set[str], int]] = {}
    for add in adds:
        if add.place is not None and add.since is not None:
            source_id, identity = add.place
            mine, since = asked.get(source_id, (set(), add.since))
            asked[source_id] = ({*mine, identity}, min(since, add.since))
    for source_id, (mine, since) in asked.items():
        values = {"of": source_id, "mine": list(mine), "since": since}
        for identity, at, inbound_id in connection.execute(_LATELY, values):
            place = (source_id, identity)
            found[place] = max((at, inbound_id), found.get(place, (at, inbound_id)))
    return found


def _drop_bodies(connection: Connection, ids: Sequence[str]) -> None:
    """Remove bodies that were stored ahead for repeats."""
    if ids:
        for one in (attachment_chunk, attachment):
            connection.execute(delete(one).where(one.c.message_id.in_(ids)))
