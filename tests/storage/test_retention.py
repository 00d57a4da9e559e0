"""What is trimmed, and what stays."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from gateway.bridge.ports import Once
from gateway.domain.model import (
    Attachment,
    DeliveryState,
    MessageStatus,
    Replay,
    ReplayOnly,
)
from gateway.storage.following import Following
from gateway.storage.kept import STEP
from gateway.storage.pacing import Pace
from gateway.storage.retention import Retention, Swept
from gateway.storage.store import Store
from tests.conformance.ports import (
    attempt,
    delivered,
    incoming,
    outgoing,
    received,
    webhook,
)
from tests.fakes.clock import NOON, FakeClock
from tests.storage.opening import opened, query, run_sql

T = TypeVar("T")

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)


async def sweep(store: Store) -> Swept:
    """Sweep with the periods of the documentation."""
    return await store.sweep(messages=WEEK, dead=MONTH)


async def test_what_is_young_stays(tmp_path: Path) -> None:
    """Nothing goes before its time."""
    async with opened(tmp_path) as store:
        await store.log.append(received("1"), message=incoming("1"))

        assert await sweep(store) == Swept(0, 0, 0, 0)


async def test_what_was_delivered_goes_with_everything_of_it(tmp_path: Path) -> None:
    """Delivery, attempts, event, message and bytes go together."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        said = incoming("1", attachment=Attachment(2, "x"))
        await store.log.append(received("1"), message=said, attachment=b"ok")
        (due,) = await store.deliveries.claim("wh_1", 1)
        await store.deliveries.record(delivered(due.delivery), attempt(due.delivery))
        clock.jump(WEEK.total_seconds() + 1)

        swept = await sweep(store)

        left = await query(
            store,
            "SELECT (SELECT count(*) FROM attempt), (SELECT count(*) FROM delivery), "
            "(SELECT count(*) FROM event), (SELECT count(*) FROM message), "
            "(SELECT count(*) FROM attachment_chunk)",
        )
        assert swept == Swept(1, 1, 1, 1)
        assert left == [(0, 0, 0, 0, 0)]


@pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.HELD])
async def test_what_may_be_replayed_stays_longer(
    tmp_path: Path, state: DeliveryState
) -> None:
    """A dead or held delivery keeps its event and message for its own time."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        await run_sql(store, "UPDATE delivery SET state = :state", state=state.value)

        clock.jump((MONTH - timedelta(days=1)).total_seconds())
        before = await sweep(store)
        clock.jump(timedelta(days=2).total_seconds())
        after = await sweep(store)

    assert (before, after) == (Swept(0, 0, 0, 0), Swept(1, 1, 1, 0))


async def test_what_is_still_to_be_sent_stays(tmp_path: Path) -> None:
    """A message that is queued is not trimmed however old it is."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.outbox.add(outgoing("queued"))
        await store.outbox.add(outgoing("sent", status=MessageStatus.SENT))
        clock.jump(MONTH.total_seconds())

        swept = await sweep(store)

        assert swept.messages == 1
        assert await store.messages.get("msg_queued") is not None


async def test_bytes_without_a_message_go_after_an_hour(tmp_path: Path) -> None:
    """What a stop left of an attachment is swept, what is being stored is not."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        message = outgoing("1", attachment=Attachment(2, "x"))
        await store.outbox.add(message, b"ok")
        await run_sql(store, "DELETE FROM message")

        young = await sweep(store)
        clock.jump(3601)
        old = await sweep(store)

    assert (young.attachments, old.attachments) == (0, 1)


async def test_more_than_a_commit_takes_goes_in_several(tmp_path: Path) -> None:
    """All that is old goes, though no commit removes more than 1000 rows."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await run_sql(
            store,
            "WITH RECURSIVE n (i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= :most) "
            "INSERT INTO event (seq, id, type, at) "
            "SELECT i, 'evt_' || i, 'room.gap', 0 FROM n",
            most=STEP,
        )

        swept = await sweep(store)

    assert swept.events == STEP + 1


