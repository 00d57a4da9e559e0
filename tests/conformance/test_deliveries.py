"""What every store promises about deliveries."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import chain

import pytest

from gateway.delivery.ports import DeliveryFilter, WebhookHealth
from gateway.domain.errors import Invalid, NotFound, WrongState
from gateway.domain.model import Attachment, DeliveryState, ErrorClass, Standing
from tests.conformance.ports import (
    Ports,
    attempt,
    delivered,
    event_ids,
    incoming,
    joined,
    outgoing,
    received,
    retrying,
    sent,
    webhook,
)
from tests.fakes.clock import NOON, FakeClock

ALL = DeliveryFilter(limit=200)


@pytest.fixture
async def owing(store: Ports) -> Ports:
    """Return a store that owes events 0 … 4 to wh_1."""
    await store.webhooks.put(webhook())
    for n in range(5):
        await store.log.append(received(f"{n}"), message=incoming(f"{n}"))
    return store


async def test_a_claim_takes_the_oldest_due_up_to_its_limit(owing: Ports) -> None:
    """A claim gives what has been due longest, and no more than was asked for."""
    first = await owing.deliveries.claim("wh_1", 2)
    rest = await owing.deliveries.claim("wh_1", 9)

    assert event_ids(first) == ["evt_0", "evt_1"]
    assert event_ids(rest) == ["evt_2", "evt_3", "evt_4"]
    assert first[0].delivery.state is DeliveryState.IN_FLIGHT


async def test_two_racing_claimers_never_get_the_same_delivery(owing: Ports) -> None:
    """Claims made at the same time share what is due."""
    claims = [owing.deliveries.claim("wh_1", 2) for _ in range(4)]

    taken = [event_ids(due) for due in await asyncio.gather(*claims)]

    assert sorted(chain.from_iterable(taken)) == [f"evt_{n}" for n in range(5)]
    assert [len(due) for due in taken] == [2, 2, 1, 0]


async def test_claims_of_different_webhooks_do_not_mix(owing: Ports) -> None:
    """Each webhook gets its own, in the same commit or not."""
    await owing.webhooks.put(webhook("2"))
    await owing.log.append(received("9"), message=incoming("9"))

    first, second = await asyncio.gather(
        owing.deliveries.claim("wh_1", 9), owing.deliveries.claim("wh_2", 9)
    )

    assert {due.delivery.webhook_id for due in first} == {"wh_1"}
    assert event_ids(second) == ["evt_9"]


async def test_a_claim_carries_what_its_body_is_rendered_from(store: Ports) -> None:
    """The event and the message come along, and small attachments with their bytes."""
    await store.webhooks.put(webhook())
    small = incoming("1", attachment=Attachment(2, "x"))
    large = incoming("2", attachment=Attachment(70_000, "x"))
    await store.log.append(received("1"), message=small, attachment=b"ok")
    await store.log.append(received("2"), message=large, attachment=bytes(70_000))
    await store.log.append(joined("3"))
    await store.outbox.add(outgoing("4"))
    await store.outbox.change(*sent(outgoing("4")))

    due = await store.deliveries.claim("wh_1", 9)

    assert [one.attachment for one in due] == [b"ok", None, None, None]
    assert [one.event for one in due] == list(await store.log.read())
    assert [one.message for one in due] == [
        await store.messages.get("msg_1"),
        await store.messages.get("msg_2"),
        None,
        await store.messages.get("msg_4"),
    ]


async def test_a_retry_is_due_at_its_time_and_not_before(
    owing: Ports, clock: FakeClock
) -> None:
    """What is to be tried again is claimed once its time has come, among the others."""
    (first, *_) = await owing.deliveries.claim("wh_1", 1)
    later = retrying(first.delivery, clock.now() + timedelta(seconds=5))
    failure = attempt(first.delivery, error=ErrorClass.HTTP_STATUS)
    await owing.deliveries.record(later, failure)

    before = await owing.deliveries.claim("wh_1", 9)
    due_at = await owing.deliveries.next_due_at("wh_1")
    clock.jump(4.999)
    early = await owing.deliveries.claim("wh_1", 9)
    clock.jump(0.001)
    in_time = await owing.deliveries.claim("wh_1", 9)

    assert event_ids(before) == ["evt_1", "evt_2", "evt_3", "evt_4"]
    assert due_at == NOON + timedelta(seconds=5)
    assert event_ids(early) == []
    assert event_ids(in_time) == ["evt_0"]
    assert in_time[0].delivery.attempts == 1
    assert in_time[0].delivery.schedule_index == 1


async def test_nothing_is_due_once_all_is_claimed(owing: Ports) -> None:
    """What is in flight is not due."""
    await owing.deliveries.claim("wh_1", 9)

    assert await owing.deliveries.next_due_at("wh_1") is None


async def test_an_attempt_and_what_became_of_its_delivery_are_kept(
    owing: Ports,
) -> None:
    """A delivery is read with its attempts, oldest first, and its event."""
    (due,) = await owing.deliveries.claim("wh_1", 1)
    failure = attempt(due.delivery, error=ErrorClass.TIMEOUT_TOTAL)
    later = retrying(due.delivery, NOON)
    await owing.deliveries.record(later, failure)
    success = attempt(later)
    await owing.deliveries.record(delivered(later), success)

    found = await owing.deliveries.get(due.delivery.id)

    assert found is not None
    row, attempts = found
    assert row.delivery == delivered(later)
    assert list(attempts) == [failure, success]
    assert row.last_attempt == success
    assert (row.event_type, row.room, row.message_id) == (
        "message.received",
        "lobby",
        "msg_0",
    )


async def test_an_unknown_delivery_is_none(store: Ports) -> None:
    """A delivery that is not held here is None."""
    assert await store.deliveries.get("dlv_nobody") is None


async def test_events_of_a_record_are_in_its_commit(owing: Ports) -> None:
    """What recording tells of stands in the log and is owed in turn."""
    (due,) = await owing.deliveries.claim("wh_1", 1)
    dead = replace(due.delivery, state=DeliveryState.DEAD, reason="exhausted")

    await owing.deliveries.record(dead, attempt(due.delivery), joined("told"))

    assert [event.id for event in await owing.log.read(after=5)] == ["evt_told"]
    assert event_ids(await owing.deliveries.claim("wh_1", 9))[-1] == "evt_told"


async def test_a_retry_by_hand_wakes_its_lane(owing: Ports) -> None:
    """A delivery that is made due without an attempt is told to whoever waits."""
    (due,) = await owing.deliveries.claim("wh_1", 1)
    woken: list[str] = []
    owing.deliveries.on_owed(woken.extend)
    again = replace(due.delivery, state=DeliveryState.PENDING, next_attempt_at=NOON)

    await owing.deliveries.record(again, None)

    assert woken == ["wh_1"]
    assert event_ids(await owing.deliveries.claim("wh_1", 1)) == ["evt_0"]


async def test_what_was_in_flight_is_due_after_a_take_over(owing: Ports) -> None:
    """An attempt cut short does not count, and its delivery is due at once."""
    (first, second) = await owing.deliveries.claim("wh_1", 2)
    later = retrying(first.delivery, NOON)
    failure = attempt(first.delivery, error=ErrorClass.HTTP_STATUS)
    await owing.deliveries.record(later, failure)
    await owing.deliveries.claim("wh_1", 1)

    count = await owing.deliveries.take_over()

    due = await owing.deliveries.claim("wh_1", 9)
    assert count == 2
    assert set(event_ids(due)) == {f"evt_{n}" for n in range(5)}
    assert {one.event.id: one.delivery.attempts for one in due}["evt_0"] == 1
    assert second.delivery.id in {one.delivery.id for one in due}


async def test_deliveries_are_listed_newest_first(owing: Ports) -> None:
    """Following cursors gives each delivery once, newest first."""
    query = DeliveryFilter(limit=3)

    first = await owing.deliveries.list(query)
    second = await owing.deliveries.list(replace(query, cursor=first.next_cursor))

    rows = [*first.deliveries, *second.deliveries]
    assert [row.delivery.event_id for row in rows] == [
        f"evt_{n}" for n in (4, 3, 2, 1, 0)
    ]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (DeliveryFilter(states=[DeliveryState.IN_FLIGHT]), 2),
        (DeliveryFilter(states=[DeliveryState.PENDING, DeliveryState.DEAD]), 3),
        (DeliveryFilter(webhook_ids=["wh_1"]), 5),
        (DeliveryFilter(webhook_ids=["wh_2"]), 0),
        (DeliveryFilter(events=["message.received"]), 5),
        (DeliveryFilter(events=["message.sent"]), 0),
        (DeliveryFilter(since=NOON), 5),
        (DeliveryFilter(since=NOON + timedelta(microseconds=1)), 0),
        (DeliveryFilter(until=NOON), 0),
    ],
)
async def test_a_filter_leaves_deliveries_it_names(
    owing: Ports, query: DeliveryFilter, count: int
) -> None:
    """Each filter narrows the list as its name says; times are from, and before."""
    await owing.deliveries.claim("wh_1", 2)

    page = await owing.deliveries.list(query)

    assert len(page.deliveries) == count


async def test_a_cursor_of_another_list_is_refused(store: Ports) -> None:
    """A cursor that was not given by this list is the caller's error."""
    with pytest.raises(Invalid):
        await store.deliveries.list(DeliveryFilter(cursor="m5"))


