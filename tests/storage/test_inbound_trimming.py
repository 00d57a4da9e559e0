"""Which requests of third parties are trimmed, and what stays of them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.model import InboundState
from gateway.inbound.ports import Taken
from gateway.storage.inbound_trimming import EMPTY_BYTES
from gateway.storage.kept import STEP
from gateway.storage.rows import micros
from gateway.storage.store import Store
from tests.conformance.ports import inbound, incoming, received, source
from tests.fakes.clock import NOON, FakeClock
from tests.storage.opening import opened, opened_on, query, run_sql
from tests.storage.server import Databases

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LARGE = bytes(100_000)
SAID = InboundState.SAID


async def add(store: Store, name: str, **changes: object) -> None:
    """Have a request be stored and said."""
    one = inbound(name, **changes)
    await store.inbox.add(one)
    await store.inbox.settle(replace(one, state=SAID, message_id=f"msg_{name}"))


async def sweep(store: Store, messages: timedelta = DAY) -> int:
    """Sweep, and return how many requests were removed or emptied."""
    swept = await store.sweep(messages=messages, dead=messages)
    return swept.requests


async def left(store: Store) -> list[str]:
    """Return the ids of what is stored."""
    return [one[0] for one in await query(store, "SELECT id FROM inbound ORDER BY 1")]


async def test_what_was_said_goes_in_time(tmp_path: Path) -> None:
    """Row and body go; what still waits stays, however old it is."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.sources.put(source())
        await add(store, "1")
        await add(store, "2", body=LARGE)
        await store.inbox.add(inbound("3", body=LARGE))
        clock.jump((DAY - HOUR).total_seconds())
        young = await sweep(store)
        clock.jump(timedelta(days=5).total_seconds())

        old = await sweep(store)

        assert (young, old) == (0, 2)
        assert await left(store) == ["inb_3"]
        waiting = await store.inbox.waiting("src_1", 9)
        assert [one.body for one in waiting] == [LARGE]
        bodies = "SELECT message_id FROM attachment"
        assert await query(store, bodies) == [("inb_3",)]


async def check_identities(store: Store, clock: FakeClock) -> None:
    """Check that a repeat is known for 72 hours, though nothing else is kept."""
    await store.sources.put(source())
    for name, body in (("1", b"{}"), ("2", LARGE)):
        await add(store, name, identity=name, body=body, query="a=1")
    clock.jump((2 * DAY).total_seconds())
    first, second = await sweep(store), await sweep(store)

    assert (first, second) == (2, 0)
    for name, size in (("1", 2), ("2", len(LARGE))):
        found = await store.inbox.get(f"inb_{name}")
        assert found is not None
        assert (found.state, found.message_id) == (SAID, f"msg_{name}")
        assert (found.body, dict(found.headers), found.query) == (b"", {}, "")
        assert found.size == size
        again = inbound("9", identity=name, received_at=clock.now())
        with pytest.raises(Taken):
            await store.inbox.add(again, unique_since=NOON - HOUR)
    assert await query(store, "SELECT count(*) FROM attachment") == [(0,)]
    clock.jump((DAY + HOUR).total_seconds())
    assert await sweep(store) == 2
    assert await left(store) == []


async def test_a_repeat_is_known_when_nothing_else_is_kept(tmp_path: Path) -> None:
    """For 72 hours it stays known that it came, and what became of it."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await check_identities(store, clock)


async def test_a_repeat_is_known_there_on_postgresql(server: Databases) -> None:
    """For 72 hours it stays known that it came, and what became of it."""
    clock = FakeClock()
    async with opened_on(await server.new(), clock=clock) as store:
        await check_identities(store, clock)


async def test_what_waits_for_a_source_that_is_gone_goes_too(tmp_path: Path) -> None:
    """Nobody would ever say it."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.inbox.add(inbound("1", source_id="src_gone"))
        clock.jump((2 * DAY).total_seconds())

        await sweep(store)

        assert await left(store) == []


async def test_requests_alone_are_kept_within_the_size(tmp_path: Path) -> None:
    """A source of which nothing is ever said does not fill the disk."""
    moments = [NOON + timedelta(seconds=n) for n in range(400)]
    async with opened(tmp_path) as store:
        await store.sources.put(source())
        await asyncio.gather(
            *(
                store.inbox.add(inbound(f"{n:03}", received_at=at, body=bytes(4000)))
                for n, at in enumerate(moments[:300])
            )
        )
        filtered = InboundState.FILTERED
        for n in range(1, 300):
            await store.inbox.settle(inbound(f"{n:03}", state=filtered))
        await store.log.append(received("1", at=moments[5]), message=incoming("1"))

        swept = await store.sweep(messages=DAY, dead=DAY, most_bytes=1_200_000)

        ids = await left(store)
        assert swept.requests >= 50
        assert ids[0] == "inb_000"  # It waits.
        assert ids[1:] == [f"inb_{n:03}" for n in range(swept.requests + 1, 300)]


