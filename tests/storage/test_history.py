"""The log of the real store, read and followed beyond what all stores promise."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Attachment, MessageStatus
from gateway.domain.routing import EVERYTHING, Selection
from gateway.storage import history
from gateway.storage.engine import CommitFailed
from gateway.storage.store import Store
from gateway.storage.writer import CHECKS
from tests.conformance.ports import (
    incoming,
    joined,
    outgoing,
    received,
    sent,
    webhook,
)
from tests.fakes.clock import NOON, FakeClock
from tests.storage.failing import FaultyChannel, outage
from tests.storage.opening import opened, opened_on, run_sql

if TYPE_CHECKING:
    from gateway.bridge.ports import Logged
    from tests.storage.server import Databases

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands at noon."""
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    """Give each test a store of both kinds."""
    if request.param == "sqlite":
        opening = opened(tmp_path, clock=clock)
    else:
        server = cast("Databases", request.getfixturevalue("server"))
        opening = opened_on(await server.new(), clock=clock)
    async with opening as store:
        yield store


async def seqs(
    store: Store, after: int = 0, wanted: Selection = EVERYTHING
) -> list[int]:
    """Return all places that can be read after one."""
    found: list[int] = []
    while after < store.history.head:
        stretch = await store.history.read(after, wanted, 100)
        found += [one.event.seq for one in stretch.entries]
        after = stretch.upto
    return found


async def trim(store: Store, clock: FakeClock) -> None:
    """Have a week pass and a sweep begin."""
    clock.jump(WEEK.total_seconds() + 1)
    await store.sweep(messages=WEEK, dead=MONTH)


async def test_a_log_of_which_all_is_held_misses_nothing(store: Store) -> None:
    """A sweep that removes nothing leaves no gap."""
    await store.log.append(joined("1"), joined("2"))

    await store.sweep(messages=WEEK, dead=MONTH)

    assert await store.history.missed(0) == 0
    assert await store.history.earliest() == 0


async def test_what_was_trimmed_is_counted(store: Store, clock: FakeClock) -> None:
    """Events still owed to a held delivery stay, and are no part of what is missed."""
    await store.log.append(joined("1"), joined("2"))
    await store.webhooks.put(webhook(active=False))
    await store.log.append(received("3"), message=incoming("3"))
    await store.webhooks.put(webhook(active=False, events=("room.gap",)))
    await store.log.append(joined("4"), joined("5"))

    await trim(store, clock)
    await store.log.append(replace(joined("6"), at=clock.now()))

    missed = [await store.history.missed(place) for place in range(8)]
    assert await seqs(store) == [3, 6]
    assert missed == [4, 3, 2, 2, 1, 0, 0, 0]
    assert await store.history.earliest() == 5
    assert await store.history.place_of("evt_2") is None
    assert await store.history.place_of("evt_3") == 3


async def test_what_was_trimmed_is_remembered_over_a_restart(tmp_path: Path) -> None:
    """A log of which nothing is left still knows that there was something."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.log.append(joined("1"), joined("2"))
        await trim(store, clock)

    async with opened(tmp_path, clock=clock) as store:
        assert store.history.head == 2
        assert await store.history.missed(0) == 2
        assert await store.history.earliest() == 2
        assert (await store.history.read(0, EVERYTHING, 10)).upto == 2


async def test_a_moment_is_found_among_holes(store: Store) -> None:
    """Where events are missing, the place is before the first that is left."""
    minute = timedelta(minutes=1)
    for n in range(1, 41):
        await store.log.append(replace(joined(f"{n}"), at=NOON + n * minute))
    await run_sql(store, "DELETE FROM event WHERE seq % 7 <> 3 AND seq < 30")
    held = await seqs(store)

    for n in range(42):
        place = await store.history.place_before(NOON + n * minute)

        assert place == next((seq for seq in held if seq >= n), 41) - 1


async def test_one_read_looks_at_a_bounded_part_of_the_log(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However rare what is wanted is, a call ends soon; holes cost nothing."""
    monkeypatch.setattr(history, "LOOK", 10)
    await asyncio.gather(*(store.log.append(joined(f"{n}")) for n in range(1, 101)))
    await run_sql(store, "DELETE FROM event WHERE seq <= 50")
    rare = Selection(events=("room.gap",))

    reached = []
    place = 0
    while place < 100:
        place = (await store.history.read(place, rare, 100)).upto
        reached.append(place)

    assert reached == [60, 70, 80, 90, 100]
    assert await seqs(store) == list(range(51, 101))


