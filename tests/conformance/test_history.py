"""What every log promises those who read it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from gateway.bridge.ports import Logged
from gateway.domain.model import (
    Attachment,
    Event,
    EventType,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
    Sender,
)
from gateway.domain.rendering import envelope
from gateway.domain.routing import EVERYTHING, Selection, selects
from gateway.storage.store import Store
from tests.conformance.ports import (
    Ports,
    incoming,
    joined,
    outgoing,
    received,
    sent,
    webhook,
)
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.memory_store import MemoryStore

EVENTS = (
    ("*",),
    ("message.*",),
    ("message.received", "participant.*"),
    ("room.gap",),
    ("mess*",),
)
ROOMS = (None, ("lobby",), ("attic", "é 🎈"))
TYPES = (None, ("chat",), ("note", "x'y"), ())
SENDERS = (None, ("alice",), ("bob", "nobody"))


async def a_day(store: Ports) -> None:
    """Have all kinds of things happen."""
    alice, bob = Sender("p-1", "alice", "user"), Sender("p-2", "bob", None)
    nobody = Sender("p-3", None, None)
    rooms, types = ("lobby", "attic", "é 🎈"), ("chat", "note", "x'y")
    for n, (sender, room, kind) in enumerate(
        product((alice, bob, nobody), rooms, types)
    ):
        said = incoming(f"{n}", sender=sender, room=room, type=kind)
        told = received(
            f"{n}", room=room, message_type=kind, from_name=said.sender.name
        )
        await store.log.append(told, message=said)
    for n, room in enumerate(rooms):
        await store.log.append(replace(joined(f"j{n}"), room=room))
    await store.log.append(
        Event("evt_w", EventType.WEBHOOK_FAILING, None, NOON, "{}", webhook_id="wh_1")
    )
    await store.outbox.add(outgoing("o"))
    await store.outbox.change(*sent(outgoing("o")))


def ids(logged: Sequence[Logged]) -> list[str]:
    """Return the ids of events."""
    return [one.event.id for one in logged]


def shown(logged: Sequence[Logged]) -> list[bytes]:
    """Return events as their readers get them."""
    return [envelope(one.event, one.message) for one in logged]


async def test_the_log_is_read_with_its_messages(store: Ports) -> None:
    """A stretch has each event as it was stored, with the message it tells of."""
    said = incoming("1", attachment=Attachment(2, "x"))
    await store.log.append(received("1"), joined("2"), message=said, attachment=b"ok")
    await store.outbox.add(outgoing("3"))
    await store.outbox.change(*sent(outgoing("3")))

    stretch = await store.history.read(0, EVERYTHING, 10)

    assert [one.event for one in stretch.entries] == list(await store.log.read())
    assert [one.message for one in stretch.entries] == [
        await store.messages.get("msg_1"),
        None,
        await store.messages.get("msg_3"),
    ]
    assert stretch.upto == store.history.head == 3


async def test_a_log_is_read_to_its_end_in_stretches(store: Ports) -> None:
    """From `upto` on, all is read once, in order, whatever the size of a stretch."""
    await a_day(store)
    head = store.history.head
    read: list[int] = []
    place = 0

    while place < head:
        stretch = await store.history.read(place, EVERYTHING, 4)
        read += [one.event.seq for one in stretch.entries]
        place = stretch.upto

    assert read == list(range(1, head + 1))


@pytest.mark.parametrize("after", [0, 3])
async def test_an_end_is_where_the_log_ends(store: Ports, after: int) -> None:
    """Behind the last event there is nothing, and nowhere to go on from but there."""
    for n in range(3):
        await store.log.append(joined(f"{n}"))

    stretch = await store.history.read(after, Selection(events=("room.gap",)), 10)

    assert list(stretch.entries) == []
    assert stretch.upto == 3


async def test_a_reader_gets_what_it_wants(store: Ports) -> None:
    """Stretches and the newest have just what `selects` says, for any selection."""
    await a_day(store)
    everything = (await store.history.read(0, EVERYTHING, 1000)).entries

    for parts in product(EVENTS, ROOMS, TYPES, SENDERS):
        wanted = Selection(*parts)
        expected = [one for one in everything if selects(wanted, one.event)]
        stretch = await store.history.read(0, wanted, 1000)
        newest = await store.history.newest(wanted, 7)

        assert list(stretch.entries) == expected, wanted
        assert stretch.upto == store.history.head
        assert list(newest) == expected[::-1][:7], wanted


async def test_a_full_stretch_ends_with_its_last_event(store: Ports) -> None:
    """What follows the last one that was asked for has not been looked at."""
    await a_day(store)
    wanted = Selection(events=("participant.*",))

    stretch = await store.history.read(0, wanted, 2)

    assert ids(stretch.entries) == ["evt_j0", "evt_j1"]
    assert stretch.upto == stretch.entries[-1].event.seq


async def test_an_event_is_found_by_its_id(store: Ports) -> None:
    """Its place is known for as long as it is held."""
    await store.log.append(joined("1"), joined("2"))

    assert await store.history.place_of("evt_2") == 2
    assert await store.history.place_of("evt_3") is None


async def test_a_moment_has_its_place(store: Ports) -> None:
    """It is before the first event that is not older; the head if all are."""
    minute = timedelta(minutes=1)
    for n in range(6):
        await store.log.append(replace(joined(f"{n}"), at=NOON + n // 2 * minute))

    places = [
        await store.history.place_before(NOON + n * minute / 2) for n in range(-1, 6)
    ]

    assert places == [0, 0, 2, 2, 4, 4, 6]


async def test_an_empty_log_can_be_read(store: Ports) -> None:
    """There is nothing before the first event."""
    history = store.history

    assert history.head == 0
    assert (await history.read(0, EVERYTHING, 10)).upto == 0
    assert list(await history.newest(EVERYTHING, 10)) == []
    assert await history.place_before(NOON) == 0
    assert (await history.missed(0), await history.earliest()) == (0, 0)


async def test_followers_are_told_of_every_event(store: Ports) -> None:
    """Whatever appends it, it is told once it is committed, in order, with its message.

    The head has moved by then, and nobody who appended has gone on.
    """
    told: list[Logged] = []
    heads: list[int] = []

    def tell(logged: Sequence[Logged]) -> None:
        told.extend(logged)
        heads.append(store.history.head - logged[-1].event.seq)

    store.history.follow(tell)
    await store.webhooks.put(webhook(), joined("new"))
    await a_day(store)
    (due,) = await store.deliveries.claim("wh_1", 1)
    await store.deliveries.record(due.delivery, None, joined("d"))

    stretch = await store.history.read(0, EVERYTHING, 1000)
    assert shown(told) == shown(stretch.entries)
    assert [one.event.seq for one in told] == list(range(1, len(told) + 1))
    assert set(heads) == {0}


async def test_what_is_stored_in_groups_is_told_without_gap(store: Ports) -> None:
    """Many who append at once are told of in the order of the log."""
    told: list[Logged] = []
    store.history.follow(told.extend)
    large = bytes(200_000)
    heavy = incoming("big", attachment=Attachment(len(large), "x"))

    await asyncio.gather(
        *(store.log.append(joined(f"a{n}")) for n in range(300)),
        store.log.append(received("big"), message=heavy, attachment=large),
        *(store.log.append(joined(f"b{n}")) for n in range(300)),
    )

    assert [one.event.seq for one in told] == list(range(1, 602))
    stretch = await store.history.read(0, EVERYTHING, 1000)
    assert shown(told) == shown(stretch.entries)


async def test_no_reader_passes_over_what_is_being_committed(store: Ports) -> None:
    """While events are appended, a reader that goes on from `upto` finds them all."""
    read: list[int] = []
    place = 0
    async with asyncio.TaskGroup() as tasks:

        async def append(lane: int) -> None:
            for n in range(30):
                await store.log.append(joined(f"{lane}-{n}"))

        lanes = [tasks.create_task(append(lane)) for lane in range(8)]
        while place < 240:
            stretch = await store.history.read(place, EVERYTHING, 7)
            read += [one.event.seq for one in stretch.entries]
            place = stretch.upto
            await asyncio.wait(lanes, timeout=0)

    assert read == list(range(1, 241))


async def test_what_was_erased_is_not_read_again(store: Ports) -> None:
    """Its events stay, without what it said; followers are told to forget it."""
    forgotten: list[str] = []
    store.history.follow(lambda _logged: None, forgotten.extend)
    said = incoming("1", attachment=Attachment(2, "x"))
    await store.log.append(received("1"), message=said, attachment=b"ok")
    done = outgoing("2", status=MessageStatus.SENT)
    await store.outbox.add(done)
    await store.outbox.change(*sent(done))

    await store.messages.erase("msg_1")
    await store.messages.erase("msg_2")

    stretch = await store.history.read(0, EVERYTHING, 10)
    newest = await store.history.newest(EVERYTHING, 10)
    assert forgotten == ["msg_1", "msg_2"]
    assert [_said(one) for one in stretch.entries] == [("null", None)] * 2
    assert [_said(one) for one in newest] == [("null", None)] * 2


async def test_what_was_trimmed_is_counted_and_passed_over(
    store: Ports, clock: FakeClock
) -> None:
    """What is gone is told by its number; what is owed still is read like the rest."""
    forgotten: list[str] = []
    store.history.follow(lambda _logged: None, forgotten.extend)
    await store.log.append(received("1"), joined("2"), message=incoming("1"))
    await store.webhooks.put(webhook(active=False, events=("message.received",)))
    await store.log.append(received("3"), message=incoming("3"))
    await store.log.append(joined("4"), joined("5"))

    await trim(store, clock, place=5, keep=3)
    await store.log.append(replace(joined("6"), at=clock.now()))

    history = store.history
    stretch = await history.read(0, EVERYTHING, 10)
    assert ids(stretch.entries) == ["evt_3", "evt_6"]
    assert stretch.upto == 6
    assert ids(await history.newest(EVERYTHING, 10)) == ["evt_6", "evt_3"]
    assert [await history.missed(n) for n in range(7)] == [4, 3, 2, 2, 1, 0, 0]
    assert await history.earliest() == 5
    assert await history.place_of("evt_2") is None
    assert await history.place_before(NOON) == 2
    assert await history.place_before(clock.now()) == 5
    assert forgotten == ["msg_1"]
    assert stretch.entries[0].message is not None


async def trim(store: Ports, clock: FakeClock, *, place: int, keep: int) -> None:
    """Have a store trim its log up to a place, but for an event that is owed still."""
    clock.jump(timedelta(days=8).total_seconds())
    if isinstance(store, MemoryStore):
        store.history.trim(place, keep=[keep])
    else:
        assert isinstance(store, Store)
        await store.sweep(messages=timedelta(days=7), dead=timedelta(days=30))


def _said(logged: Logged) -> tuple[str, Attachment | None]:
    assert isinstance(logged.message, IncomingMessage | OutgoingMessage)
    return logged.message.body, logged.message.attachment
