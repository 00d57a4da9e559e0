"""Deliveries on a real store and real sockets; only time is made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from gateway.delivery.attempts import Attempts
from gateway.delivery.cap import Cap
from gateway.delivery.patience import Patience
from gateway.delivery.ports import DeliveryFilter, DeliveryRow
from gateway.delivery.requests import Requests
from gateway.delivery.roster import Roster
from gateway.delivery.worker import Worker
from gateway.delivery.works import Works
from gateway.domain.ids import Ids
from gateway.domain.model import Webhook
from gateway.domain.signing import Seal, verify
from gateway.egress.guard import EgressPolicy
from gateway.egress.sender import HttpSender
from gateway.storage.store import Store, StoreOptions, open_store
from tests.fakes.clock import FakeClock
from tests.fakes.delivering import SECRET, Delivering, a_webhook
from tests.fakes.links import FakeLinks
from tests.fakes.meter import FakeMeter
from tests.fakes.receiver import Answer, Receiver, hang, reset


class World:
    """A worker on a store in SQLite, sending over HTTP."""

    def __init__(self, store: Store, sender: HttpSender, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self._sender = sender
        self._messages = Delivering()
        self.worker = self._a_worker()

    def restart(self) -> None:
        """Have a worker that knows nothing of the one before."""
        self.worker = self._a_worker()

    def _a_worker(self) -> Worker:
        rng, meter = Random(3), FakeMeter()  # noqa: S311  # To be repeated.
        roster = Roster(self.store.webhooks)
        attempts = Attempts(
            requests=Requests(self.store.instance, FakeLinks()),
            sender=self._sender,
            roster=roster,
            clock=self.clock,
            rng=rng,
            ids=Ids(self.clock, rng),
            meter=meter,
        )
        return Worker(
            Works(
                deliveries=self.store.deliveries,
                roster=roster,
                attempting=attempts,
                cap=Cap(),
                patience=Patience(self.clock, rng, meter),
                clock=self.clock,
            )
        )

    async def say(self, times: int = 1) -> None:
        """Have messages received, all at once."""
        stored = []
        for number in range(times):
            event, message = self._messages.a_message(f"hi {number}")
            stored.append(self.store.log.append(event, message=message))
        await asyncio.gather(*stored)

    async def rows(self) -> list[DeliveryRow]:
        """Return all deliveries, newest first."""
        page = await self.store.deliveries.list(DeliveryFilter(limit=200))
        return list(page.deliveries)

    async def states(self) -> list[str]:
        """Return the states of all deliveries, newest first."""
        return [row.delivery.state.value for row in await self.rows()]


@asynccontextmanager
async def a_world(path: Path, *webhooks: Webhook) -> AsyncIterator[World]:
    """Open a store with these webhooks."""
    clock = FakeClock()
    policy = EgressPolicy().for_development()
    opening = open_store(
        StoreOptions(data_dir=path / "data"), clock=clock, meter=FakeMeter()
    )
    async with opening as store, HttpSender(policy, clock) as sender:
        for webhook in webhooks:
            await store.webhooks.put(webhook)
        yield World(store, sender, clock)


@asynccontextmanager
async def working(world: World) -> AsyncIterator[None]:
    """Run the worker, and drain it at the end."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(world.worker.run())
        yield
        await world.worker.drain(60)


async def test_every_event_arrives_once_and_signed(tmp_path: Path) -> None:
    """Of a burst of a hundred, each is received once with a genuine signature."""
    async with (
        Receiver() as receiver,
        a_world(tmp_path, a_webhook(url=receiver.url)) as world,
    ):
        async with working(world):
            await world.say(times=100)
            requests = await receiver.received(100)
        states = await world.states()

    ids = {request.headers["webhook-id"] for request in requests}
    flaws = {
        verify([SECRET], Seal.of(request.headers), request.body, now=world.clock.now())
        for request in requests
    }
    assert (len(requests), len(ids), flaws) == (100, 100, {None})
    assert states == ["delivered"] * 100


async def test_a_failure_is_tried_again_under_the_same_id(tmp_path: Path) -> None:
    """A 503 is followed by a second request once its time has come."""
    async with (
        Receiver(503) as receiver,
        a_world(tmp_path, a_webhook(url=receiver.url)) as world,
    ):
        async with working(world):
            await world.say()
            await receiver.received(1)
            await until_recorded(world, 1)
            await world.clock.advance(7)
            first, second = await receiver.received(2)
        states = await world.states()

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert states == ["delivered"]


async def test_what_a_crash_cut_off_is_sent_again(tmp_path: Path) -> None:
    """A worker cancelled in the middle of a request leaves it to the next one."""
    async with (
        Receiver(Answer(behave=hang)) as receiver,
        a_world(tmp_path, a_webhook(url=receiver.url)) as world,
    ):
        async with asyncio.TaskGroup() as tasks:
            crashing = tasks.create_task(world.worker.run())
            await world.say()
            await receiver.received(1)
            crashing.cancel()
        after_the_crash = await world.states()
        world.restart()
        async with working(world):
            first, second = await receiver.received(2)
        rows = await world.rows()

    assert after_the_crash == ["in_flight"]
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert second.headers["webhook-attempt"] == "1"
    assert rows[0].delivery.state == "delivered"


@pytest.mark.parametrize(
    ("answer", "error_class"),
    [
        (Answer(302, {"location": "http://127.0.0.1:1/"}), "redirect"),
        (Answer(500), "http_status"),
        (Answer(behave=reset), "connection_reset"),
    ],
)
async def test_what_kept_an_attempt_from_success_is_stored(
    tmp_path: Path, answer: Answer, error_class: str
) -> None:
    """Each failure is kept with its class, and the delivery waits for its time."""
    async with (
        Receiver(answer) as receiver,
        a_world(tmp_path, a_webhook(url=receiver.url)) as world,
    ):
        async with working(world):
            await world.say()
            await receiver.received(1)
        (row,) = await world.rows()

    assert row.last_attempt is not None
    assert row.last_attempt.error_class == error_class
    assert row.delivery.state == "retrying"


async def until_recorded(world: World, attempts: int) -> None:
    """Return once the newest delivery has that many attempts."""
    async with asyncio.timeout(5):
        while (await world.rows())[0].delivery.attempts < attempts:
            await world.clock.advance(0)
