"""Whatever happens, in whatever order: nothing is lost, and no promise is broken."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from typing_extensions import override

from gateway.delivery.patience import LONGEST_WAIT_S
from gateway.delivery.ports import Release, Request
from gateway.domain.errors import StoreUnavailable, WrongState
from gateway.domain.model import (
    Delivery,
    DeliveryState,
    ErrorClass,
    Ordering,
    Outcome,
    RateLimit,
    Webhook,
)
from tests.fakes.clock import settle
from tests.fakes.delivering import Delivering, a_webhook
from tests.fakes.sender import ScriptedSender, an_outcome

T = TypeVar("T")

pytestmark = pytest.mark.timeout(120)

AT_ONCE = 5  # In all.
SCHEDULE_S = (5, 60, 300)
OPEN = {DeliveryState.PENDING, DeliveryState.RETRYING, DeliveryState.IN_FLIGHT}
OVER = {DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.CANCELLED}
WEBHOOKS = (
    a_webhook("wide", max_in_flight=3, schedule_s=SCHEDULE_S),
    a_webhook("sorted", ordering=Ordering.SENDER, schedule_s=SCHEDULE_S),
    a_webhook("paced", rate_limit=RateLimit(0.2, 2), schedule_s=SCHEDULE_S),
)
IDS = st.sampled_from([webhook.id for webhook in WEBHOOKS])
ANSWERS = {
    "ok": an_outcome(200),
    "error": an_outcome(500),
    "refused": an_outcome(ErrorClass.CONNECTION_REFUSED),
    "busy": an_outcome(429, retry_after="45"),
    "gone": an_outcome(410),
}


class Watched(ScriptedSender):
    """Answers when it is told to, and checks every request as it is made.

    Attributes:
        flights: The requests that wait for an answer.
        not_before: Until when a URL asked to be left alone, on the monotonic clock.
        due_s: When deliveries to be tried again are due, as a timestamp.
        again: Deliveries made due again by hand, which keep their place no more.
        at: When requests were sent, by URL.
    """

    def __init__(self, world: Delivering) -> None:
        super().__init__()
        self._world = world
        self.flights: list[tuple[Request, asyncio.Future[Outcome]]] = []
        self.not_before: dict[str, float] = {}
        self.due_s: dict[str, float] = {}
        self.again: set[str] = set()
        self.at: dict[str, list[float]] = {}
        self.wrong: list[str] = []

    @override
    async def send(self, request: Request) -> Outcome:
        self._check(request)
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        flight = (request, answer)
        self.flights.append(flight)
        try:
            return await answer
        finally:
            self.flights.remove(flight)

    def answer(self, number: int, outcome: Outcome) -> None:
        """Answer one of those that wait."""
        request, answer = self.flights[number % len(self.flights)]
        asked = outcome.headers.get("retry-after")
        if asked is not None:
            until_s = self._world.clock.monotonic() + float(asked)
            self.not_before[request.url] = until_s
        answer.set_result(outcome)

    def flying_to(self, url: str) -> int:
        """Return how many requests to a URL wait for an answer."""
        return sum(request.url == url for request, _ in self.flights)

    def _check(self, request: Request) -> None:
        world, now_s = self._world, self._world.clock.monotonic()
        delivery, webhook = self._sent(request)
        sent = self.at.setdefault(request.url, [])
        sent.append(now_s)
        circuit = world.worker.circuit(webhook.id)
        flying = self.flying_to(request.url)
        due_s = self.due_s.pop(delivery.id, 0.0)
        limit = webhook.rate_limit
        checks = {
            "it was claimed": delivery.state is DeliveryState.IN_FLIGHT,
            "slots of its own": flying < webhook.max_in_flight,
            "slots in all": len(self.flights) < AT_ONCE,
            "no pause": now_s >= self.not_before.get(request.url, 0.0),
            "due": world.clock.now().timestamp() >= due_s,
            "circuit": circuit != "open",
            "one probe": circuit != "half_open" or flying == 0,
            "its turn": not self._has_earlier(delivery),
            "its pace": limit is None
            or sum(at > now_s - 50 for at in sent) <= limit.burst + 50 * 0.2,
        }
        self.wrong += [name for name, is_right in checks.items() if not is_right]

    def _sent(self, request: Request) -> tuple[Delivery, Webhook]:
        event_id = request.headers["webhook-id"]
        for delivery in self._world.deliveries:
            webhook = self._world.roster.get(delivery.webhook_id)
            if delivery.event_id == event_id and webhook.url == request.url:
                return delivery, webhook
        raise AssertionError(request)

    def _has_earlier(self, delivery: Delivery) -> bool:
        return delivery.order_key is not None and any(
            other.state in OPEN
            and other.id not in self.again
            and other.event_seq < delivery.event_seq
            and (other.webhook_id, other.order_key)
            == (delivery.webhook_id, delivery.order_key)
            for other in self._world.deliveries
        )


class Deliveries(RuleBasedStateMachine):
    """Events, answers, time, crashes and outages, with a real worker amid them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = Delivering(in_flight=AT_ONCE)
        self.sender = Watched(self.world)
        attempts = replace(self.world.attempts, sender=self.sender)
        self.world.works = replace(self.world.works, attempting=attempts)
        self.owed = 0
        self.over: dict[str, Delivery] = {}
        self.held: set[str] = set()
        self.is_away = False
        self.is_behind = False  # The store was away, and what waited for it may yet.
        self.run(self.world.add(*WEBHOOKS))
        self.start()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Have something done, and all that follows at once."""

        async def done() -> T:
            result = await work
            await settle()
            return result

        return self.loop.run_until_complete(done())

    def start(self) -> None:
        """Have a worker that knows nothing but what is stored."""
        self.world.store.wakers.clear()
        self.world.restart()
        self.working = self.loop.create_task(self.world.worker.run())
        self.run(settle())

    def look(self) -> None:
        """Take down what is over, what is held, and what is due when."""
        for delivery in self.world.deliveries:
            if delivery.state in OVER:
                self.over[delivery.id] = delivery
            if delivery.state is DeliveryState.HELD:
                self.held.add(delivery.id)
            at = delivery.next_attempt_at
            if delivery.state is DeliveryState.RETRYING and at is not None:
                self.sender.due_s[delivery.id] = at.timestamp()

    @precondition(lambda self: not self.is_away)
    @rule(times=st.integers(1, 6), name=st.sampled_from(["alice", "bob"]))
    def say(self, times: int, name: str) -> None:
        """Have messages received; each is owed to every webhook."""
        for _ in range(times):
            event, message = self.world.a_message("hi")
            event = replace(event, from_name=name)
            self.run(self.append(event, message))
            self.owed += len(WEBHOOKS)

    async def append(self, event: object, message: object) -> None:
        """Store an event."""
        await self.world.store.log.append(event, message=message)  # type: ignore[arg-type]  # As it was made.

    @precondition(lambda self: self.sender.flights)
    @rule(number=st.integers(0, 20), kind=st.sampled_from(sorted(ANSWERS)))
    def answer(self, number: int, kind: str) -> None:
        """Answer a request."""
        self.look()
        self.sender.answer(number, ANSWERS[kind])
        self.run(settle())

    @precondition(lambda self: self.sender.flights)
    @rule(kind=st.sampled_from(["ok", "error", "refused"]))
    def answer_all(self, kind: str) -> None:
        """Answer all that wait, one after the other."""
        for _ in range(len(self.sender.flights)):
            self.look()
            self.sender.answer(0, ANSWERS[kind])
            self.run(settle())

    @rule(seconds=st.sampled_from([0.5, 5, 31, 61, 330]))
    def advance(self, seconds: float) -> None:
        """Have time pass."""
        self.look()
        self.run(self.world.clock.advance(seconds))
        if seconds > LONGEST_WAIT_S:
            self.is_behind = self.is_away

    @precondition(lambda self: not self.is_away)
    @rule(webhook_id=IDS, none=st.booleans())
    def enable(self, webhook_id: str, *, none: bool) -> None:
        """Make a webhook active, and send or drop what is held for it."""
        known = self.world.roster.get(webhook_id)
        webhook = replace(known, active=True, disabled_reason=None)
        if not known.active:
            self.sender.not_before.pop(webhook.url, None)
        mine = {d.id for d in self.world.deliveries if d.webhook_id == webhook_id}
        self.held -= mine
        for delivery_id in mine:
            self.sender.due_s.pop(delivery_id, None)
        self.run(self.put(webhook, Release(none=none)))
        self.world.worker.wake([webhook_id])
        self.run(settle())

    @precondition(lambda self: not self.is_away)
    @rule(webhook_id=IDS)
    def disable(self, webhook_id: str) -> None:
        """Make a webhook inactive."""
        webhook = self.world.roster.get(webhook_id)
        self.run(self.put(replace(webhook, active=False), None))
        self.world.worker.wake([webhook_id])
        self.run(settle())

    async def put(self, webhook: Webhook, owed: Release | None) -> None:
        """Store a webhook."""
        await self.world.store.webhooks.put(webhook, owed=owed)

    @precondition(lambda self: self.over and not self.is_away)
    @rule(number=st.integers(0, 50))
    def retry(self, number: int) -> None:
        """Ask for a delivery that is over to be sent again."""
        delivery_id = sorted(self.over)[number % len(self.over)]
        was = self.over.pop(delivery_id)
        self.sender.again.add(delivery_id)

        async def again() -> None:
            await self.world.store.deliveries.retry(delivery_id)

        try:
            self.run(again())
        except WrongState:
            self.over[delivery_id] = was
        self.world.worker.wake([was.webhook_id])
        self.run(settle())

    @rule()
    def crash(self) -> None:
        """Kill the worker between any two steps, and start another."""
        if self.is_away:  # What could not be stored is not known any more.
            self.sender.not_before.clear()
        self.working.cancel()
        self.run(settle())
        self.sender.flights.clear()
        self.sender.at.clear()  # The pace is in the memory of a process.
        self.start()

    @rule()
    def lose_or_find_the_store(self) -> None:
        """Have the store go away, or come back."""
        self.is_away = not self.is_away
        self.is_behind = True
        error = StoreUnavailable("away") if self.is_away else None
        self.world.store.fail_with(error)

    @invariant()
    def no_promise_is_broken(self) -> None:
        """Every request was allowed when it was made."""
        assert self.sender.wrong == []

    @invariant()
    def nothing_is_lost(self) -> None:
        """All that is owed is there; what is over stays so, and held what is held."""
        self.look()
        known = self.world.store.deliveries_by_id
        assert len(known) == self.owed
        assert {known[each].state for each in self.over} <= OVER
        assert {known[each].state for each in self.held} <= {DeliveryState.HELD}
        assert not self.working.done()

    @invariant()
    def nothing_is_claimed_for_who_is_spared(self) -> None:
        """Behind an open circuit or a pause only what was sent is in flight."""
        if self.is_behind:
            return
        for webhook in self.world.roster.all():
            now_s = self.world.clock.monotonic()
            is_paused = now_s < self.sender.not_before.get(webhook.url, 0.0)
            if is_paused or self.world.worker.circuit(webhook.id) == "open":
                claimed = [
                    each
                    for each in self.world.deliveries
                    if each.webhook_id == webhook.id
                    and each.state is DeliveryState.IN_FLIGHT
                ]
                assert len(claimed) == self.sender.flying_to(webhook.url)

    @override
    def teardown(self) -> None:
        """Let all end well: everything gets its verdict."""
        if self.is_away:
            self.lose_or_find_the_store()
        for _ in range(1000):
            if not {each.state for each in self.world.deliveries} - OVER:
                break
            for webhook in self.world.roster.all():
                if not webhook.active:
                    self.enable(webhook.id, none=False)
            if self.sender.flights:
                self.answer_all("ok")
            else:
                self.advance(61)
        states = {delivery.state for delivery in self.world.deliveries}
        self.working.cancel()
        self.run(settle())
        self.loop.close()
        assert states <= OVER
        assert self.sender.wrong == []


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None
)
