"""What every log promises."""

import asyncio
from dataclasses import replace

import pytest

from gateway.domain.model import Attachment, Sender
from tests.conformance.ports import (
    Ports,
    event_ids,
    incoming,
    joined,
    outgoing,
    received,
    sent,
    webhook,
)


async def test_an_event_is_read_back_as_it_was_appended(store: Ports) -> None:
    """Every field of an event survives; its place is given to it."""
    event = replace(joined("1"), webhook_id="wh_9", key_id="key_1", traceparent="00-1")

    await store.log.append(event)

    assert list(await store.log.read()) == [replace(event, seq=1)]


async def test_a_received_message_knows_its_event(store: Ports) -> None:
    """A stored message carries the id and the place of the event that tells of it."""
    await store.log.append(joined("0"))
    message = incoming("1", sender=Sender("p-1", None, None), attachment=None)

    await store.log.append(received("1"), message=message)

    expected = replace(message, event_id="evt_1", seq=2)
    assert await store.messages.get("msg_1") == expected


async def test_places_in_the_log_are_dense_and_in_the_order_of_calls(
    store: Ports,
) -> None:
    """Events get 1, 2, 3, … in the order in which they were appended."""
    await store.outbox.add(outgoing("o"))
    appended = [
        store.log.append(received(f"{n}"), joined(f"j{n}"), message=incoming(f"{n}"))
        for n in range(50)
    ]
    appended.append(store.outbox.change(*sent(outgoing("o"))))

    await asyncio.gather(*appended)

    events = await store.log.read(limit=1000)
    names = [f"evt_{kind}{n}" for n in range(50) for kind in ("", "j")]
    names.append("evt_o")
    assert [event.id for event in events] == names
    assert [event.seq for event in events] == list(range(1, 102))


async def test_events_keep_their_order_behind_a_large_attachment(store: Ports) -> None:
    """What was said in a room is told in the order it was said."""
    large = bytes(300_000)
    heavy = incoming("1", attachment=Attachment(len(large), "x"))

    await asyncio.gather(
        store.log.append(received("1"), message=heavy, attachment=large),
        store.log.append(received("2"), message=incoming("2")),
    )

    assert [event.id for event in await store.log.read()] == ["evt_1", "evt_2"]
    assert await store.messages.attachment("msg_1") == large


async def test_reading_goes_on_after_a_place(store: Ports) -> None:
    """A reader gets what follows the place it has seen, in pages."""
    for n in range(5):
        await store.log.append(joined(f"{n}"))

    page = await store.log.read(after=2, limit=2)

    assert [event.seq for event in page] == [3, 4]


async def test_an_event_is_owed_to_each_webhook_that_wants_it(store: Ports) -> None:
    """Deliveries are decided when an event is stored, by what webhooks want then."""
    await store.webhooks.put(webhook("all"))
    await store.webhooks.put(webhook("joins", events=("participant.*",)))

    await store.log.append(received("1"), message=incoming("1"))
    await store.webhooks.put(webhook("late"))

    assert event_ids(await store.deliveries.claim("wh_all", 9)) == ["evt_1"]
    assert event_ids(await store.deliveries.claim("wh_joins", 9)) == []
    assert event_ids(await store.deliveries.claim("wh_late", 9)) == []


async def test_whoever_waits_is_told_what_is_owed(store: Ports) -> None:
    """A commit that owes something names the webhooks it owes it to."""
    woken: list[str] = []
    store.deliveries.on_owed(woken.extend)
    await store.webhooks.put(webhook("1"))
    await store.webhooks.put(webhook("2", events=("room.gap",)))

    await store.log.append(received("1"), message=incoming("1"))

    assert woken == ["wh_1"]


@pytest.mark.parametrize("name", ["lobby", "é 🎈"])
async def test_a_room_is_remembered(store: Ports, name: str) -> None:
    """What is saved of a room is loaded; a room not seen before is fresh."""
    fresh = await store.rooms.load(name)
    changed = replace(
        fresh, messaging_enabled=False, attributes={"a": [1, None]}, last_alive_at=None
    )

    await store.rooms.save(fresh)
    await store.rooms.save(changed)

    assert fresh.messaging_enabled
    assert await store.rooms.load(name) == changed


async def test_a_filter_sees_the_event_with_its_message(store: Ports) -> None:
    """What a filter asks for is decided as an event is stored, in both directions."""
    says = "data.message.text == 'yes' || data.attachment.size > `2`"
    await store.webhooks.put(webhook("picky", filter=says))
    await store.webhooks.put(webhook("late", filter="seq > `3`"))
    yes, no = '{"text":"yes"}', '{"text":"no"}'
    big = incoming("3", body=no, attachment=Attachment(3, "x"))

    await asyncio.gather(
        store.log.append(received("1"), message=incoming("1", body=yes)),
        store.log.append(received("2"), joined("j"), message=incoming("2", body=no)),
        store.log.append(received("3"), message=big, attachment=b"abc"),
        store.outbox.add(outgoing("4", body=yes)),
        store.outbox.change(*sent(outgoing("4", body=yes))),
        store.outbox.add(outgoing("5", body=no)),
        store.outbox.change(*sent(outgoing("5", body=no))),
    )

    picky = await store.deliveries.claim("wh_picky", 9)
    late = await store.deliveries.claim("wh_late", 9)
    assert event_ids(picky) == ["evt_1", "evt_3", "evt_4"]
    assert event_ids(late) == ["evt_3", "evt_4", "evt_5"]
