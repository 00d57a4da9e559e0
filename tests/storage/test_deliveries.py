"""Deliveries of the real store, beyond what all stores promise."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gateway.delivery.ports import DeliveryFilter
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import DeliveryState
from gateway.storage.engine import CommitFailed
from gateway.storage.store import Store
from gateway.storage.writer import CHECKS
from tests.conformance.ports import attempt, delivered, incoming, received, webhook
from tests.fakes.clock import FakeClock
from tests.storage.failing import FaultyChannel, outage
from tests.storage.opening import opened, run_sql

Asking = Callable[[], asyncio.Future[None]]


async def test_an_attempt_recorded_twice_is_kept_once(tmp_path: Path) -> None:
    """Recording again, after a commit nobody could tell of, does no harm."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        success = attempt(due.delivery)

        for _ in range(2):
            await store.deliveries.record(delivered(due.delivery), success)

        found = await store.deliveries.get(due.delivery.id)
        assert found is not None
        assert list(found[1]) == [success]


async def test_a_take_over_holds_and_cancels_what_a_stop_left_undone(
    tmp_path: Path,
) -> None:
    """What is owed to inactive or deleted webhooks is settled at the start."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook("1", active=False))
        await store.webhooks.put(webhook("2"))
        await store.log.append(received("1"), message=incoming("1"))
        await run_sql(
            store,
            "UPDATE delivery SET state = 'in_flight', "
            "webhook_id = replace(webhook_id, '2', 'gone')",
        )

        await store.deliveries.take_over()

        page = await store.deliveries.list(DeliveryFilter())
        states = {
            row.delivery.webhook_id: row.delivery.state for row in page.deliveries
        }
        assert states == {
            "wh_1": DeliveryState.HELD,
            "wh_gone": DeliveryState.CANCELLED,
        }


async def test_what_a_claim_took_that_nobody_could_tell_of_is_claimed_again(
    tmp_path: Path,
) -> None:
    """A commit that an outage hid leaves no delivery in flight until a restart."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        channel = FaultyChannel(store._writer._channel)
        channel.after.append(CommitFailed())
        channel.before = [None, *(outage() for _ in range(CHECKS))]
        store._writer._channel = channel
        hidden = store.deliveries.claim("wh_1", 1)
        await clock.advance(0)
        while not hidden.done():
            await clock.advance(1)

        again = await store.deliveries.claim("wh_1", 1)
        others = await store.deliveries.claim("wh_1", 1)

        assert isinstance(hidden.exception(), StoreUnavailable)
        assert [due.event.id for due in again] == [received("1").id]
        assert others == []


async def hidden(store: Store, clock: FakeClock, asked: Asking) -> None:
    """Ask for something that is committed, and of which nobody can tell for long."""
    channel = FaultyChannel(store._writer._channel)
    channel.after.append(CommitFailed())
    channel.before = [None, *(outage() for _ in range(CHECKS))]
    store._writer._channel = channel
    asking = asked()
    await clock.advance(0)
    while not asking.done():
        await clock.advance(1)
    assert isinstance(asking.exception(), StoreUnavailable)


async def test_what_was_recorded_unseen_is_told_of_once(tmp_path: Path) -> None:
    """Recorded again after that, its event is not stored a second time."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        last = attempt(due.delivery)

        def record() -> asyncio.Future[None]:
            return store.deliveries.record(delivered(due.delivery), last, received("2"))

        await hidden(store, clock, record)
        await record()

        events = await store.log.read()
        assert [event.id for event in events] == [received("1").id, received("2").id]
        assert not store.deliveries._recorded


async def test_a_repetition_undoes_nothing_that_came_of_it(tmp_path: Path) -> None:
    """What was put back unseen, and claimed by somebody since, stays claimed."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        back = replace(
            due.delivery, state=DeliveryState.PENDING, next_attempt_at=clock.now()
        )

        await hidden(store, clock, lambda: store.deliveries.record(back, None))
        (again,) = await store.deliveries.claim("wh_1", 1)
        await store.deliveries.record(back, None)

        assert again.delivery.id == due.delivery.id
        assert await store.deliveries.claim("wh_1", 1) == []
