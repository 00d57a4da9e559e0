"""Moves of deliveries carried to their end, over failures and restarts."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.delivery.ports import Hold, Release
from gateway.domain.model import DeliveryState
from gateway.storage import settling
from gateway.storage.moving import STEP, Kind, moves_of
from gateway.storage.store import Store
from tests.conformance.ports import event_ids, incoming, received, webhook
from tests.fakes.clock import NOON, FakeClock, settle
from tests.storage.failing import FaultyChannel, outage
from tests.storage.opening import opened, query
from tests.storage.owing import owing_many

MANY = STEP * 2 + 1
STATES = "SELECT state, count(*) FROM delivery GROUP BY state"
MOVE = "SELECT move FROM webhook"


async def states(store: Store) -> Counter[str]:
    """Count deliveries by state."""
    return Counter(dict(await query(store, STATES)))


async def still(store: Store) -> Counter[str]:
    """Return the counts once nothing is left to be moved."""
    while (await query(store, MOVE)) not in ([], [(None,)]):
        pass
    return await states(store)


def break_off(store: Store) -> None:
    """Have the store take nothing after what is being committed now."""
    store._writer.close()


async def test_what_is_held_is_not_claimed_while_the_rest_is_moved(
    tmp_path: Path,
) -> None:
    """From the moment of a hold nothing older goes out, however much there is."""
    async with opened(tmp_path) as store:
        await owing_many(store, MANY)
        woken: list[str] = []
        store.deliveries.on_owed(woken.extend)

        put = store.webhooks.put(webhook(), owed=Hold("url_changed"))
        claimed = await store.deliveries.claim("wh_1", 9)
        await put
        counts = await still(store)
        await store.log.append(received("9"), message=incoming("9"))
        after = await store.deliveries.claim("wh_1", 9)

    assert list(claimed) == []
    assert counts == {"held": MANY}
    assert event_ids(after) == ["evt_9"]
    assert "wh_1" in woken


async def test_a_move_that_was_broken_off_is_carried_on(tmp_path: Path) -> None:
    """What a process had no time to move, the next one does, and in the same way."""
    clock = FakeClock()
    since = Release(since=NOON + timedelta(hours=1))
    async with opened(tmp_path, clock=clock) as store:
        await owing_many(store, MANY)
        await store.webhooks.put(webhook(active=False))
        await still(store)
        put = store.webhooks.put(webhook(), owed=since)
        break_off(store)
        await put

    async with opened(tmp_path, clock=clock) as store:
        before = await states(store)
        ((left,),) = await query(store, MOVE)
        await store.deliveries.take_over()
        after = await still(store)
        ends = await query(store, "SELECT DISTINCT finished_at, reason FROM delivery")

    assert before == {"cancelled": STEP, "held": MANY - STEP}
    assert [move.kind for move in moves_of(left)] == [Kind.RELEASE]
    assert after == {"cancelled": MANY}
    assert [reason for _, reason in ends] == ["not_released"]


async def test_moves_are_made_in_their_order(tmp_path: Path) -> None:
    """A hold and a release that overlap end as the last one says."""
    async with opened(tmp_path) as store:
        await owing_many(store, MANY)
        first = store.webhooks.put(webhook(active=False))
        second = store.webhooks.put(webhook(), owed=Release())
        third = store.webhooks.put(webhook(), owed=Hold("url_changed"))
        for put in (first, second, third):
            await put
        counts = await still(store)
        reasons = await query(store, "SELECT DISTINCT reason FROM delivery")

    assert counts == {"held": MANY}
    assert reasons == [("url_changed",)]


async def test_a_deletion_that_was_broken_off_is_carried_on(tmp_path: Path) -> None:
    """What is owed to a webhook that is gone is cancelled at the next start."""
    async with opened(tmp_path) as store:
        await owing_many(store, MANY)
        gone = store.webhooks.delete("wh_1")
        break_off(store)
        await gone

    async with opened(tmp_path) as store:
        before = await states(store)
        await store.deliveries.take_over()
        while (after := await states(store)) != {"cancelled": MANY}:
            pass

    assert before == {"cancelled": STEP, "retrying": MANY - STEP}
    assert after == {"cancelled": MANY}


async def test_a_step_that_failed_is_made_again(tmp_path: Path) -> None:
    """A store that is away for a while does not leave a move half done."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await owing_many(store, MANY)
        channel = FaultyChannel(store._writer._channel)
        store._writer._channel = channel
        channel.before = [None, outage()]
        await store.webhooks.put(webhook(active=False))
        while store._settling._running:
            await settle(1)
        stalled = await states(store)
        await clock.advance(settling.AGAIN_AFTER_S)
        after = await still(store)

    assert stalled == {"held": STEP, "retrying": MANY - STEP}
    assert after == {"held": MANY}


async def test_what_is_held_once_more_is_not_released_again(tmp_path: Path) -> None:
    """A release comes by each delivery once."""
    async with opened(tmp_path) as store:
        await owing_many(store, MANY)
        await store.webhooks.put(webhook(active=False))
        await still(store)
        put = store.webhooks.put(webhook(), owed=Release())
        claim = store.deliveries.claim("wh_1", 1)
        await put
        (due,) = await claim
        held = replace(due.delivery, state=DeliveryState.HELD, reason="template_error")
        await store.deliveries.record(held, None)
        counts = await still(store)

    assert counts == {"held": 1, "pending": MANY - 1}


async def test_a_webhook_of_the_same_id_gets_nothing_of_the_deleted_one(
    tmp_path: Path,
) -> None:
    """A webhook made anew starts with what happens from then on."""
    async with opened(tmp_path) as store:
        await owing_many(store, MANY)
        gone = store.webhooks.delete("wh_1")
        made = store.webhooks.put(webhook())
        claim = store.deliveries.claim("wh_1", 9)
        await gone
        await made
        claimed = await claim
        while (counts := await states(store)) != {"cancelled": MANY}:
            pass

    assert list(claimed) == []
    assert counts == {"cancelled": MANY}


@pytest.mark.parametrize("state", [DeliveryState.HELD, DeliveryState.RETRYING])
async def test_what_comes_back_for_a_deleted_webhook_has_ended(
    tmp_path: Path, state: DeliveryState
) -> None:
    """Nobody could release it any more: it is cancelled, and says since when."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        await store.webhooks.delete("wh_1")

        await store.deliveries.record(replace(due.delivery, state=state), None)
        found = await store.deliveries.get(due.delivery.id)

    assert found is not None
    ended = found[0].delivery
    assert (ended.state, ended.reason) == (DeliveryState.CANCELLED, "webhook_deleted")
    assert ended.finished_at == NOON
