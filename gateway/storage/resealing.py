"""Secrets under an older master key, sealed anew while the gateway runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection, Table, func, or_, select, update

from gateway.bridge.ports import Meter
from gateway.domain.errors import ShuttingDown, StoreUnavailable
from gateway.domain.once import Once
from gateway.storage import head, onces, source_rows, webhook_rows
from gateway.storage.batch import Batch, Work
from gateway.storage.engine import Reader
from gateway.storage.pacing import Pace
from gateway.storage.sealing import Sealer
from gateway.storage.tables import once, source, webhook
from gateway.storage.writer import Writer

FINGERPRINT: Final = "master_key"
STEP: Final = 100  # Rows of one commit: each is opened and sealed.
AGAIN_AFTER_S: Final = 5.0  # once the store has failed

# Tables that have a sealed column, and for which place a row of theirs is sealed.
SEALED: Final = (
    (webhook, webhook_rows.place_of),
    (source, source_rows.place_of),
)


@dataclass(frozen=True, slots=True)
class Resealing:
    """Seals with the newest key what an older one sealed.

    The store is known by its old key until that is needed no more.
    """

    writer: Writer
    reader: Reader
    sealer: Sealer
    pace: Pace
    meter: Meter

    async def run(self) -> None:
        """Return when nothing is left under an older key, or the gateway stops."""
        while True:
            try:
                await self._run()
            except ShuttingDown:
                return
            except StoreUnavailable:
                await self.pace.clock.sleep(AGAIN_AFTER_S)
            else:
                return

    async def _run(self) -> None:
        for table, place_of in SEALED:
            while ids := await self.reader.read(partial(self._old, table)):
                begun_s = self.pace.begin()
                work = partial(self._reseal, table, place_of, ids)
                await self.writer.submit(partial(_stage, work))
                await self.pace.rest(begun_s)
        while keys := await self.reader.read(self._old_answers):
            begun_s = self.pace.begin()
            work = partial(self._reseal_answers, keys)
            await self.writer.submit(partial(_stage, work))
            await self.pace.rest(begun_s)
        known = await self.reader.read(lambda c: head.fact_of(c, FINGERPRINT))
        newest = self.sealer.fingerprint
        if known != newest:
            await self.writer.submit(
                lambda batch: batch.do(lambda c: head.set_fact(c, FINGERPRINT, newest))
            )
            self.meter.info("store.resealed")

    def _old(self, table: Table, connection: Connection) -> list[str]:
        prefix = self.sealer.prefix
        start = func.substr(table.c.sealed, 1, len(prefix))
        old = select(table.c.id).where(start != prefix).limit(STEP)
        return list(connection.execute(old).scalars())

    def _reseal(
        self,
        table: Table,
        place_of: Callable[[str], str],
        ids: list[str],
        connection: Connection,
    ) -> None:
        rows = connection.execute(
            select(table.c.id, table.c.sealed).where(table.c.id.in_(ids))
        ).all()
        for noun_id, sealed in rows:
            place = place_of(noun_id)
            anew = self.sealer.seal(self.sealer.open(sealed, place), place)
            connection.execute(
                update(table).where(table.c.id == noun_id).values(sealed=anew)
            )

    def _old_answers(self, connection: Connection) -> list[Once]:
        """Return what has an answer that can be sealed anew."""
        answer, older = once.c.answer, self.sealer.older_prefixes
        if not older:
            return []
        is_old = or_(*(func.substr(answer, 1, len(start)) == start for start in older))
        found = connection.execute(
            select(once.c.scope, once.c.key).where(is_old).limit(STEP)
        )
        return [Once(scope, key) for scope, key in found]

    def _reseal_answers(self, keys: list[Once], connection: Connection) -> None:
        for used in keys:
            done = onces.done(connection, used)
            if done is None or done.answer is None:
                continue
            place = onces.place_of(used)
            answer = self.sealer.opened(done.answer, place)
            connection.execute(
                update(once)
                .where(once.c.scope == used.scope, once.c.key == used.key)
                # One that was tampered with is no answer: it must not hinder the rest.
                .values(answer=answer and self.sealer.seal(answer, place))
            )


def _stage(work: Work, batch: Batch) -> None:
    batch.do(work)
