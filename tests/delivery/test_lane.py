"""A lane asks the store no more than it must, and holds no more than it may."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from gateway.delivery.lane import Lane
from gateway.delivery.ports import Due
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Attempt, Delivery, Event, Webhook
from tests.fakes.clock import settle
from tests.fakes.delivering import Delivering, a_webhook
from tests.fakes.memory_deliveries import MemoryDeliveries
from tests.fakes.memory_store import MemoryStore


class CountingDeliveries(MemoryDeliveries):
    """Counts what it is asked; `record` can be made to fail alone.

    Attributes:
        meanwhile: What the webhook has become by the time a claim returns.
    """

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.looks_ahead = 0
        self.claims: list[int] = []
        self.records_fail = False
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
        self, delivery: Delivery, attempt: Attempt | None, *events: Event
    ) -> asyncio.Future[None]:
        """Fail if told so."""
        if self.records_fail:
            failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreUnavailable("Records fail."))
            return failed
        return super().record(delivery, attempt, *events)


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

    assert (one.deliveries.claims, one.deliveries.looks_ahead) == ([8], 1)


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