async def test_the_size_costs_no_identity(tmp_path: Path) -> None:
    """Of a store that is too large the contents go, and nothing is said twice."""
    async with opened(tmp_path) as store:
        await store.sources.put(source())
        for n in range(150):
            at = NOON + timedelta(seconds=n)
            await add(store, f"{n:03}", identity=f"{n}", received_at=at, body=LARGE)

        most_bytes = 4 * 100 * EMPTY_BYTES
        swept = await store.sweep(messages=DAY, dead=DAY, most_bytes=most_bytes)

        assert swept.requests == 100
        assert len(await left(store)) == 150
        oldest, newest = [await store.inbox.get(f"inb_{n}") for n in ("000", "149")]
        assert oldest is not None
        assert newest is not None
        assert (oldest.body, newest.body) == (b"", LARGE)


async def test_what_tells_repeats_alone_has_a_part_of_the_size(tmp_path: Path) -> None:
    """Beyond a fourth the oldest go; what waits stays, and what is not too much."""
    async with opened(tmp_path) as store:
        await store.sources.put(source())
        for n in range(20):
            at = NOON + timedelta(seconds=n)
            one = inbound(f"{n:02}", identity=f"{n}", received_at=at)
            await store.inbox.add(one)
            if n:
                await store.inbox.settle(replace(one, state=SAID))
        # All but what waits, as if they had been emptied before.
        await run_sql(store, "UPDATE inbound SET headers = NULL WHERE state = 'said'")

        large = await store.sweep(messages=DAY, dead=DAY, most_bytes=EMPTY_BYTES * 80)
        small = await store.sweep(messages=DAY, dead=DAY, most_bytes=EMPTY_BYTES * 16)

        assert (large.requests, small.requests) == (0, 14)
        kept = [f"inb_{n}" for n in range(15, 20)]
        assert await left(store) == ["inb_00", *kept]


async def test_what_a_deleted_source_took_in_goes_at_once(tmp_path: Path) -> None:
    """Nobody can look at it any more; what still waits is refused first."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        for name in ("1", "2"):
            await store.sources.put(source(name))
            await add(store, f"{name}-small", source_id=f"src_{name}", identity="a")
            await add(store, f"{name}-large", source_id=f"src_{name}", body=LARGE)
        await store.inbox.add(inbound("1-waits"))
        await store.sources.put(source("1", deleted_at=clock.now()))
        clock.jump(2 * HOUR.total_seconds())

        gone = await sweep(store)

        assert gone == 2
        assert await left(store) == ["inb_1-waits", "inb_2-large", "inb_2-small"]
        bodies = await query(store, "SELECT DISTINCT message_id FROM attachment_chunk")
        assert bodies == [("inb_2-large",)]


async def test_a_body_on_its_way_is_left_alone(tmp_path: Path) -> None:
    """However small the store should be: what it is of is not stored yet."""
    moments = [NOON - timedelta(seconds=n) for n in range(200)]
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        for n, at in enumerate(moments):
            await store.log.append(received(f"{n}", at=at), message=incoming(f"{n}"))
        row = "INSERT INTO attachment VALUES ('inb_1', 1, :at)"
        await run_sql(store, row, at=micros(NOON - timedelta(seconds=30)))

        young = await store.sweep(messages=DAY, dead=DAY, most_bytes=1)
        clock.jump(3601)
        old = await store.sweep(messages=DAY, dead=DAY, most_bytes=1)

        assert (young.attachments, old.attachments) == (0, 1)


async def test_young_bodies_do_not_keep_the_attachments_of_messages(
    tmp_path: Path,
) -> None:
    """Bytes of messages that were never stored go, however many bodies there are."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await run_sql(store, "INSERT INTO attachment VALUES ('msg_1', 1, 0)")
        await run_sql(
            store,
            "WITH RECURSIVE n (i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= :most) "
            "INSERT INTO attachment SELECT 'inb_' || i, 1, 9000000000000000 FROM n",
            most=STEP,
        )

        swept = await store.sweep(messages=DAY, dead=DAY)

    assert swept.attachments == 1


async def test_what_was_said_is_erased_if_that_is_wanted(tmp_path: Path) -> None:
    """After a minute all that is kept is that it came; what may be replayed stays."""
    clock = FakeClock()
    states = {"1": SAID, "2": InboundState.FILTERED, "3": InboundState.RENDER_FAILED}
    async with opened(tmp_path, clock=clock) as store:
        for body in (b"{}", LARGE):
            for name, state in states.items():
                one = inbound(f"{len(body)}-{name}", identity=name, body=body)
                await store.inbox.add(one)
                await store.inbox.settle(replace(one, state=state))
        await store.inbox.add(inbound("4"))
        await store.erase_delivered()
        young = await query(store, "SELECT count(*) FROM inbound WHERE headers IS NULL")
        clock.jump(61)
        await store.erase_delivered()

        held = await query(
            store, "SELECT id FROM inbound WHERE headers IS NOT NULL ORDER BY id"
        )
        bodies = await query(store, "SELECT DISTINCT message_id FROM attachment_chunk")
        assert young == [(0,)]
        assert held == [("inb_100000-3",), ("inb_2-3",), ("inb_4",)]
        assert bodies == [("inb_100000-3",)]
        with pytest.raises(Taken):
            await store.inbox.add(inbound("5", identity="1"), unique_since=NOON)