async def test_a_store_that_is_too_large_loses_its_oldest(tmp_path: Path) -> None:
    """Young as they are, the oldest messages go until the rest fits."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        moments = [NOON + timedelta(seconds=n) for n in range(300)]
        long = f'{{"text":"{"x" * 4000}"}}'
        appended = [
            store.log.append(
                received(f"{n}", at=at),
                message=incoming(f"{n}", body=long, created_at=at),
            )
            for n, at in enumerate(moments)
        ]
        await asyncio.gather(*appended)
        clock.jump(300)

        swept = await store.sweep(messages=WEEK, dead=MONTH, most_bytes=1_200_000)

        left = await store.log.read(limit=1000)
        assert (swept.events, swept.messages) == (100, 100)
        assert [event.seq for event in left] == list(range(101, 301))


async def test_what_is_owed_does_not_keep_what_came_after_it(tmp_path: Path) -> None:
    """Else one webhook that is away would have the store grow without a bound."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        owed = [store.log.append(received(f"{n}")) for n in range(150)]
        await asyncio.gather(*owed)
        await store.webhooks.delete("wh_1")
        await run_sql(store, "UPDATE delivery SET state = 'dead'")
        moments = [NOON + timedelta(seconds=n) for n in range(1, 301)]
        long = f'{{"text":"{"x" * 4000}"}}'
        appended = [
            store.log.append(
                received(f"long{n}", at=at),
                message=incoming(f"{n}", body=long, created_at=at),
            )
            for n, at in enumerate(moments)
        ]
        await asyncio.gather(*appended)
        clock.jump(300)

        swept = await store.sweep(messages=WEEK, dead=MONTH, most_bytes=1_200_000)

        left = await store.log.read(limit=1000)
        assert swept.messages >= 50
        assert {event.seq for event in left} >= set(range(1, 151))


async def test_what_is_owed_stays_even_in_a_store_that_is_too_large(
    tmp_path: Path,
) -> None:
    """Nothing that a delivery still needs goes for want of space."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))

        swept = await store.sweep(messages=WEEK, dead=MONTH, most_bytes=1)

    assert swept == Swept(0, 0, 0, 0)


async def test_what_was_used_up_once_is_kept_while_it_matters(tmp_path: Path) -> None:
    """Forgotten after its time, but not while its delivery or its event is kept."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        await store.deliveries.record(
            replace(due.delivery, state=DeliveryState.DEAD), None
        )
        for n, key in enumerate((due.delivery.id, "evt_1", "evt_gone")):
            said = outgoing(f"o{n}", created_at=NOON)
            await store.outbox.add(said, once=Once("any", key))
        keys = "SELECT count(*) FROM once"
        clock.jump(timedelta(hours=24).total_seconds())
        await store.sweep(messages=timedelta(hours=1), dead=MONTH)
        young = await query(store, keys)
        clock.jump(timedelta(hours=2).total_seconds())
        await store.sweep(messages=timedelta(hours=1), dead=MONTH)
        old = await query(store, keys)
        clock.jump(MONTH.total_seconds())
        await sweep(store)
        await sweep(store)
        very_old = await query(store, keys)

    assert (young, old, very_old) == ([(3,)], [(2,)], [(0,)])


async def test_replays_are_forgotten_after_their_end(tmp_path: Path) -> None:
    """One that ended goes after its time, one that runs stays."""
    clock = FakeClock()
    running = Replay("rpl_1", "wh_1", "wh_1", ReplayOnly.ALL, NOON, last=0)
    async with opened(tmp_path, clock=clock) as store:
        await store.replays.add(running)
        await store.replays.add(replace(running, id="rpl_2", finished_at=NOON))
        clock.jump(WEEK.total_seconds() + 1)

        await sweep(store)

        assert await store.replays.get("rpl_1") == running
        assert await store.replays.get("rpl_2") is None


async def test_what_stays_is_looked_at_without_a_commit(tmp_path: Path) -> None:
    """However much is still owed, nobody who writes waits for the search."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        events = [received(str(number)) for number in range(STEP + 1)]
        await asyncio.gather(*map(store.log.append, events))
        clock.jump(WEEK.total_seconds() + 1)
        before = await query(store, "SELECT turn FROM log_head")

        await sweep(store)

        after = await query(store, "SELECT turn FROM log_head")
    assert after[0][0] - before[0][0] == 2  # Replays, this query.


async def test_what_is_sent_again_during_a_sweep_stays(tmp_path: Path) -> None:
    """A delivery retried after it was found to be over is kept, and its event too."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        await store.deliveries.record(delivered(due.delivery), attempt(due.delivery))
        clock.jump(WEEK.total_seconds() + 1)
        reader = store._retention._reader

        class Retrying:
            async def read(self, work: Callable[[Connection], T]) -> T:
                found = await reader.read(work)
                await store.deliveries.retry(due.delivery.id)
                return found

        retention = Retention(store._writer, Retrying(), Pace(clock), Following(0))
        swept = await retention.sweep(clock.now(), messages=WEEK, dead=MONTH)

    assert swept == Swept(0, 0, 0, 0)
