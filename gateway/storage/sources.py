"""The sources: read from memory, changed by commits."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from gateway.domain.model import Source
from gateway.domain.once import Done, Once
from gateway.storage import onces
from gateway.storage.batch import Batch
from gateway.storage.engine import Reader
from gateway.storage.errors import MasterKeyMismatch
from gateway.storage.sealing import Sealer
from gateway.storage.source_rows import row_of_source, source_of
from gateway.storage.tables import source as table
from gateway.storage.writer import Writer

REMEMBERED: Final = timedelta(days=30)  # once it is deleted: until then it is answered


class Sources:
    """Satisfies the port of the same name.

    Args:
        sources: Those stored.
    """

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        sealer: Sealer,
        sources: Iterable[Source],
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._sealer = sealer
        self._take(sources)

    def get(self, source_id: str) -> Source | None:
        """Return a source, a deleted one too, or `None`."""
        return self._by_id.get(source_id)

    def by_token(self, token_hash: str) -> Source | None:
        """Return the source of a token, a deleted one too, or `None`."""
        return self._by_token.get(token_hash)

    def all(self) -> Sequence[Source]:
        """Return the sources that are not deleted, oldest first."""
        return self._there

    def known(self) -> Sequence[Source]:
        """Return all that are remembered, the deleted ones too, oldest first."""
        return tuple(self._by_id.values())

    def put(
        self, source: Source, *, once: Once | None = None, answer: str | None = None
    ) -> asyncio.Future[None]:
        """Store a source; its secrets are sealed, and so is the answer.

        Its future fails with `AlreadyDone` if `once` was used up before.
        """
        at, sealer = source.created_at, self._sealer
        row = row_of_source(source, sealer)
        use = None if once is None else onces.using(once, at, answer, sealer)

        def stage(batch: Batch) -> None:
            if use is not None:
                batch.do(use)
            batch.do(partial(_write, row))
            batch.then.append(lambda: self._take([*self._by_id.values(), source]))

        return self._writer.submit(stage)

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up, with what was answered then."""
        found = await self._reader.read(lambda c: onces.done(c, once))
        return found and onces.opened(found, once, self._sealer)

    async def forget_deleted(self, now: datetime) -> None:
        """Forget what was deleted 30 days ago."""
        gone = {
            one.id
            for one in self._by_id.values()
            if one.deleted_at is not None and one.deleted_at < now - REMEMBERED
        }
        if gone:
            await self._writer.submit(partial(self._stage_gone, gone))

    def _stage_gone(self, gone: set[str], batch: Batch) -> None:
        batch.do(partial(_erase, gone))
        batch.then.append(
            lambda: self._take(s for s in self._by_id.values() if s.id not in gone)
        )

    def _take(self, sources: Iterable[Source]) -> None:
        """Know these from now on; of two with one id the later one."""
        known = {source.id: source for source in sources}
        oldest_first = sorted(known.values(), key=lambda one: (one.created_at, one.id))
        self._by_id = {source.id: source for source in oldest_first}
        self._by_token = {source.token_hash: source for source in oldest_first}
        self._there = tuple(s for s in oldest_first if s.deleted_at is None)


def load(connection: Connection, sealer: Sealer) -> list[Source]:
    """Return the sources stored; `MasterKeyMismatch` for one that can't be opened."""
    rows = connection.execute(select(table)).mappings().all()
    if not all(sealer.has_key_of(row["sealed"]) for row in rows):
        raise MasterKeyMismatch
    return [source_of(row, sealer) for row in rows]


def _write(row: dict[str, object], connection: Connection) -> None:
    changed = connection.execute(
        update(table).where(table.c.id == row["id"]).values(row)
    )
    if changed.rowcount == 0:
        connection.execute(insert(table).values(row))


def _erase(source_ids: set[str], connection: Connection) -> None:
    connection.execute(delete(table).where(table.c.id.in_(source_ids)))
