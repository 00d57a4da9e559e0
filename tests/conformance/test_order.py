"""What every store promises about deliveries in order."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.delivery.ports import DeliveryFilter, Hold, Release
from gateway.domain.model import Delivery, DeliveryState, ErrorClass, Ordering
from tests.conformance.ports import (
    Ports,
    attempt,
    delivered,
    event_ids,
    incoming,
    received,
    retrying,
    webhook,
)
from tests.fakes.clock import NOON, FakeClock


@pytest.fixture
async def ordered(store: Ports) -> Ports:
    """Return a store that owes wh_1 three events of the lobby and two of the attic."""
    await store.webhooks.put(webhook(ordering=Ordering.ROOM))
    for n, room in enumerate(("lobby", "attic", "lobby", "attic", "lobby")):
        await say(store, f"{n}", room)
    return store


async def say(store: Ports, name: str, room: str, sender: str = "alice") -> None:
    """Have a message received in a room."""
    event = received(name, room=room, from_name=sender)
    await store.log.append(event, message=incoming(name, room=room))


async def by_event(store: Ports) -> dict[str, Delivery]:
    """Return all deliveries by the name of their event."""
    page = await store.deliveries.list(DeliveryFilter(limit=200))
    return {row.delivery.event_id: row.delivery for row in page.deliveries}


async def test_only_the_first_of_each_room_is_due(ordered: Ports) -> None:
    """Of a room one is claimed, however many are asked for; rooms do not wait."""
    due = await ordered.deliveries.claim("wh_1", 9)

    assert event_ids(due) == ["evt_0", "evt_1"]
    assert [one.delivery.order_key for one in due] == ["lobby", "attic"]
    assert await ordered.deliveries.next_due_at("wh_1") is None


@pytest.mark.parametrize(
    "state", [DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.HELD]
)
async def test_the_next_is_due_once_the_first_has_ended(
    ordered: Ports, state: DeliveryState
) -> None:
    """Whatever became of the first, the next one's turn comes in the same commit."""
    first, _ = await ordered.deliveries.claim("wh_1", 9)
    woken: list[str] = []
    ordered.deliveries.on_owed(woken.extend)

    ended = replace(first.delivery, state=state, next_attempt_at=None)
    await ordered.deliveries.record(ended, attempt(first.delivery))

    assert woken == ["wh_1"]
    assert event_ids(await ordered.deliveries.claim("wh_1", 9)) == ["evt_2"]


async def test_the_others_wait_while_the_first_is_tried_again(
    ordered: Ports, clock: FakeClock
) -> None:
    """A retry keeps its turn until it has come to its end."""
    first, second = await ordered.deliveries.claim("wh_1", 9)
    await ordered.deliveries.record(delivered(second.delivery), None)
    later = clock.now() + timedelta(seconds=5)
    failure = attempt(first.delivery, error=ErrorClass.HTTP_STATUS)
    await ordered.deliveries.record(retrying(first.delivery, later), failure)

    before = await ordered.deliveries.claim("wh_1", 9)
    clock.jump(5)
    after = await ordered.deliveries.claim("wh_1", 9)

    assert (event_ids(before), event_ids(after)) == (["evt_3"], ["evt_0"])


async def test_senders_do_not_wait_for_each_other(store: Ports) -> None:
    """By sender, each name in each room has an order of its own."""
    await store.webhooks.put(webhook(ordering=Ordering.SENDER))
    for n, sender in enumerate(("alice", "bob", "alice")):
        await say(store, f"{n}", "lobby", sender)
    await say(store, "3", "attic", "alice")

    due = await store.deliveries.claim("wh_1", 9)

    assert event_ids(due) == ["evt_0", "evt_1", "evt_3"]


async def test_a_retry_by_hand_waits_for_its_turn(ordered: Ports) -> None:
    """Sent again, a delivery keeps behind the one that is under way, and no other."""
    first, second = await ordered.deliveries.claim("wh_1", 9)
    dead = replace(first.delivery, state=DeliveryState.DEAD)
    await ordered.deliveries.record(dead, None)
    await ordered.deliveries.record(delivered(second.delivery), None)
    (third, _) = await ordered.deliveries.claim("wh_1", 9)

    again = await ordered.deliveries.retry(first.delivery.id)
    waiting = await ordered.deliveries.retry((await by_event(ordered))["evt_4"].id)
    during = await ordered.deliveries.claim("wh_1", 9)
    await ordered.deliveries.record(delivered(third.delivery), None)
    after = await ordered.deliveries.claim("wh_1", 9)

    assert (again.next_attempt_at, waiting.next_attempt_at) == (None, None)
    assert (event_ids(during), event_ids(after)) == ([], ["evt_0"])


async def test_a_retry_by_hand_of_what_has_its_turn_is_due_now(ordered: Ports) -> None:
    """What waits for its time does not wait any longer."""
    first, _ = await ordered.deliveries.claim("wh_1", 9)
    later = NOON + timedelta(hours=1)
    await ordered.deliveries.record(retrying(first.delivery, later), None)

    again = await ordered.deliveries.retry(first.delivery.id)

    assert again.next_attempt_at == NOON
    assert event_ids(await ordered.deliveries.claim("wh_1", 9)) == ["evt_0"]


async def test_what_was_held_is_sent_in_order(ordered: Ports) -> None:
    """Released, each room goes on one after the other, the oldest first."""
    await ordered.webhooks.put(webhook(ordering=Ordering.ROOM, active=False))
    await say(ordered, "5", "lobby")
    active = webhook(ordering=Ordering.ROOM)
    await ordered.webhooks.put(active, owed=Release())

    assert event_ids(await ordered.deliveries.claim("wh_1", 9)) == ["evt_0", "evt_1"]


async def test_what_is_held_does_not_hold_up_what_follows(ordered: Ports) -> None:
    """New events of a room go on past those that wait to be released."""
    active = webhook(ordering=Ordering.ROOM)
    await ordered.webhooks.put(active, owed=Hold("url_changed"))
    await say(ordered, "5", "lobby")

    assert event_ids(await ordered.deliveries.claim("wh_1", 9)) == ["evt_5"]


async def test_after_a_take_over_each_room_goes_on_where_it_was(
    ordered: Ports,
) -> None:
    """What was under way has its turn still."""
    await ordered.deliveries.claim("wh_1", 9)

    await ordered.deliveries.take_over()

    assert event_ids(await ordered.deliveries.claim("wh_1", 9)) == ["evt_0", "evt_1"]


async def test_without_order_all_that_waits_is_due(ordered: Ports) -> None:
    """A webhook that gives its order up gets at once what waited for a turn."""
    (first,) = await ordered.deliveries.claim("wh_1", 1)

    await ordered.webhooks.put(webhook())

    due = await ordered.deliveries.claim("wh_1", 9)
    await ordered.deliveries.record(delivered(first.delivery), None)
    assert sorted(event_ids(due)) == ["evt_1", "evt_2", "evt_3", "evt_4"]
    assert {one.order_key for one in (await by_event(ordered)).values()} == {None}


async def test_an_order_counts_from_then_on(store: Ports) -> None:
    """What was owed without order stays so; what follows has one."""
    await store.webhooks.put(webhook())
    for n in range(2):
        await say(store, f"{n}", "lobby")

    await store.webhooks.put(webhook(ordering=Ordering.ROOM))
    await asyncio.gather(*(say(store, f"{n}", "lobby") for n in range(2, 5)))

    due = await store.deliveries.claim("wh_1", 9)
    assert event_ids(due) == ["evt_0", "evt_1", "evt_2"]
