"""Deliveries that change state because of their webhook, or of a restart."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, case, select, update

from gateway.domain.model import DeliveryState, Webhook
from gateway.storage.batch import Batch
from gateway.storage.directory import Directory
from gateway.storage.engine import Reader
from gateway.storage.fanout import DELETED, DISABLED
from gateway.storage.rows import micros
from gateway.storage.tables import delivery
from gateway.storage.writer import Writer

STEP = 1000  # Rows of one commit.

PENDING = DeliveryState.PENDING.value
RETRYING = DeliveryState.RETRYING.value
HELD = DeliveryState.HELD.value
OPEN = (PENDING, RETRYING, HELD)


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of deliveries of one webhook."""

    webhook_id: str
    before: tuple[str, ...]
    after: DeliveryState
    reason: str | None
    due_at: datetime | None = None

    def run(self, connection: Connection) -> bool:
        """Move at most 1000; say whether there may be more."""
        moved = 0
        for state in self.before:
            some = (
                select(delivery.c.number)
                .where(
                    delivery.c.state == state,
                    delivery.c.webhook_id == self.webhook_id,
                )
                .limit(STEP - moved)
            )
            due_at = None if self.due_at is None else micros(self.due_at)
            changed = connection.execute(
                update(delivery)
                .where(delivery.c.number.in_(some.scalar_subquery()))
                .values(
                    state=self.after.value, reason=self.reason, next_attempt_at=due_at
                )
            )
            moved += changed.rowcount
        return moved >= STEP


def hold_or_cancel(webhook_id: str, webhook: Webhook | None) -> Move:
    """Return what becomes of what is owed to an inactive or deleted webhook."""
    if webhook is None:
        return Move(webhook_id, OPEN, DeliveryState.CANCELLED, DELETED)
    reason = webhook.disabled_reason or DISABLED
    return Move(webhook_id, (PENDING, RETRYING), DeliveryState.HELD, reason)


def hold(webhook_id: str, reason: str) -> Move:
    """Return what becomes of what is owed to a webhook that is to wait."""
    return Move(webhook_id, (PENDING, RETRYING), DeliveryState.HELD, reason)


def release(webhook_id: str, now: datetime) -> Move:
    """Return what becomes of what was held for a webhook that is active again."""
    return Move(webhook_id, (HELD,), DeliveryState.PENDING, None, due_at=now)


def stage(writer: Writer, move: Move, batch: Batch) -> None:
    """Begin a move in a batch; what is left is moved in batches that follow."""
    more: list[bool] = []

    def work(connection: Connection) -> None:
        more[:] = [move.run(connection)]

    def go_on() -> None:
        if any(more):
            rest = writer.submit(partial(stage, writer, move))
            # What is left unmoved by a failure is moved at the next start.
            rest.add_done_callback(_forget)

    batch.do(work)
    batch.then.append(go_on)
    if move.due_at is not None:
        batch.owed[move.webhook_id] = None


def _forget(future: asyncio.Future[None]) -> None:
    if not future.cancelled():
        future.exception()


def take_over(connection: Connection, now: datetime) -> int:
    """Make what is `in_flight` due at once; return how many there were."""
    changed = connection.execute(
        update(delivery)
        .where(delivery.c.state == DeliveryState.IN_FLIGHT.value)
        .values(
            state=case((delivery.c.attempts == 0, PENDING), else_=RETRYING),
            next_attempt_at=micros(now),
        )
    )
    return changed.rowcount


async def settle_all(writer: Writer, reader: Reader, directory: Directory) -> None:
    """Hold or cancel whatever is still owed to inactive or deleted webhooks."""

    def owing(connection: Connection) -> list[str]:
        open_ids = select(delivery.c.webhook_id).where(delivery.c.state.in_(OPEN))
        return list(connection.execute(open_ids.distinct()).scalars())

    for webhook_id in await reader.read(owing):
        webhook = directory.get(webhook_id)
        if webhook is None or not webhook.active:
            move = hold_or_cancel(webhook_id, webhook)
            await writer.submit(partial(stage, writer, move))