async def test_one_stretch_has_a_bounded_size(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who asks for many large messages gets some, and goes on from there."""
    monkeypatch.setattr(history, "PART", 2)
    monkeypatch.setattr(history, "MOST_BYTES", 1000)
    large = '{"text":"' + "x" * 400 + '"}'
    for n in range(1, 8):
        await store.log.append(received(f"{n}"), message=incoming(f"{n}", body=large))

    stretch = await store.history.read(0, EVERYTHING, 100)

    assert [one.event.seq for one in stretch.entries] == [1, 2, 3, 4]
    assert stretch.upto == 4
    assert await seqs(store) == list(range(1, 8))


async def test_the_newest_are_not_looked_for_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is long past is left to those who read."""
    monkeypatch.setattr(history, "LOOK_BACK", 2)
    await store.log.append(joined("1"), joined("2"), joined("3"))

    newest = await store.history.newest(EVERYTHING, 10)

    assert [one.event.seq for one in newest] == [3, 2]


async def test_followers_are_told_once_of_what_was_staged_twice(store: Store) -> None:
    """A group that is written one by one, because one can't be, is told as stored."""
    told: list[Logged] = []
    store.history.follow(told.extend)
    await store.log.append(received("1"), message=incoming("1"))

    results = await asyncio.gather(
        store.log.append(joined("2")),
        store.log.append(received("3"), message=incoming("1")),
        store.log.append(joined("4")),
        return_exceptions=True,
    )

    assert isinstance(results[1], IntegrityError)
    assert [one.event.id for one in told] == ["evt_1", "evt_2", "evt_4"]
    assert [one.event.seq for one in told] == await seqs(store)


async def test_a_commit_that_failed_is_not_told(tmp_path: Path) -> None:
    """Followers hear of what is in the log only."""
    told: list[Logged] = []
    async with opened(tmp_path) as store:
        channel = faulty(store)
        store.history.follow(told.extend)
        await store.log.append(joined("1"))
        channel.before.append(outage())

        with pytest.raises(StoreUnavailable):
            await store.log.append(joined("2"))
        head = store.history.head
        await store.log.append(joined("3"))

        assert head == 1
        assert [(one.event.id, one.event.seq) for one in told] == [
            ("evt_1", 1),
            ("evt_3", 2),
        ]


async def test_a_commit_found_out_late_is_told_in_its_place(tmp_path: Path) -> None:
    """What was stored although it seemed to fail is told before what came after it.

    Until then nobody reads it either, so that nobody passes it over.
    """
    told: list[Logged] = []
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        channel = faulty(store)
        store.history.follow(told.extend)
        channel.after.append(CommitFailed())
        channel.before += [None, *(outage() for _ in range(CHECKS))]

        hidden = store.log.append(joined("1"))
        await clock.advance(0)
        while not hidden.done():
            await clock.advance(1)
        unseen = await store.history.read(0, EVERYTHING, 10)
        await store.log.append(joined("2"))

        assert isinstance(hidden.exception(), StoreUnavailable)
        assert (list(unseen.entries), unseen.upto) == ([], 0)
        assert [one.event.id for one in told] == ["evt_1", "evt_2"]
        assert await seqs(store) == [1, 2]


async def test_a_message_is_told_as_it_was_then(store: Store) -> None:
    """Two words on a message in one commit are two snapshots of it."""
    told: list[Logged] = []
    store.history.follow(told.extend)
    await store.outbox.add(outgoing("1"))
    unknown, first = sent(outgoing("1"))
    unknown = replace(unknown, status=MessageStatus.UNKNOWN)
    message, second = sent(outgoing("1"))

    await asyncio.gather(
        store.outbox.change(unknown, first),
        store.outbox.change(message, replace(second, id="evt_2")),
    )

    assert [one.message for one in told] == [unknown, message]


async def test_a_late_word_on_an_erased_message_has_no_content(store: Store) -> None:
    """Whoever settles a message may have what was erased; readers don't get it."""
    told: list[Logged] = []
    store.history.follow(told.extend)
    done = outgoing("1", status=MessageStatus.UNKNOWN, attachment=Attachment(1, "x"))
    await store.outbox.add(done, b"x")

    await store.messages.erase("msg_1")
    await store.outbox.change(*sent(done))

    (read,) = (await store.history.read(0, EVERYTHING, 10)).entries
    for one in (*told, read):
        assert one.message is not None
        assert (one.message.body, one.message.attachment) == ("null", None)


async def test_followers_forget_what_sweeps_erase_and_trim(
    store: Store, clock: FakeClock
) -> None:
    """Messages that are erased once they were delivered, or trimmed, are named."""
    forgotten: list[str] = []
    store.history.follow(lambda _logged: None, forgotten.extend)
    await store.log.append(received("1"), message=incoming("1"))
    clock.jump(120)

    await store.erase_delivered()
    erased = list(forgotten)
    await trim(store, clock)

    assert erased == ["msg_1"]
    assert forgotten == ["msg_1", "msg_1"]


async def test_readers_meet_every_commit_of_many(store: Store) -> None:
    """Readers who go on whenever they are told to get all that follows, in order."""
    told = asyncio.Condition()

    async def append(lane: int) -> None:
        for n in range(50):
            await store.log.append(joined(f"{lane}-{n}"), joined(f"{lane}-{n}'"))
            async with told:
                told.notify_all()

    async def follow_on() -> list[int]:
        places: list[int] = []
        while len(places) < 800:
            async with told:
                while store.history.head == len(places):
                    await told.wait()
            stretch = await store.history.read(len(places), EVERYTHING, 50)
            places += [one.event.seq for one in stretch.entries]
            assert stretch.upto == len(places)
        return places

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(follow_on()) for _ in range(4)]
        for lane in range(8):
            tasks.create_task(append(lane))

    assert all(reader.result() == list(range(1, 801)) for reader in readers)


def faulty(store: Store) -> FaultyChannel:
    """Have a store's writer fail as it is told to."""
    channel = FaultyChannel(store._writer._channel)
    store._writer._channel = channel
    return channel
