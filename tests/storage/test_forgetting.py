"""What was used up so long ago that nobody can use it again."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from gateway.bridge.ports import Once
from gateway.domain.model import InboundState
from gateway.storage.batch import ADD_EVENT, ADD_INBOUND, ADD_ONCE
from gateway.storage.forgetting import STEP, Place, forget, look
from gateway.storage.inbound_rows import row_of_inbound
from gateway.storage.rows import row_of_event
from gateway.storage.sqlite import WriterThread
from tests.conformance.ports import inbound, joined, outgoing
from tests.fakes.clock import FakeClock
from tests.storage.opening import a_channel, opened, opened_on, query
from tests.storage.server import Databases


async def used_up(channel: WriterThread, *places: Place) -> None:
    """Have something be used up at each place."""
    rows: list[tuple[object, ...]] = [
        (scope, key, None, None, None, at) for at, scope, key in places
    ]
    await channel.transact(lambda c: ADD_ONCE.run(c, rows))


async def left(channel: WriterThread) -> list[str]:
    """Return the keys that are still used up."""
    found = text("SELECT key FROM once ORDER BY created_at, key")
    return await channel.transact(lambda c: list(c.execute(found).scalars()))


@pytest.mark.parametrize(
    ("place", "goes"),
    [
        ((19, "key:-:POST /send", "k"), True),
        ((20, "key:-:POST /send", "k"), False),
        ((19, "key:-:POST /send", "evt_1"), True),
        ((9, "link", "dlv_1"), True),
        ((10, "link", "dlv_1"), False),
        ((9, "reply:wh_1", "evt_1"), False),
        ((9, "keys", "evt_1"), False),
        ((9, "source", "inb_waits"), False),
        ((9, "source", "inb_said"), True),
    ],
)
async def test_it_goes_when_nobody_can_use_it_again(
    tmp_path: Path, place: Place, *, goes: bool
) -> None:
    """A request after its time; a reply also not while its event is in the log.

    Nor what tells that a request was said, while it is not noted that it was.
    """
    requests = [
        inbound("waits"),
        inbound("said", state=InboundState.SAID),
    ]
    rows = [row_of_inbound(one, n) for n, one in enumerate(requests)]
    async with a_channel(tmp_path) as channel:
        await channel.transact(lambda c: ADD_INBOUND.run(c, rows))
        await channel.transact(
            lambda c: ADD_EVENT.run(c, [row_of_event(joined("1"), 1)])
        )
        await used_up(channel, place)

        found = await channel.transact(
            partial(look, after=None, requests=20, others=10)
        )

    assert found == (None, [place] if goes else [])


async def test_all_is_looked_at_though_it_is_of_one_moment(tmp_path: Path) -> None:
    """Many that were used up together are told apart by scope and key."""
    places = [(1, f"key:{n % 3}", f"{n:05}") for n in range(2 * STEP + 1)]
    seen: list[Place] = []
    async with a_channel(tmp_path) as channel:
        await used_up(channel, *places)
        after: Place | None = None
        for _ in range(3):
            after, over = await channel.transact(
                partial(look, after=after, requests=20, others=10)
            )
            seen += over

    assert after is None
    assert sorted(seen) == sorted(places)
    assert len(seen) == len(places)


async def test_only_what_was_found_is_forgotten(tmp_path: Path) -> None:
    """A key used anew meanwhile is another use."""
    async with a_channel(tmp_path) as channel:
        await used_up(channel, (1, "a", "1"), (1, "b", "2"), (7, "a", "3"))

        await channel.transact(
            lambda c: forget(c, [(1, "a", "1"), (2, "a", "3"), (1, "b", "9")])
        )

        assert await left(channel) == ["2", "3"]


async def test_they_are_found_and_forgotten_by_index(tmp_path: Path) -> None:
    """A million of them are not read to forget a few."""

    def plans(connection: Connection) -> list[str]:
        found = (
            "SELECT created_at, scope, key FROM once WHERE created_at < 9 AND "
            "(created_at, scope, key) > (1, 'a', 'b') "
            "ORDER BY created_at, scope, key LIMIT 1000"
        )
        gone = "DELETE FROM once WHERE created_at = 1 AND scope = 'a' AND key = 'b'"
        return [
            connection.execute(text(f"EXPLAIN QUERY PLAN {one}")).all()[0][3]
            for one in (found, gone)
        ]

    async with a_channel(tmp_path) as channel:
        found, forgotten = await channel.transact(plans)

    assert found.startswith("SEARCH once USING INDEX once_age")
    assert forgotten.startswith("SEARCH once USING INDEX")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_sweep_forgets_keys_after_a_day(
    tmp_path: Path, server: Databases, kind: str
) -> None:
    """However long messages are kept; replies are remembered for as long as these."""
    clock = FakeClock()
    async with AsyncExitStack() as stack:
        opening = (
            opened(tmp_path, clock=clock)
            if kind == "sqlite"
            else opened_on(await server.new(), clock=clock)
        )
        store = await stack.enter_async_context(opening)
        adds = [
            store.outbox.add(outgoing(f"{n}"), once=Once(f"key:{n}", "k"))
            for n in range(STEP + 1)
        ]
        await asyncio.gather(*adds)
        await store.outbox.add(outgoing("link"), once=Once("link", "dlv_1"))
        clock.jump(timedelta(hours=24).total_seconds())
        await store.sweep(messages=timedelta(days=7), dead=timedelta(days=30))
        young = await query(store, "SELECT count(*) FROM once")
        clock.jump(timedelta(hours=2).total_seconds())
        await store.sweep(messages=timedelta(days=7), dead=timedelta(days=30))
        old = await query(store, "SELECT scope FROM once")

    assert young == [(STEP + 2,)]
    assert old == [("link",)]
