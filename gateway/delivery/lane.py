"""One webhook's lane: it claims what is due and keeps the requests flowing."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from gateway.delivery.bell import Bell
from gateway.delivery.breaker import Circuit
from gateway.delivery.disabling import FAILING
from gateway.delivery.ports import Due
from gateway.delivery.receiver import Receiver
from gateway.delivery.result import Result
from gateway.delivery.standing import Turn
from gateway.delivery.works import Works
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import DeliveryState, Standing, Webhook

# The two clocks are read one after the other, and drift apart: that is no step.
LEAST_STEP_S = 0.001


class Flight(NamedTuple):
    """A delivery that has a slot, and the era of the circuit in which it got that."""

    due: Due
    era: int


class Lane:
    """Delivers to one webhook, independent of all others.

    A slot is free again as soon as the answer is there; storing the result goes on
    beside the next request. While results cannot be stored, nothing more is sent.
    While the receiver is paused or its circuit open, nothing is claimed.

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
        self._share = works.cap.share(self._bell.ring)
        self._receiver = Receiver(Standing(), works.now)
        self._is_loaded = False
        self._owed = True  # Something may be due now: only a claim will tell.
        self._due_at: datetime | None = None  # Nothing else known is due before.
        self._lead_s = works.now.lead_s
        self._failures = 0  # Claims that failed one after the other.
        self._claim_after_s = 0.0  # Monotonic: no claim before, as the last failed.
        self._ready: deque[Due] = deque()  # Claimed, and not sent yet.
        self._url: str | None = None  # The webhook's when they were claimed.
        self._flying = 0
        self._unrecorded = 0
        self._blamed: str | None = None  # The template last told of to fail.
        self._cut = False  # Nothing is waited for any more.

    @property
    def in_flight(self) -> int:
        """Requests that wait for an answer, and results that are being stored."""
        return self._flying + self._unrecorded

    @property
    def circuit(self) -> Circuit:
        """What the circuit to the receiver lets through."""
        return self._receiver.circuit(self._works.clock.monotonic())

    @property
    def standing(self) -> Standing | None:
        """How the receiver stands; `None` until that is read from the store."""
        return self._receiver.standing if self._is_loaded else None

    def wake(self) -> None:
        """Look again: something is owed, or the webhook has changed."""
        self._owed = True
        self._bell.ring()

    def restart(self) -> None:
        """Start afresh with the receiver, as after it was enabled, and look again."""
        self._receiver.restart()
        self.wake()

    async def run(self) -> None:
        """Deliver until the webhook is inactive or gone, or the worker drains.

        Returns when all that was sent is stored, and all that was not is put back.
        """
        standing = await self._ledger.standing(self._webhook_id)
        self._receiver = Receiver(standing, self._works.now)
        self._is_loaded = True
        self._due_at = await self._ledger.next_due_at(self._webhook_id)
        try:
            while self._goes_on():
                webhook = self._sendable()
                if webhook is None:
                    self._put_all_back()
                else:
                    self._launch(webhook)
                    wanted = self._wanted(webhook)
                    if wanted > 0 and self._may_claim():
                        await self._claim(wanted)
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
        if webhook is not None and webhook.active:
            return True
        # Until nothing is left to put back: it may be active again by then.
        return self.in_flight > 0 or bool(self._ready)

    def _sendable(self) -> Webhook | None:
        """Return the webhook if something may be sent to it now.

        If only time keeps us from it, the bell rings when that is over.
        """
        webhook = self._works.roster.find(self._webhook_id)
        if webhook is None:
            return None
        self._receiver.look_at(webhook)
        if webhook.url != self._url:  # The store knows what may follow it there.
            self._put_all_back()
            self._url = webhook.url
        if not webhook.active or self._works.draining.is_set():
            return None
        wait_s = self._receiver.wait_s(self._works.clock.monotonic())
        if wait_s > 0:
            self._bell.ring_in(wait_s)
            return None
        return webhook

    def _launch(self, webhook: Webhook) -> None:
        """Send what is ready, as far as there are slots for it."""
        while self._may_send(webhook):
            flight = self._take_first(webhook)
            if flight is None:
                return
            self._tasks.create_task(self._deliver(webhook, flight))
        self._share.leave()

    def _may_send(self, webhook: Webhook) -> bool:
        """Say whether one may be sent; if time will change that, have the bell ring."""
        if not self._ready or self._unrecorded >= webhook.max_in_flight:
            return False
        now_s = self._works.clock.monotonic()
        if self._flying >= self._receiver.width(webhook, now_s):
            return False
        wait_s = self._receiver.pace_s(webhook, now_s)
        if wait_s > 0:
            self._bell.ring_in(wait_s)
        return wait_s <= 0

    def _take_first(self, webhook: Webhook) -> Flight | None:
        """Take a slot for the first that is ready; without one, stand in line."""
        if not self._share.take():
            return None
        self._flying += 1
        era = self._receiver.send(webhook, self._works.clock.monotonic())
        return Flight(self._ready.popleft(), era)

    def _may_claim(self) -> bool:
        """Say whether to claim now; if time will change that, have the bell ring."""
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

        So a claim, which is a commit, is made for several at a time. Nothing is claimed
        that the rate limit does not let through soon: then the bell rings.
        """
        now_s = self._works.clock.monotonic()
        ahead, ready = self._receiver.ahead(webhook), len(self._ready)
        if ready > ahead // 2 or self._unrecorded >= webhook.max_in_flight:
            return 0
        width = self._receiver.width(webhook, now_s)
        most = width + ahead - self._flying
        wanted = self._receiver.soon(webhook, most, now_s) - ready
        if wanted <= 0 < most:
            wait_s = self._receiver.pace_s(webhook, now_s)
            if wait_s > 0:
                self._bell.ring_in(wait_s)
        return wanted

    async def _claim(self, wanted: int) -> None:
        self._owed, url = False, self._url
        try:
            claimed = await self._works.deliveries.claim(self._webhook_id, wanted)
        except StoreUnavailable:
            self._retreat()
            return
        self._failures = 0
        self._ready.extend(claimed)
        if url != self._url:
            self._put_all_back()
        self._bell.ring()  # To send what was claimed, or to set the next time to look.
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

        A lane whose deliveries all succeed never asks: it is told of what is new. But
        what it was told of before the clock was set back is not due yet.
        """
        now = self._works.now
        was_set_back = now.lead_s < self._lead_s - LEAST_STEP_S
        self._lead_s = now.lead_s
        if was_set_back or (self._due_at is not None and self._due_at <= now.at):
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

    async def _deliver(self, webhook: Webhook, flight: Flight) -> None:
        """Send it, and then what is ready next: a task for each would cost more."""
        sent: Webhook | None = webhook
        next_flight: Flight | None = flight
        while sent is not None and next_flight is not None:
            await self._send(sent, next_flight)
            sent, next_flight = self._sendable(), None
            if sent is not None:
                if self._may_send(sent):
                    next_flight = self._take_first(sent)
                self._launch(sent)
            self._bell.ring()

    async def _send(self, webhook: Webhook, flight: Flight) -> None:
        try:
            result = await self._works.attempting.make(webhook, flight.due)
        finally:
            self._flying -= 1
            self._share.give_back()
        result = self._learn(webhook, result, flight.era)
        self._unrecorded += 1
        if result.disables is not None or result.answered is not None:
            self._tasks.create_task(self._keep(result))
        else:
            stored = self._ledger.record(result, self._receiver.standing)
            stored.add_done_callback(partial(self._stored, result))

    def _learn(self, webhook: Webhook, result: Result, era: int) -> Result:
        """Take to heart what came of an attempt, and add what is to be told of it."""
        if result.disables is not None:
            result = replace(result, url=webhook.url)
        now, before = self._works.now, self._receiver.standing
        circuit = self._receiver.circuit(now.s)
        turn = self._receiver.learn(webhook, result, era, now)
        self._tell_circuit(webhook, result, circuit, now.s)
        if result.delivery.state is DeliveryState.HELD:
            self._blame_template(webhook, result)
        if turn is None:
            return result
        if turn is Turn.HOPELESS:
            return replace(result, disables=result.disables or FAILING)
        standing = before if turn is Turn.RECOVERED else self._receiver.standing
        event = self._ledger.notices.turned(webhook, turn, standing)
        return replace(result, events=(*result.events, event))

    def _tell_circuit(
        self, webhook: Webhook, result: Result, before: Circuit, now_s: float
    ) -> None:
        """Tell of a circuit that opens or is closed; probes that fail tell nothing."""
        after = self._receiver.circuit(now_s)
        if after is before or Circuit.CLOSED not in {before, after}:
            return
        wait_s = self._receiver.wait_s(now_s)
        error = result.error or "" if after is Circuit.OPEN else None
        self._ledger.notices.circuit(webhook, error, wait_s)

    def _blame_template(self, webhook: Webhook, result: Result) -> None:
        """Tell of a template that fails, once until it is changed."""
        if webhook.template != self._blamed:
            self._blamed = webhook.template
            error = result.error or ""
            self._ledger.notices.template_failed(result.delivery, error)

    def _stored(self, result: Result, stored: asyncio.Future[None]) -> None:
        """Go on after a result was stored, or see to it that it will be."""
        if stored.cancelled() or stored.exception() is None:
            self._recorded(result)
        elif not self._cut:
            self._tasks.create_task(self._keep(result, stored))

    async def _keep(
        self, result: Result, begun: asyncio.Future[None] | None = None
    ) -> None:
        await self._ledger.keep(result, lambda: self._receiver.standing, begun)
        self._recorded(result)

    def _recorded(self, result: Result) -> None:
        self._unrecorded -= 1
        self._bell.ring()
        self._expect(result.delivery.next_attempt_at)

    def _put_all_back(self) -> None:
        """Undo the claims of what may not be sent now."""
        self._share.leave()
        while self._ready:
            self._owed = True
            self._unrecorded += 1
            self._tasks.create_task(self._put_back(self._ready.popleft()))

    async def _put_back(self, due: Due) -> None:
        await self._ledger.put_back(due, self._works.clock.now())
        self._unrecorded -= 1
        self._bell.ring()