async def test_health_counts_and_remembers_the_last_of_each(owing: Ports) -> None:
    """Health has what is owed, held and dead, the last failure and last success."""
    one, two, three = await owing.deliveries.claim("wh_1", 3)
    failed = attempt(one.delivery, error=ErrorClass.HTTP_STATUS)
    standing = Standing("The answer was 503.", NOON, failing_since=NOON)
    await owing.deliveries.record(
        retrying(one.delivery, NOON), failed, standing=standing
    )
    later = attempt(two.delivery, at=NOON + timedelta(seconds=9))
    standing = Standing("The answer was 503.", NOON, last_success_at=later.started_at)
    await owing.deliveries.record(delivered(two.delivery), later, standing=standing)
    dead = replace(three.delivery, state=DeliveryState.DEAD)
    await owing.deliveries.record(dead, None)

    health = await owing.deliveries.health("wh_1")

    assert health == WebhookHealth(
        pending=3,
        held=0,
        dead=1,
        standing=standing,
    )
    assert await owing.deliveries.standing("wh_1") == standing


async def test_a_webhook_that_is_not_there_is_healthy(store: Ports) -> None:
    """Nothing is owed to a webhook that nobody has made."""
    health = await store.deliveries.health("wh_nobody")

    assert health == WebhookHealth(0, 0, 0, Standing())


