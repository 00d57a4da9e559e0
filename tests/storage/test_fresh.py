"""Deliveries that need not be read again."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.delivery.ports import Due
from gateway.domain.model import (
    Attachment,
    Delivery,
    DeliveryState,
    Event,
    IncomingMessage,
)
from gateway.domain.model.messages import ERASED
from gateway.storage.fresh import PLAIN_BYTES, SHARE, Fresh
from gateway.storage.store import Store
from tests.conformance.ports import incoming, joined, received, webhook
from tests.fakes.clock import NOON
from tests.storage.opening import opened

ROOM_FOR_SOME = SHARE * 4 * PLAIN_BYTES


def a_due(number: int, webhook_id: str = "wh_1") -> Due:
    """Return a delivery of a small event."""
    event = replace(joined(str(number)), seq=number)
    delivery = Delivery(
        f"dlv_{number}", webhook_id, event.id, number, DeliveryState.IN_FLIGHT, NOON
    )
    return Due(delivery, event, None)


def test_what_is_kept_is_given_once() -> None:
    """Whoever claims it has it; nobody else does."""
    fresh, due = Fresh(), a_due(1)
    fresh.keep(1, due)

    assert fresh.take("wh_1", {1}) == {1: due}
    assert fresh.take("wh_1", {1}) == {}


def test_what_comes_before_a_claim_is_forgotten() -> None:
    """It was never stored, or was claimed before: nobody will ask for it."""
    fresh = Fresh()
    for number in (1, 2, 3):
        fresh.keep(number, a_due(number))

    assert list(fresh.take("wh_1", {2})) == [2]
    assert list(fresh.take("wh_1", {1, 3})) == [3]


def test_a_webhook_is_given_no_more_than_its_share() -> None:
    """What is over is read when it is claimed; the oldest are claimed first."""
    fresh = Fresh(ROOM_FOR_SOME)
    for number in range(9):
        fresh.keep(number, a_due(number))

    kept = fresh.take("wh_1", set(range(9)))

    assert 0 < len(kept) < 9
    assert list(kept) == list(range(len(kept)))


def test_room_that_was_taken_is_free_again() -> None:
    """A webhook that keeps up always finds its own."""
    fresh = Fresh(ROOM_FOR_SOME)

    for number in range(99):
        fresh.keep(number, a_due(number))
        assert number in fresh.take("wh_1", {number})


def test_who_claims_nothing_gives_way_to_others() -> None:
    """A receiver that hangs does not take the room of those that answer."""
    fresh = Fresh(ROOM_FOR_SOME)
    names = [f"wh_{number}" for number in range(99)]
    fresh.keep(1, a_due(1, "wh_busy"))
    fresh.keep(2, a_due(2, "wh_busy"))

    for number, name in enumerate(names, start=3):
        fresh.keep(number, a_due(number, name))
        if number == 3:
            fresh.take("wh_busy", {1})

    assert fresh.take("wh_0", {3}) == {}
    assert list(fresh.take("wh_98", {101})) == [101]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (received("1"), incoming("1")),
        (joined("1"), None),
        (received("1"), incoming("1", attachment=Attachment(2, "x"))),
    ],
)
async def test_a_claim_gives_the_same_whether_it_was_kept_or_read(
    event: Event, message: IncomingMessage | None, tmp_path: Path
) -> None:
    """To the last field."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook("1"))
        await store.webhooks.put(webhook("2"))
        data = b"hi" if message is not None and message.attachment else None
        await store.log.append(event, message=message, attachment=data)

        (kept,) = await store.deliveries.claim("wh_1", 1)
        forget(store)
        (read,) = await store.deliveries.claim("wh_2", 1)

    delivery = replace(read.delivery, id=kept.delivery.id, webhook_id="wh_1")
    assert kept == replace(read, delivery=delivery)


async def test_what_was_erased_is_not_delivered(tmp_path: Path) -> None:
    """A request to erase counts for what is owed, too."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        await store.messages.erase("msg_1")

        (due,) = await store.deliveries.claim("wh_1", 1)

    assert due.message is not None
    assert due.message.body == ERASED


async def test_claims_give_what_is_due_first_whether_kept_or_read(
    tmp_path: Path,
) -> None:
    """The order is that of the deliveries, not of where they were found."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        for number in ("1", "2"):
            await store.log.append(received(number), message=incoming(number))
        forget(store)
        for number in ("3", "4"):
            await store.log.append(received(number), message=incoming(number))

        due = await store.deliveries.claim("wh_1", 9)

    assert [one.event.id for one in due] == ["evt_1", "evt_2", "evt_3", "evt_4"]


def forget(store: Store) -> None:
    """Have everything read from now on, as after a restart."""
    store._fresh.clear()
