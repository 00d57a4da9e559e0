"""What every store promises about what is held, and released."""

from datetime import timedelta

import pytest

from gateway.delivery.ports import DeliveryFilter, Hold, Release
from gateway.domain.model import DeliveryState, ErrorClass
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
from tests.fakes.clock import NOON

MOVED = Hold("url_changed")

State = tuple[str, str | None]
HELD = ("held", "url_changed")
DROPPED = ("cancelled", "not_released")
DUE = ("pending", None)


async def owing(store: Ports, count: int = 3) -> None:
    """Owe wh_1 an event of each minute from noon on."""
    await store.webhooks.put(webhook())
    for n in range(count):
        event = received(f"{n}", at=NOON + timedelta(minutes=n))
        await store.log.append(event, message=incoming(f"{n}"))


async def states(store: Ports) -> list[State]:
    """Return the states and reasons of all deliveries, oldest first."""
    page = await store.deliveries.list(DeliveryFilter(limit=200))
    rows = [row.delivery for row in reversed(page.deliveries)]
    return [(delivery.state.value, delivery.reason) for delivery in rows]


async def test_what_waits_can_be_held_while_new_events_go_on(store: Ports) -> None:
    """A hold is for what was owed by then, and names its reason."""
    await owing(store)

    await store.webhooks.put(webhook(), owed=MOVED)
    await store.log.append(received("9"), message=incoming("9"))

    assert await states(store) == [HELD, HELD, HELD, DUE]
    assert event_ids(await store.deliveries.claim("wh_1", 9)) == ["evt_9"]


async def test_what_is_in_flight_is_held_when_it_comes_back(store: Ports) -> None:
    """A request under way when the rest is held is not repeated either."""
    await owing(store)
    one, two, three = await store.deliveries.claim("wh_1", 9)

    await store.webhooks.put(webhook(), owed=MOVED)
    failure = attempt(one.delivery, error=ErrorClass.HTTP_STATUS)
    await store.deliveries.record(retrying(one.delivery, NOON), failure)
    await store.deliveries.record(delivered(two.delivery), attempt(two.delivery))
    count = await store.deliveries.take_over()

    assert count == 1
    assert await states(store) == [HELD, ("delivered", None), HELD]
    assert event_ids(await store.deliveries.claim("wh_1", 9)) == []
    assert three.delivery.state is DeliveryState.IN_FLIGHT


async def test_what_is_in_flight_when_the_rest_is_released_goes_on(
    store: Ports,
) -> None:
    """A release is for what is under way, too."""
    await owing(store, 1)
    (due,) = await store.deliveries.claim("wh_1", 9)
    await store.webhooks.put(webhook(), owed=MOVED)

    await store.webhooks.put(webhook(), owed=Release())
    failure = attempt(due.delivery, error=ErrorClass.HTTP_STATUS)
    await store.deliveries.record(retrying(due.delivery, NOON), failure)

    assert await states(store) == [("retrying", None)]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [(Release(), DUE), (Release(none=True), DROPPED)],
)
async def test_what_comes_back_with_a_release_is_released_too(
    store: Ports, wish: Release, expected: State
) -> None:
    """It was on its way to be held when the release came."""
    await owing(store, 1)
    (due,) = await store.deliveries.claim("wh_1", 9)
    await store.webhooks.put(webhook(), owed=MOVED)

    released = store.webhooks.put(webhook(), owed=wish)
    failure = attempt(due.delivery, error=ErrorClass.HTTP_STATUS)
    await store.deliveries.record(retrying(due.delivery, NOON), failure)
    await released

    assert await states(store) in ([expected], [("retrying", None)])
    assert (expected == DUE) == bool(await store.deliveries.claim("wh_1", 9))


@pytest.mark.parametrize("is_cut", [True, False])
async def test_what_is_in_flight_when_the_rest_is_dropped_is_not_repeated(
    store: Ports, *, is_cut: bool
) -> None:
    """It was meant for a place that the webhook has left, as all that is dropped."""
    await owing(store, 2)
    dues = await store.deliveries.claim("wh_1", 9)
    await store.webhooks.put(webhook(), owed=MOVED)

    since = NOON + timedelta(minutes=1)
    await store.webhooks.put(webhook(), owed=Release(since=since))
    if is_cut:
        await store.deliveries.take_over()
    else:
        for due in dues:
            failure = attempt(due.delivery, error=ErrorClass.HTTP_STATUS)
            await store.deliveries.record(retrying(due.delivery, NOON), failure)

    second = DUE if is_cut else ("retrying", None)
    assert await states(store) == [DROPPED, second]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Release(), [DUE, DUE, DUE]),
        (Release(none=True), [DROPPED, DROPPED, DROPPED]),
        (Release(since=NOON + timedelta(minutes=1)), [DROPPED, DUE, DUE]),
        (Release(since=NOON + timedelta(hours=1)), [DROPPED, DROPPED, DROPPED]),
    ],
)
@pytest.mark.parametrize("active", [True, False])
async def test_a_release_sends_what_it_names_and_drops_the_rest(
    store: Ports, wish: Release, expected: list[State], *, active: bool
) -> None:
    """All that is held is decided on, whatever held it: sent, or cancelled."""
    await owing(store)
    await store.webhooks.put(webhook(active=active), owed=MOVED)

    await store.webhooks.put(webhook(), owed=wish)

    assert await states(store) == expected
    health = await store.deliveries.health("wh_1")
    assert (health.held, health.pending) == (0, expected.count(DUE))


async def test_what_is_dropped_has_its_end(store: Ports) -> None:
    """What is cancelled says when, so that it is kept for its time and no longer."""
    await owing(store)
    await store.webhooks.put(webhook(active=False))

    await store.webhooks.put(webhook(), owed=Release(none=True))

    page = await store.deliveries.list(DeliveryFilter())
    assert {row.delivery.finished_at for row in page.deliveries} == {NOON}


async def test_enabled_without_a_release_what_is_held_stays(store: Ports) -> None:
    """Nothing that is held goes out unless somebody says so."""
    await owing(store)
    await store.webhooks.put(webhook(active=False))

    await store.webhooks.put(webhook())

    assert await states(store) == [("held", "disabled")] * 3


async def test_a_change_releases_nothing(store: Ports) -> None:
    """What is held for an active webhook outlasts other changes of it."""
    await owing(store)
    await store.webhooks.put(webhook(), owed=MOVED)

    await store.webhooks.put(webhook(description="of mine"))

    assert await states(store) == [HELD] * 3
