"""The webhooks we know: read from memory, changed by commits."""

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, delete, insert, select, update

from gateway.delivery.ports import Hold, Release
from gateway.domain.model import Event, Ordering, Webhook
from gateway.domain.once import Done, Once
from gateway.storage import health, moving, onces
from gateway.storage.batch import Batch
from gateway.storage.directory import Directory
from gateway.storage.engine import Reader
from gateway.storage.errors import MasterKeyMismatch
from gateway.storage.fanout import FanOut
from gateway.storage.sealing import Sealer
from gateway.storage.settling import Settling
from gateway.storage.tables import webhook as table, webhook_health
from gateway.storage.webhook_rows import row_of_webhook, webhook_of
from gateway.storage.writer import Writer


class Webhooks:
    """Satisfies the port of the same name."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        directory: Directory,
        fan_out: FanOut,
        settling: Settling,
        sealer: Sealer,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._directory = directory
        self._fan_out = fan_out
        self._settling = settling
        self._sealer = sealer

    def get(self, webhook_id: str) -> Webhook | None:
        """Return a webhook, or `None`."""
        return self._directory.get(webhook_id)

    def all(self) -> Sequence[Webhook]:
        """Return all webhooks, oldest first."""
        return self._directory.all()

    def put(
        self,
        webhook: Webhook,
        *events: Event,
        owed: Hold | Release | None = None,
        once: Once | None = None,
        answer: str | None = None,
    ) -> asyncio.Future[None]:
        """Store a new or changed webhook; its URL, secrets and headers are sealed.

        What is owed to one that becomes inactive is held, with its `disabled_reason`
        or `disabled`; what is held stays so until it is released. The answer is sealed,
        too, because it may hold the secret.
        """
        at, sealer = webhook.created_at, self._sealer
        row = row_of_webhook(webhook, sealer)
        use = None if once is None else onces.using(once, at, answer, sealer)

        def stage(batch: Batch) -> None:
            before = self._directory.get_in(batch, webhook.id)
            batch.webhooks[webhook.id] = webhook
            if use is not None:
                batch.do(use)
            batch.do(lambda connection: _write(connection, row))
            moves = self._moves(before, webhook, owed)
            if moves:
                self._settling.stage(batch, webhook.id, *moves)
            if webhook.active and before is not None and not before.active:
                batch.finish(health.note, health.Note(webhook.id, None))
            self._fan_out.stage(batch, events)
            batch.then.append(partial(self._directory.take, {webhook.id: webhook}))

        return self._writer.submit(stage)

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up, with what was answered then."""
        found = await self._reader.read(lambda c: onces.done(c, once))
        return found and onces.opened(found, once, self._sealer)

    def _moves(
        self, before: Webhook | None, webhook: Webhook, owed: Hold | Release | None
    ) -> list[moving.Move]:
        below = self._settling.number()
        if before is None:
            # What one of the same id was owed that is deleted, if it is there still.
            return [moving.cancel(below)]
        moves = []
        if Ordering.NONE is webhook.ordering is not before.ordering:
            moves.append(moving.unorder(below))
        if isinstance(owed, Hold) or not webhook.active:
            moves.append(moving.hold(webhook, owed, below))
        elif owed is not None:
            moves.append(moving.release(owed, below))
        return moves

    def delete(self, webhook_id: str) -> asyncio.Future[None]:
        """Remove a webhook; deliveries still owed to it become `cancelled`."""

        def stage(batch: Batch) -> None:
            batch.webhooks[webhook_id] = None
            batch.do(lambda connection: _erase(connection, webhook_id))
            move = moving.cancel(self._settling.number())
            self._settling.stage(batch, webhook_id, move)
            batch.then.append(partial(self._directory.take, {webhook_id: None}))

        return self._writer.submit(stage)


def load(connection: Connection, sealer: Sealer) -> list[Webhook]:
    """Return the webhooks stored; `MasterKeyMismatch` for one that can't be opened."""
    rows = connection.execute(select(table)).mappings().all()
    if not all(sealer.has_key_of(row["sealed"]) for row in rows):
        raise MasterKeyMismatch
    return [webhook_of(row, sealer) for row in rows]


def _write(connection: Connection, row: dict[str, object]) -> None:
    changed = connection.execute(
        update(table).where(table.c.id == row["id"]).values(row)
    )
    if changed.rowcount == 0:
        connection.execute(insert(table).values(row))
        connection.execute(insert(webhook_health).values(webhook_id=row["id"]))


def _erase(connection: Connection, webhook_id: str) -> None:
    connection.execute(delete(table).where(table.c.id == webhook_id))
    connection.execute(
        delete(webhook_health).where(webhook_health.c.webhook_id == webhook_id)
    )
