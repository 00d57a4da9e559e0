"""One webhook's lane: it claims what is due and keeps the requests flowing."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.bridge.ports import Clock
from gateway.delivery.attempts import Result
from gateway.delivery.bell import Bell
from gateway.delivery.cap import Cap
from gateway.delivery.patience import Patience
from gateway.delivery.ports import Deliveries, Due
from gateway.delivery.roster import Roster
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import DeliveryState, Webhook


class Attempting(Protocol):
    """What a lane asks to make an attempt, and to do what its answer demands."""

    async def make(self, webhook: Webhook, due: Due) -> Result:
        """Attempt a delivery once, and say what becomes of it. Nothing is raised."""
        ...

    async def disable(self, webhook_id: str, result: Result) -> None:
        """Make a webhook inactive because of what it answered."""
        ...


@dataclass(frozen=True, slots=True)
class Works:
    """What all lanes share.

    Attributes:
        deliveries: Where the work comes from, and where its results go.
        roster: The webhooks as they are now.
        attempting: Makes the attempts.
        cap: How many requests may be in flight in all.
        patience: Waits for the store to come back.
        clock: The time.
        draining: Set when nothing more is to be claimed.
    """

    deliveries: Deliveries
    roster: Roster
    attempting: Attempting
    cap: Cap
    patience: Patience
    clock: Clock
    draining: asyncio.Event = field(default_factory=asyncio.Event)


class Lane:
    """Delivers to one webhook, independent of all others.

    A slot is free again as soon as the answer is there; storing the result goes on
    beside the next request. While results cannot be stored, nothing more is claimed.

    Args:
        webhook_id: The webhook.
        works: What it shares with the other lanes.
        tasks: Where its requests belong.
    """

    def __init__(self, webhook_id: str, works: Works, tasks: asyncio.TaskGroup) -> None:
        self._webhook_id = webhook_id
        self._works = works
        self._tasks = tasks
        self._bell = Bell(works.clock, tasks)
        self._owed = True  # Something may be due now: only a claim will tell.
        self._due_at: datetime | None = None  # Nothing else known is due before.
        self._failures = 0  # Claims that failed one after the other.
        self._claim_after_s = 0.0  # Monotonic: no claim before, as the last failed.
        self._flying = 0
        self._unrecorded = 0
        self._paused: tuple[str, float] | None = None  # URL, monotonic end.

    @property
    def in_flight(self) -> int:
        """Requests that wait for an answer, and results that are being stored."""
        return self._flying + self._unrecorded

    def wake(self) -> None:
        """Look again: something is owed, or the webhook has changed."""
        self._owed = True
        self._bell.ring()

    async def run(self) -> None:
        """Deliver until the webhook is inactive or gone, or the worker drains."""
        self._due_at = await self._next_due_at()
        while self._goes_on():
            webhook = self._works.roster.find(self._webhook_id)
            if webhook is not None and self._may_claim(webhook):
                await self._claim(webhook)
            else:
                self._works.cap.leave(self._bell.ring)
            await self._bell.wait()
        self._works.cap.leave(self._bell.ring)
        self._bell.silence()

    def _goes_on(self) -> bool:
        if self._works.draining.is_set():
            return False
        webhook = self._works.roster.find(self._webhook_id)
        return (webhook is not None and webhook.active) or self.in_flight > 0

    def _may_claim(self, webhook: Webhook) -> bool:
        """Say whether to claim now; if time will change that, have the bell ring."""
        if not webhook.active or self._slots(webhook) <= 0:
            return False
        wait_s = self._wait_s(webhook)
        if wait_s is None:
            return False
        if wait_s > 0:
            self._bell.ring_in(wait_s)
            return False
        return True

    def _wait_s(self, webhook: Webhook) -> float | None:
        """Return when to claim next, from now; `None` if nothing is owed."""
        if self._owed:
            due_s = 0.0
        elif self._due_at is not None:
            due_s = (self._due_at - self._works.clock.now()).total_seconds()
        else:
            return None
        failed_s = self._claim_after_s - self._works.clock.monotonic()
        return max(due_s, failed_s, self._pause_s(webhook))

    def _slots(self, webhook: Webhook) -> int:
        if self._unrecorded >= webhook.max_in_flight:
            return 0
        return webhook.max_in_flight - self._flying

    def _pause_s(self, webhook: Webhook) -> float:
        """Return for how long to pause; a webhook with a new URL starts afresh."""
        if self._paused is None:
            return 0.0
        url, ends_at_s = self._paused
        wait_s = ends_at_s - self._works.clock.monotonic()
        if url != webhook.url or wait_s <= 0:
            self._paused = None
            return 0.0
        return wait_s

    async def _claim(self, webhook: Webhook) -> None:
        slots = self._works.cap.take(self._slots(webhook), self._bell.ring)
        if slots == 0:
            return
        self._flying += slots
        self._owed = False
        claimed: list[Due] = []
        try:
            claimed += await self._works.deliveries.claim(self._webhook_id, slots)
        except StoreUnavailable:
            self._retreat()
        else:
            self._failures = 0
        finally:
            self._land(slots - len(claimed))
        for due in claimed:
            self._tasks.create_task(self._deliver(due))
        if len(claimed) == slots:
            self.wake()  # There may be more.
        elif not self._failures:
            await self._look_ahead()

    def _retreat(self) -> None:
        self._owed = True
        self._failures += 1
        wait_s = self._works.patience.wait_s(self._failures)
        self._claim_after_s = self._works.clock.monotonic() + wait_s
        self._bell.ring()

    async def _look_ahead(self) -> None:
        """Learn when the next is due, once the moment known before has come.

        A lane whose deliveries all succeed never comes here: it is told of what is new.
        """
        if self._due_at is not None and self._due_at <= self._works.clock.now():
            self._due_at = None
            self._expect(await self._next_due_at())

    def _expect(self, due_at: datetime | None) -> None:
        if due_at is not None and (self._due_at is None or due_at < self._due_at):
            self._due_at = due_at
            self._bell.ring()

    def _land(self, slots: int) -> None:
        if slots:
            self._flying -= slots
            self._works.cap.give_back(slots)

    async def _deliver(self, due: Due) -> None:
        webhook = self._works.roster.find(self._webhook_id)
        result: Result | None = None
        try:
            if webhook is not None and webhook.active and not self._is_draining:
                result = await self._works.attempting.make(webhook, due)
        finally:
            self._land(1)
            self._bell.ring()
        self._unrecorded += 1
        try:
            if webhook is None or result is None:
                await self._put_back(due)
            else:
                await self._keep(webhook, result)
        finally:
            self._unrecorded -= 1
            self._bell.ring()

    @property
    def _is_draining(self) -> bool:
        return self._works.draining.is_set()

    async def _keep(self, webhook: Webhook, result: Result) -> None:
        """Store a result, and do what it asks for."""
        if result.pause is not None:
            self._pause(webhook.url, result.pause)
        if result.disables:
            await self._works.patience.insist(
                lambda: self._works.attempting.disable(webhook.id, result),
                what="disable",
            )

        async def record() -> None:
            await self._works.deliveries.record(
                result.delivery, result.attempt, *result.events
            )

        await self._works.patience.insist(record, what="record")
        self._expect(result.delivery.next_attempt_at)

    async def _put_back(self, due: Due) -> None:
        """Undo a claim; what is owed to an inactive webhook is held by the store."""
        state = (
            DeliveryState.RETRYING if due.delivery.attempts else DeliveryState.PENDING
        )
        owed = replace(
            due.delivery, state=state, next_attempt_at=self._works.clock.now()
        )

        async def record() -> None:
            await self._works.deliveries.record(owed, None)

        await self._works.patience.insist(record, what="put_back")

    def _pause(self, url: str, pause: timedelta) -> None:
        ends_at_s = self._works.clock.monotonic() + pause.total_seconds()
        if self._paused is None or self._paused[1] < ends_at_s:
            self._paused = (url, ends_at_s)

    async def _next_due_at(self) -> datetime | None:
        async def ask() -> datetime | None:
            return await self._works.deliveries.next_due_at(self._webhook_id)

        return await self._works.patience.insist(ask, what="next_due_at")
