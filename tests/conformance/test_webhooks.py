"""What every store promises about webhooks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.delivery.ports import DeliveryFilter, Release
from gateway.domain.model import (
    DeliveryState,
    ErrorClass,
    EventType,
    Format,
    OldSecret,
    Ordering,
    RateLimit,
    Signature,
    Webhook,
)
from tests.conformance.ports import (
    Ports,
    attempt,
    event_ids,
    incoming,
    joined,
    received,
    retrying,
    webhook,
)
from tests.fakes.clock import NOON


async def states(store: Ports) -> Sequence[tuple[DeliveryState, str | None]]:
    """Return the states and reasons of all deliveries, oldest first."""
    page = await store.deliveries.list(DeliveryFilter(limit=200))
    rows = [row.delivery for row in reversed(page.deliveries)]
    return [(delivery.state, delivery.reason) for delivery in rows]


async def test_a_webhook_is_kept_as_it_was_put(store: Ports) -> None:
    """Every field of a webhook survives."""
    full = Webhook(
        id="wh_full",
        url="https://example.com/é?token=1",
        secret="whsec_b",
        old_secrets=(OldSecret("whsec_a", NOON),),
        format=Format.FLAT,
        rate_limit=RateLimit(2.5, 10),
        is_subscription=True,
        created_at=NOON,
        events=("message.*", "room.gap"),
        rooms=("lobby",),
        types=(),
        senders=("alice", "é"),
        headers={"X-Key": "secret"},
        signature=Signature.GITHUB,
        ordering=Ordering.SENDER,
        timeout=timedelta(seconds=1.5),
        max_age=timedelta(hours=1),
        schedule_s=(1, 2),
        stop_on=(),
        active=False,
        description="of mine",
        name="mine",
        source="env",
        disabled_reason="gone",
        updated_at=NOON,
        key_id="key_1",
    )

    await store.webhooks.put(full)

    assert store.webhooks.get("wh_full") == full


async def test_webhooks_are_listed_oldest_first(store: Ports) -> None:
    """The list is in the order of creation, whatever the order of changes."""
    await store.webhooks.put(webhook("b", created_at=NOON + timedelta(seconds=1)))
    await store.webhooks.put(webhook("a"))
    await store.webhooks.put(webhook("b", created_at=NOON + timedelta(seconds=1)))

    assert [one.id for one in store.webhooks.all()] == ["wh_a", "wh_b"]


async def test_what_is_owed_to_an_inactive_webhook_is_held(store: Ports) -> None:
    """Before and after it is disabled, what is owed is held with the reason."""
    await store.webhooks.put(webhook())
    for n in range(2):
        await store.log.append(received(f"{n}"), message=incoming(f"{n}"))
    (due,) = await store.deliveries.claim("wh_1", 1)
    failure = attempt(due.delivery, error=ErrorClass.HTTP_STATUS)
    await store.deliveries.record(retrying(due.delivery, NOON), failure)

    await store.webhooks.put(webhook(active=False, disabled_reason="gone"))
    await store.log.append(received("2"), message=incoming("2"))

    assert await states(store) == [(DeliveryState.HELD, "gone")] * 3
    assert event_ids(await store.deliveries.claim("wh_1", 9)) == []
    assert (await store.deliveries.health("wh_1")).held == 3


async def test_what_fails_while_its_webhook_is_disabled_is_held(store: Ports) -> None:
    """A request in flight when its webhook is disabled does not make it due again."""
    await store.webhooks.put(webhook())
    await store.log.append(received("0"), message=incoming("0"))
    (due,) = await store.deliveries.claim("wh_1", 1)
    await store.webhooks.put(webhook(active=False))

    failure = attempt(due.delivery, error=ErrorClass.HTTP_STATUS)
    await store.deliveries.record(retrying(due.delivery, NOON), failure)

    assert await states(store) == [(DeliveryState.HELD, "disabled")]


async def test_what_was_held_is_due_once_it_is_released(store: Ports) -> None:
    """Releasing makes what a webhook missed due at once, and says so."""
    await store.webhooks.put(webhook(active=False))
    await store.log.append(received("0"), message=incoming("0"))
    woken: list[str] = []
    store.deliveries.on_owed(woken.extend)

    await store.webhooks.put(webhook(), owed=Release())

    assert woken == ["wh_1"]
    assert await states(store) == [(DeliveryState.PENDING, None)]
    assert event_ids(await store.deliveries.claim("wh_1", 9)) == ["evt_0"]


async def test_what_is_owed_to_a_deleted_webhook_is_cancelled(store: Ports) -> None:
    """Nothing is owed to a webhook that is gone, not even what was in flight."""
    await store.webhooks.put(webhook())
    for n in range(2):
        await store.log.append(received(f"{n}"), message=incoming(f"{n}"))
    (due,) = await store.deliveries.claim("wh_1", 1)

    await store.webhooks.delete("wh_1")
    failure = attempt(due.delivery, error=ErrorClass.HTTP_STATUS)
    await store.deliveries.record(retrying(due.delivery, NOON), failure)
    await store.log.append(received("2"), message=incoming("2"))

    assert store.webhooks.get("wh_1") is None
    assert await states(store) == [(DeliveryState.CANCELLED, "webhook_deleted")] * 2


async def test_a_webhook_is_never_told_of_itself(store: Ports) -> None:
    """An event about a webhook goes to the others only."""
    await store.webhooks.put(webhook("1"))
    await store.webhooks.put(webhook("2"))
    told = replace(joined("1"), type=EventType.WEBHOOK_DISABLED, webhook_id="wh_1")

    await store.webhooks.put(webhook("1", active=False, disabled_reason="gone"), told)

    assert await states(store) == [(DeliveryState.PENDING, None)]
    assert event_ids(await store.deliveries.claim("wh_2", 9)) == ["evt_1"]
