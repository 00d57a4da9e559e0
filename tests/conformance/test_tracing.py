"""What every store tells of the way of a message."""

from collections.abc import Sequence

from gateway.bridge.tracing import Told
from tests.conformance.ports import (
    Ports,
    attempt,
    delivered,
    incoming,
    joined,
    outgoing,
    received,
    retrying,
    sent,
    webhook,
)
from tests.fakes.clock import NOON


async def received_twice_told(store: Ports) -> None:
    """Have two messages received, each owed to two webhooks, between other events."""
    await store.webhooks.put(webhook("1"))
    await store.webhooks.put(webhook("2"))
    await store.log.append(received("a"), joined("x"), message=incoming("a"))
    await store.log.append(received("b"), message=incoming("b"))


async def attempted(store: Ports, webhook_id: str) -> Sequence[str]:
    """Attempt all that is due to a webhook, and return the attempts' ids."""
    made = []
    for due in await store.deliveries.claim(webhook_id, 9):
        made.append(attempt(due.delivery))
        await store.deliveries.record(delivered(due.delivery), made[-1])
    return [one.id for one in made if one.id]


async def test_only_what_tells_of_a_message_is_told(store: Ports) -> None:
    """Its event, a delivery to each webhook, and their attempts."""
    await received_twice_told(store)
    first, *_ = await attempted(store, "wh_1")

    told = await store.traces.told("msg_a", 9)

    assert [event.id for event in told.events] == ["evt_a"]
    assert [one.webhook_id for one in told.deliveries] == ["wh_1", "wh_2"]
    assert [one.id for one in told.attempts] == [first]
    assert not told.is_cut


async def test_a_message_of_ours_is_told_too(store: Ports) -> None:
    """By the event of its end."""
    await store.webhooks.put(webhook())
    await store.outbox.add(outgoing("a"))
    await store.outbox.change(*sent(outgoing("a")))

    told = await store.traces.told("msg_a", 9)

    assert [event.id for event in told.events] == ["evt_a"]
    assert [one.event_id for one in told.deliveries] == ["evt_a"]


async def test_attempts_are_in_their_order(store: Ports) -> None:
    """By number, as they were made."""
    await store.webhooks.put(webhook())
    await store.log.append(received("a"), message=incoming("a"))
    (due,) = await store.deliveries.claim("wh_1", 1)
    again = retrying(due.delivery, NOON)
    await store.deliveries.record(again, attempt(due.delivery))
    (due,) = await store.deliveries.claim("wh_1", 1)
    await store.deliveries.record(delivered(due.delivery), attempt(due.delivery))

    told = await store.traces.told("msg_a", 9)

    assert [one.number for one in told.attempts] == [1, 2]


async def test_of_what_was_never_told_nothing_is(store: Ports) -> None:
    """Nobody heard of it, or it is not there at all."""
    await store.outbox.add(outgoing("a"))

    assert await store.traces.told("msg_a", 9) == Told([], [], [])
    assert await store.traces.told("msg_none", 9) == Told([], [], [])


async def test_a_long_story_is_cut(store: Ports) -> None:
    """The oldest of each kind is told, and that there is more."""
    await received_twice_told(store)
    await attempted(store, "wh_1")

    told = await store.traces.told("msg_a", 1)

    assert [one.webhook_id for one in told.deliveries] == ["wh_1"]
    assert told.is_cut
