"""A lane asks the store no more than it must, and holds no more than it may."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from gateway.delivery.lane import Lane
from gateway.delivery.ports import Due, Hold
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Attempt, Delivery, Event, Standing, Webhook
from tests.fakes.clock import settle
from tests.fakes.delivering import Delivering, a_webhook
from tests.fakes.memory_deliveries import MemoryDeliveries
from tests.fakes.memory_store import MemoryStore
from tests.fakes.sender import an_outcome


class CountingDeliveries(MemoryDeliveries):
    """Counts what it is asked; `record` can be made to fail alone.

    Attributes:
        meanwhile: What the webhook has become by the time a claim returns.
        under_way: What the next `record` returns, without storing anything.
    """

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.looks_ahead = 0
        self.claims: list[int] = []
        self.records_fail = False
        self.under_way: asyncio.Future[None] | None = None
        self.meanwhile: Webhook | None = None

    @override
    def claim(self, webhook_id: str, limit: int) -> asyncio.Future[Sequence[Due]]:
        """Count the slots asked for."""
        self.claims.append(limit)
        claimed = super().claim(webhook_id, limit)
        if self.meanwhile is not None:
            self._store.webhooks_by_id[webhook_id] = self.meanwhile
        return claimed

    @override
    async def next_due_at(self, webhook_id: str) -> datetime | None:
        """Count the question."""
        self.looks_ahead += 1
        return await super().next_due_at(webhook_id)

    @override
    def record(
        self,
        delivery: Delivery,
        attempt: Attempt | None,
        *events: Event,
        standing: Standing | None = None,
    ) -> asyncio.Future[None]:
        """Fail if told so."""
        if self.records_fail:
            failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreUnavailable("Records fail."))
            return failed
        if self.under_way is not None:
            record, self.under_way = self.under_way, None
            return record
        return super().record(delivery, attempt, *events, standing=standing)


class OneLane:
    """One lane alone, for `wh_one`."""

    def __init__(self, world: Delivering, tasks: asyncio.TaskGroup) -> None:
        self.deliveries = CountingDeliveries(world.store)
        self.works = replace(world.works, deliveries=self.deliveries)
        self.lane = Lane("wh_one", self.works, tasks)
        self._world = world
        self._running = tasks.create_task(self.lane.run())

    async def say(self, times: int = 1) -> None:
        """Have messages received and tell the lane."""
        await self._world.say(times=times)
        self.lane.wake()
        await settle()

    async def stop(self) -> None:
        """Drain the lane."""
        self.works.draining.set()
        self.lane.wake()
        await self._running

    def cut(self) -> None:
        """Cancel the lane."""
        self._running.cancel()


async def test_a_healthy_lane_never_asks_what_is_due_next() -> None:
    """Deliveries that all succeed cost no look ahead but the one at the start."""
    world = Delivering()
    await world.add(a_webhook())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        await settle()
        for _ in range(5):
            await one.say()
        await one.stop()

    assert one.deliveries.looks_ahead == 1
    assert world.states == ["delivered"] * 5


async def test_an_idle_lane_asks_nothing() -> None:
    """A lane to which nothing is owed makes one claim, and none as time passes."""
    world = Delivering()
    await world.add(a_webhook())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        await world.clock.advance(86_400)
        await one.stop()

    assert (one.deliveries.claims, one.deliveries.looks_ahead) == ([16], 1)


async def test_slots_are_claimed_as_they_become_free() -> None:
    """A busy lane claims again before the last of its requests is answered."""
    world = Delivering()
    await world.add(a_webhook(max_in_flight=2), a_webhook("two"))
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        world.sender.hang("https://one.example/hook")
        await one.say(times=3)
        held = len(world.sender.requests)
        world.sender.release("https://one.example/hook")
        await settle()
        await one.stop()

    assert (held, len(world.sender.requests)) == (2, 3)


async def test_nothing_is_claimed_while_results_pile_up() -> None:
    """With as many results unstored as requests allowed, the lane waits."""
    world = Delivering()
    await world.add(a_webhook(max_in_flight=2))
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        one.deliveries.records_fail = True
        await one.say(times=10)
        piled = (len(world.sender.requests), one.lane.in_flight)
        one.deliveries.records_fail = False
        await world.clock.advance(60)
        await one.stop()

    assert piled[0] <= 4
    assert piled[1] <= 4
    assert world.states == ["delivered"] * 10


async def test_what_was_claimed_for_a_webhook_now_disabled_is_put_back() -> None:
    """A claim that returns after the webhook was disabled makes no request."""
    world = Delivering()
    await world.add(a_webhook())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        one.deliveries.meanwhile = a_webhook(active=False)
        await one.say()
        await one.stop()

    assert (world.sender.requests, world.states) == ([], ["held"])
    assert one.works.cap.free == 256


async def test_what_was_claimed_for_another_origin_is_not_sent_there() -> None:
    """What has no slot yet when the URL changes is held with all the rest."""
    elsewhere = a_webhook(url="https://two.example/hook", max_in_flight=1)
    world = Delivering()
    await world.add(a_webhook(max_in_flight=1))
    world.sender.hang("https://one.example/hook")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        await one.say(times=2)
        claimed = world.states
        await world.store.webhooks.put(elsewhere, owed=Hold("url_changed"))
        await one.say()
        world.sender.release("https://one.example/hook")
        await settle()
        await one.stop()

    assert claimed == ["in_flight"] * 2
    assert world.states == ["delivered", "held", "delivered"]
    assert world.urls == ["https://one.example/hook", "https://two.example/hook"]


async def test_a_claim_that_returns_after_a_new_url_is_held() -> None:
    """It was made for the old one."""
    elsewhere = a_webhook(url="https://two.example/hook")
    world = Delivering()
    await world.add(a_webhook())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        one.deliveries.meanwhile = elsewhere
        await one.say()
        await one.stop()

    assert world.urls == ["https://two.example/hook"]
    assert [each.attempts for each in world.deliveries] == [1]


async def test_what_was_claimed_ahead_waits_out_a_pause_in_the_store() -> None:
    """A `Retry-After` puts back what had no slot yet; nothing of it is burnt."""
    world = Delivering(an_outcome(429, retry_after="60"))
    await world.add(a_webhook(max_in_flight=1))
    world.sender.hang("https://one.example/hook")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        await one.say(times=2)
        claimed = world.states
        world.sender.release("https://one.example/hook")
        await settle()
        during = world.states
        await world.clock.advance(90)
        await one.stop()

    assert (claimed, during) == (["in_flight"] * 2, ["retrying", "pending"])
    assert world.states == ["delivered"] * 2
    assert [delivery.attempts for delivery in world.deliveries] == [2, 1]


async def test_a_drain_puts_back_what_was_claimed_ahead() -> None:
    """Whatever has no slot yet when the worker drains is left for the next start."""
    world = Delivering()
    await world.add(a_webhook(max_in_flight=2))
    world.sender.hang("https://one.example/hook")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        await one.say(times=4)
        stopping = tasks.create_task(one.stop())
        await settle()
        world.sender.release("https://one.example/hook")
        await stopping

    assert world.states == ["delivered", "delivered", "pending", "pending"]


async def test_a_drained_lane_waits_for_results_under_way() -> None:
    """A lane has not ended while a commit of what it sent is not known to be done."""
    world = Delivering()
    await world.add(a_webhook())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        record = one.deliveries.under_way = asyncio.Future()
        await one.say()
        stopping = tasks.create_task(one.stop())
        await settle()
        ended_before = stopping.done()
        record.set_result(None)
        await stopping

    assert (ended_before, one.lane.in_flight) == (False, 0)


async def test_a_result_that_fails_late_is_stored_again() -> None:
    """A commit that fails while the lane drains is made again before it ends."""
    world = Delivering()
    await world.add(a_webhook())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        record = one.deliveries.under_way = asyncio.Future()
        await one.say()
        stopping = tasks.create_task(one.stop())
        await settle()
        record.set_exception(StoreUnavailable("away"))
        await settle()
        await world.clock.advance(60)
        await stopping

    assert (len(world.sender.requests), world.states) == (1, ["delivered"])


async def test_a_lane_that_was_cut_stores_nothing_again() -> None:
    """What fails after the lane was cancelled is left to the next start."""
    world = Delivering()
    await world.add(a_webhook())
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        record = one.deliveries.under_way = asyncio.Future()
        await one.say()
        one.cut()
        await settle()
        record.set_exception(StoreUnavailable("away"))
        await world.clock.advance(60)

    assert world.states == ["in_flight"]


async def test_order_survives_being_put_back() -> None:
    """What was put back goes out before what came after it."""
    world = Delivering(an_outcome(429, retry_after="60"))
    await world.add(a_webhook(max_in_flight=1))
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        one = OneLane(world, tasks)
        await one.say(times=2)
        await world.clock.advance(1)
        await one.say()
        await world.clock.advance(120)
        await one.stop()

    ids = [request.headers["webhook-id"] for request in world.sender.requests]
    first, second, third = (delivery.event_id for delivery in world.deliveries)
    assert ids.index(second) < ids.index(third)
    assert ids[0] == first
