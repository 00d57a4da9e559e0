"""One webhook's lane: it claims what is due and keeps the requests flowing."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from gateway.bridge.ports import Clock
from gateway.delivery.attempts import Result
from gateway.delivery.bell import Bell
from gateway.delivery.cap import Cap
from gateway.delivery.ledger import Disabling, Ledger
from gateway.delivery.patience import Patience
from gateway.delivery.pause import Pause
from gateway.delivery.ports import Deliveries, Due
from gateway.delivery.roster import Roster
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Webhook

# Deliveries claimed before there is a slot for them: the next request need not wait
# for a commit. At most as many as there are slots.
AHEAD = 64


class Attempting(Disabling, Protocol):
    """What a lane asks to make an attempt, and to do what its answer demands."""

    async def make(self, webhook: Webhook, due: Due) -> Result:
        """Attempt a delivery once, and say what becomes of it. Nothing is raised."""
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

    @property
    def ledger(self) -> Ledger:
        """Where results are written down."""
        return Ledger(self.deliveries, self.attempting, self.patience)


class Lane:
    """Delivers to one webhook, independent of all others.

    A slot is free again as soon as the answer is there; storing the result goes on
    beside the next request. While results cannot be stored, nothing more is sent.

    Args:
        webhook_id: The webhook.
        works: What it shares with the other lanes.
        tasks: Where its requests belong.
    """

    def __init__(self, webhook_id: str, works: Works, tasks: asyncio.TaskGroup) -> None:
        self._webhook_id = webhook_id
        self._works = works
        self._tasks = tasks
        self._ledger = works.ledger
        self._bell = Bell(works.clock, tasks)
        self._pause = Pause()
        self._owed = True  # Something may be due now: only a claim will tell.
        self._due_at: datetime | None = None  # Nothing else known is due before.
        self._failures = 0  # Claims that failed one after the other.
        self._claim_after_s = 0.0  # Monotonic: no claim before, as the last failed.
        self._ready: deque[Due] = deque()  # Claimed, and not sent yet.
        self._flying = 0
        self._unrecorded = 0
        self._cut = False  # Nothing is waited for any more.

    @property
    def in_flight(self) -> int:
        """Requests that wait for an answer, and results that are being stored."""
        return self._flying + self._unrecorded

    def wake(self) -> None:
        """Look again: something is owed, or the webhook has changed."""
        self._owed = True
        self._bell.ring()

    async def run(self) -> None:
        """Deliver until the webhook is inactive or gone, or the worker drains.

        Returns when all that was sent is stored, and all that was not is put back.
        """
        self._due_at = await self._ledger.next_due_at(self._webhook_id)
        try:
            while self._goes_on():
                webhook = self._sendable()
                if webhook is None:
                    self._put_all_back()
                else:
                    self._launch(webhook)
                    if self._may_claim(webhook):
                        await self._claim(self._wanted(webhook))
                await self._bell.wait()
            self._put_all_back()
            self._bell.silence()
            while self.in_flight:
                await self._bell.wait()
        finally:
            self._cut = True

    def _goes_on(self) -> bool:
        if self._works.draining.is_set():
            return False
        webhook = self._works.roster.find(self._webhook_id)
        return (webhook is not None and webhook.active) or self.in_flight > 0

    def _sendable(self) -> Webhook | None:
        """Return the webhook if something may be sent to it now.

        If only time keeps us from it, the bell rings when that is over.
        """
        webhook = self._works.roster.find(self._webhook_id)
        if webhook is None or not webhook.active or self._works.draining.is_set():
            return None
        wait_s = self._pause.left_s(webhook.url, now_s=self._works.clock.monotonic())
        if wait_s > 0:
            self._bell.ring_in(wait_s)
            return None
        return webhook

    def _launch(self, webhook: Webhook) -> None:
        """Send what is ready, as far as there are slots for it."""
        while self._may_send(webhook):
            due = self._take_first()
            if due is None:
                return
            self._tasks.create_task(self._deliver(webhook, due))
        self._works.cap.leave(self._bell.ring)

    def _may_send(self, webhook: Webhook) -> bool:
        return (
            bool(self._ready)
            and self._flying < webhook.max_in_flight
            and self._unrecorded < webhook.max_in_flight
        )

    def _take_first(self) -> Due | None:
        """Take a slot for the first that is ready; without one, stand in line."""
        if not self._works.cap.take(1, self._bell.ring):
            return None
        self._flying += 1
        return self._ready.popleft()

    def _may_claim(self, webhook: Webhook) -> bool:
        """Say whether to claim now; if time will change that, have the bell ring."""
        if self._wanted(webhook) <= 0:
            return False
        if self._owed:
            due_s = 0.0
        elif self._due_at is not None:
            due_s = (self._due_at - self._works.clock.now()).total_seconds()
        else:
            return False
        failed_s = self._claim_after_s - self._works.clock.monotonic()
        wait_s = max(due_s, failed_s)
        if wait_s > 0:
            self._bell.ring_in(wait_s)
        return wait_s <= 0

    def _wanted(self, webhook: Webhook) -> int:
        """Return how many to claim: none until half of what was claimed ahead is sent.

        So a claim, which is a commit, is made for several at a time.
        """
        ahead = min(webhook.max_in_flight, AHEAD)
        if len(self._ready) > ahead // 2 or self._unrecorded >= webhook.max_in_flight:
            return 0
        return webhook.max_in_flight + ahead - self._flying - len(self._ready)

    async def _claim(self, wanted: int) -> None:
        self._owed = False
        try:
            claimed = await self._works.deliveries.claim(self._webhook_id, wanted)
        except StoreUnavailable:
            self._retreat()
            return
        self._failures = 0
        self._ready.extend(claimed)
        if claimed:
            self._bell.ring()
        if len(claimed) == wanted:
            self._owed = True  # There may be more.
        else:
            await self._look_ahead()

    def _retreat(self) -> None:
        self._owed = True
        self._failures += 1
        wait_s = self._works.patience.wait_s(self._failures)
        self._claim_after_s = self._works.clock.monotonic() + wait_s
        self._bell.ring()

    async def _look_ahead(self) -> None:
        """Learn when the next is due, once the moment known before has come.

        A lane whose deliveries all succeed never asks: it is told of what is new.
        """
        if self._due_at is not None and self._due_at <= self._works.clock.now():
            self._due_at = None
            self._launch_next()  # What was claimed need not wait for the answer.
            self._expect(await self._ledger.next_due_at(self._webhook_id))

    def _expect(self, due_at: datetime | None) -> None:
        if due_at is not None and (self._due_at is None or due_at < self._due_at):
            self._due_at = due_at
            self._bell.ring()

    def _launch_next(self) -> None:
        webhook = self._sendable()
        if webhook is not None:
            self._launch(webhook)

    async def _deliver(self, webhook: Webhook, due: Due) -> None:
        """Send it, and then what is ready next: a task for each would cost more."""
        sent: Webhook | None = webhook
        owed: Due | None = due
        while sent is not None and owed is not None:
            await self._send(sent, owed)
            sent, owed = self._sendable(), None
            if sent is not None:
                if self._may_send(sent):
                    owed = self._take_first()
                self._launch(sent)
            self._bell.ring()

    async def _send(self, webhook: Webhook, due: Due) -> None:
        try:
            result = await self._works.attempting.make(webhook, due)
        finally:
            self._flying -= 1
            self._works.cap.give_back(1)
        if result.pause is not None:
            now_s = self._works.clock.monotonic()
            self._pause.extend(webhook.url, result.pause, now_s=now_s)
        self._unrecorded += 1
        if result.disables:
            self._tasks.create_task(self._keep(result))
        else:
            stored = self._ledger.record(result)
            stored.add_done_callback(partial(self._stored, result))

    def _stored(self, result: Result, stored: asyncio.Future[None]) -> None:
        """Go on after a result was stored, or see to it that it will be."""
        if stored.cancelled() or stored.exception() is None:
            self._recorded(result)
        elif not self._cut:
            self._tasks.create_task(self._keep(result, stored))

    async def _keep(
        self, result: Result, begun: asyncio.Future[None] | None = None
    ) -> None:
        await self._ledger.keep(result, begun)
        self._recorded(result)

    def _recorded(self, result: Result) -> None:
        self._unrecorded -= 1
        self._bell.ring()
        self._expect(result.delivery.next_attempt_at)

    def _put_all_back(self) -> None:
        """Undo the claims of what may not be sent now."""
        self._works.cap.leave(self._bell.ring)
        while self._ready:
            self._owed = True
            self._unrecorded += 1
            self._tasks.create_task(self._put_back(self._ready.popleft()))

    async def _put_back(self, due: Due) -> None:
        await self._ledger.put_back(due, self._works.clock.now())
        self._unrecorded -= 1
        self._bell.ring()
