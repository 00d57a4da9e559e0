"""Events owed to webhooks."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from gateway.bridge.ports import Clock
from gateway.delivery.ports import (
    DeliveryFilter,
    DeliveryPage,
    DeliveryRow,
    Due,
    WebhookHealth,
)
from gateway.domain.model import Attempt, Delivery, Event, Standing
from gateway.storage import (
    claiming,
    delivery_queries,
    health,
    moving,
    redelivering,
    turns,
)
from gateway.storage.batch import ADD_ATTEMPT, RECORD_DELIVERY, Batch
from gateway.storage.directory import Directory
from gateway.storage.engine import Reader
from gateway.storage.fanout import OWED, FanOut
from gateway.storage.rows import micros, row_of_attempt, row_of_record
from gateway.storage.settling import Settling
from gateway.storage.writer import Writer


class Deliveries:
    """Satisfies the port of the same name."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        directory: Directory,
        fan_out: FanOut,
        settling: Settling,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._directory = directory
        self._fan_out = fan_out
        self._settling = settling
        self._clock = clock
        self._run_claims = partial(claiming.run, fresh=fan_out.fresh)
        # What claims may have marked that failed, by webhook: nobody can tell whether
        # their commits did. Nothing else would ever touch it before the next start.
        self._doubtful: dict[str, list[str]] = {}
        # What was recorded although it had failed: its repetition is to change nothing.
        self._recorded: set[tuple[Delivery, Attempt | None]] = set()

    async def take_over(self) -> int:
        """Make every delivery that a former process left `in_flight` due at once."""
        counts: list[int] = []

        def stage(batch: Batch) -> None:
            def work(connection: Connection) -> None:
                now = self._clock.now()
                counts[:] = [moving.take_over(connection, now)]
                for webhook_id, key in turns.stuck(connection):
                    batch.pass_turn(webhook_id, key, micros(now))

            batch.do(work)

        count = await self._writer.ask(stage, lambda: sum(counts))
        await self._settling.resume()
        return count

    def claim(self, webhook_id: str, limit: int) -> asyncio.Future[Sequence[Due]]:
        """Mark at most `limit` due deliveries `in_flight`, oldest due first."""
        claim = claiming.Claim(webhook_id, limit)

        def stage(batch: Batch) -> None:
            claim.now = self._clock.now()
            claim.doubtful = tuple(self._doubtful.get(webhook_id, ()))
            claim.is_barred = lambda: self._settling.is_holding(batch, webhook_id)
            batch.finish(self._run_claims, claim)

        claimed = self._writer.ask(stage, lambda: claim.due)
        claimed.add_done_callback(partial(self._claimed, claim))
        return claimed

    def _claimed(
        self, claim: claiming.Claim, claimed: asyncio.Future[Sequence[Due]]
    ) -> None:
        if claimed.cancelled():
            return
        if claimed.exception() is None:
            for delivery_id in self._doubtful.pop(claim.webhook_id, ()):
                self._settling.forget(delivery_id)
        elif claim.due:
            marked = [due.delivery.id for due in claim.due]
            self._doubtful.setdefault(claim.webhook_id, []).extend(marked)

    def record(
        self,
        delivery: Delivery,
        attempt: Attempt | None,
        *events: Event,
        standing: Standing | None = None,
    ) -> asyncio.Future[None]:
        """Store an attempt and what became of its delivery, in one commit.

        A delivery that would be owed to an inactive webhook is held, one that would be
        owed to a deleted webhook is cancelled.
        """
        record = (delivery, attempt)

        def stage(batch: Batch) -> None:
            if self._recorded and record in self._recorded:
                batch.then.append(partial(self._recorded.discard, record))
                return
            self._stage(batch, delivery, attempt, standing)
            self._fan_out.stage(batch, events)
            batch.then.append(follow)

        def follow() -> None:
            self._settling.forget(delivery.id)
            if recorded.done() and not recorded.cancelled():
                self._recorded.add(record)

        recorded = self._writer.submit(stage)
        return recorded

    def _stage(
        self,
        batch: Batch,
        delivery: Delivery,
        attempt: Attempt | None,
        standing: Standing | None,
    ) -> None:
        webhook = self._directory.get_in(batch, delivery.webhook_id)
        stored = self._settling.settled(delivery, webhook)
        batch.add(RECORD_DELIVERY, row_of_record(stored))
        if stored.next_attempt_at is None and stored.order_key is not None:
            now = micros(self._clock.now())
            batch.pass_turn(stored.webhook_id, stored.order_key, now)
        if attempt is not None:
            batch.add(ADD_ATTEMPT, row_of_attempt(attempt))
        elif stored.state in OWED:
            batch.owed[delivery.webhook_id] = None
        if standing is not None:
            batch.finish(health.note, health.Note(delivery.webhook_id, standing))

    def retry(self, delivery_id: str) -> asyncio.Future[Delivery]:
        """Make a delivery due now, with its whole schedule before it again.

        Decided inside the commit: `NotFound`, or `WrongState`.
        """
        again = redelivering.Again(delivery_id)

        def stage(batch: Batch) -> None:
            again.now = self._clock.now()
            webhook_of = partial(self._directory.get_in, batch)
            batch.do(lambda connection: again.run(connection, webhook_of, batch))
            batch.finish(redelivering.look, again)

        return self._writer.ask(stage, again.result)

    async def standing(self, webhook_id: str) -> Standing:
        """Return how a webhook's receiver has behaved."""
        return await self._reader.read(
            lambda connection: health.standing_of(connection, webhook_id)
        )

    async def next_due_at(self, webhook_id: str) -> datetime | None:
        """Return when the next delivery of a webhook is due; `None` if none is."""
        return await self._reader.read(
            lambda connection: delivery_queries.next_due_at(connection, webhook_id)
        )

    async def get(
        self, delivery_id: str
    ) -> tuple[DeliveryRow, Sequence[Attempt]] | None:
        """Return a delivery with its attempts, oldest first."""
        return await self._reader.read(
            lambda connection: delivery_queries.get(connection, delivery_id)
        )

    async def list(self, query: DeliveryFilter) -> DeliveryPage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        return await self._reader.read(
            lambda connection: delivery_queries.page(connection, query)
        )

    async def health(self, webhook_id: str) -> WebhookHealth:
        """Return how a webhook's deliveries fare."""
        return await self._reader.read(
            lambda connection: health.health_of(connection, webhook_id)
        )

    def on_owed(self, wake: Callable[[Sequence[str]], None]) -> None:
        """Have `wake` called with the webhooks to which a commit owes something new."""
        self._writer.on_owed(wake)