@pytest.mark.parametrize(
    "standing",
    [
        Standing(),
        Standing("no", NOON, NOON, NOON, NOON, NOON),
        Standing(paused_until=NOON),
    ],
)
async def test_a_standing_is_kept_as_it_was_recorded(
    owing: Ports, standing: Standing
) -> None:
    """Every field of a standing survives, and the last one counts."""
    one, two = await owing.deliveries.claim("wh_1", 2)
    first = Standing("other", NOON + timedelta(1))

    await asyncio.gather(
        owing.deliveries.record(delivered(one.delivery), None, standing=first),
        owing.deliveries.record(delivered(two.delivery), None, standing=standing),
    )

    assert await owing.deliveries.standing("wh_1") == standing


async def test_a_record_without_standing_leaves_it(owing: Ports) -> None:
    """What a record does not speak of stays as it was."""
    one, two = await owing.deliveries.claim("wh_1", 2)
    standing = Standing("no", NOON, failing_since=NOON)
    await owing.deliveries.record(delivered(one.delivery), None, standing=standing)

    await owing.deliveries.record(delivered(two.delivery), None)

    assert await owing.deliveries.standing("wh_1") == standing


async def test_a_delivery_is_retried_with_its_whole_schedule(owing: Ports) -> None:
    """Whatever became of a delivery, it is due now and starts its schedule anew."""
    (due,) = await owing.deliveries.claim("wh_1", 1)
    failure = attempt(due.delivery, error=ErrorClass.HTTP_STATUS)
    later = retrying(due.delivery, NOON)
    dead = replace(later, state=DeliveryState.DEAD, finished_at=NOON, reason="old")
    await owing.deliveries.record(dead, failure)
    woken: list[str] = []
    owing.deliveries.on_owed(woken.extend)

    again = await owing.deliveries.retry(due.delivery.id)

    assert again == replace(
        due.delivery, state=DeliveryState.PENDING, attempts=1, next_attempt_at=NOON
    )
    assert woken == ["wh_1"]
    assert event_ids(await owing.deliveries.claim("wh_1", 1)) == ["evt_0"]


async def test_a_retry_of_nothing_is_not_found(store: Ports) -> None:
    """A delivery that is not held here can't be retried."""
    with pytest.raises(NotFound):
        await store.deliveries.retry("dlv_nobody")


async def test_what_is_in_flight_is_not_retried(owing: Ports) -> None:
    """Of two retries and a claim at once, none undoes another."""
    (due,) = await owing.deliveries.claim("wh_1", 1)
    rest = [row.delivery for row in (await owing.deliveries.list(ALL)).deliveries]

    claim = owing.deliveries.claim("wh_1", 9)
    retries = [owing.deliveries.retry(one.id) for one in rest]
    outcomes = await asyncio.gather(*retries, return_exceptions=True)

    with pytest.raises(WrongState):
        await owing.deliveries.retry(due.delivery.id)
    assert len(await claim) == 4
    assert isinstance(outcomes[-1], WrongState)


@pytest.mark.parametrize("gone", [True, False])
async def test_nothing_is_retried_that_nobody_can_send(
    owing: Ports, *, gone: bool
) -> None:
    """A deleted or inactive webhook gets nothing, whoever asks."""
    rows = (await owing.deliveries.list(ALL)).deliveries
    if gone:
        await owing.webhooks.delete("wh_1")
    else:
        await owing.webhooks.put(webhook(active=False))

    with pytest.raises(WrongState):
        await owing.deliveries.retry(rows[0].delivery.id)
