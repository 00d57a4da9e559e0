"""Requests of third parties in the real store, beyond what all stores promise."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import InboundState
from gateway.inbound.ports import Taken
from gateway.storage.engine import CommitFailed
from gateway.storage.store import Store
from gateway.storage.writer import CHECKS
from tests.conformance.ports import inbound, outgoing
from tests.fakes.clock import NOON, FakeClock
from tests.storage.failing import FaultyChannel, outage
from tests.storage.opening import opened, opened_on, query
from tests.storage.server import Databases

LARGE = bytes(range(256)) * 4000


def faulty(store: Store) -> FaultyChannel:
    """Have a store's commits fail as a test tells them to."""
    channel = FaultyChannel(store._writer._channel)
    store._writer._channel = channel
    return channel


async def names(store: Store) -> list[str]:
    """Return the names of what waits, in order."""
    found = await store.inbox.waiting("src_1", 100)
    return [one.id.removeprefix("inb_") for one in found]


async def test_what_came_in_is_there_after_a_restart(tmp_path: Path) -> None:
    """It waits, its order goes on, and a repeat of it is still one."""
    async with opened(tmp_path) as store:
        await store.inbox.add(inbound("2", identity="d", body=LARGE))

    async with opened(tmp_path) as store:
        await store.inbox.add(inbound("1"))
        with pytest.raises(Taken):
            await store.inbox.add(inbound("3", identity="d"), unique_since=NOON)

        assert await names(store) == ["2", "1"]


async def test_order_goes_on_though_the_clock_went_back(tmp_path: Path) -> None:
    """Places never come twice, and never go down."""
    clock = FakeClock()
    clock.jump(3600)
    async with opened(tmp_path, clock=clock) as store:
        await store.inbox.add(inbound("2"))

    async with opened(tmp_path, clock=FakeClock()) as store:
        await store.inbox.add(inbound("1"))

        assert await names(store) == ["2", "1"]


async def test_repeats_of_one_commit_cost_one_question(tmp_path: Path) -> None:
    """However many come in together, one commit stores the first of each."""
    async with opened(tmp_path) as store:
        channel = faulty(store)
        outcomes = await asyncio.gather(
            *(
                store.inbox.add(
                    inbound(f"{n:03}", identity=f"{n % 50}"), unique_since=NOON
                )
                for n in range(200)
            ),
            return_exceptions=True,
        )

        assert channel.transactions == 1
        assert [one is None for one in outcomes] == [n < 50 for n in range(200)]
        assert len(await names(store)) == 50


async def test_a_repeat_leaves_no_body(tmp_path: Path) -> None:
    """Bytes that were stored ahead of one that is a repeat go with it."""
    async with opened(tmp_path) as store:
        await store.inbox.add(inbound("1", identity="d", body=LARGE))

        again = inbound("2", identity="d", body=LARGE)
        with pytest.raises(Taken):
            await store.inbox.add(again, unique_since=NOON)

        assert await query(store, "SELECT message_id FROM attachment") == [("inb_1",)]
        rows = "SELECT DISTINCT message_id FROM attachment_chunk"
        assert await query(store, rows) == [("inb_1",)]


async def test_others_do_not_wait_for_a_large_body(tmp_path: Path) -> None:
    """What other sources and rooms say is committed between its parts."""
    async with opened(tmp_path) as store:
        large = store.inbox.add(inbound("1", body=bytes(25 * 1024**2)))
        small = store.inbox.add(inbound("2", source_id="src_2"))
        said = store.outbox.add(outgoing("1"))
        await asyncio.gather(small, said)

        assert not large.done()
        await large


async def test_a_store_that_fails_takes_nothing_in(tmp_path: Path) -> None:
    """Whoever sent it is told so, and sending it again stores it once."""
    async with opened(tmp_path) as store:
        channel = faulty(store)
        for body in (b"{}", LARGE):
            one = inbound(f"{len(body)}", identity=f"{len(body)}", body=body)
            channel.before.append(outage())
            with pytest.raises(StoreUnavailable):
                await store.inbox.add(one, unique_since=NOON)
            await store.inbox.add(one, unique_since=NOON)

        assert await names(store) == ["2", f"{len(LARGE)}"]


async def test_what_was_said_to_be_lost_is_not_said(tmp_path: Path) -> None:
    """A commit that took effect unseen is taken back before anybody reads it."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        channel = faulty(store)
        channel.after.append(CommitFailed())
        channel.before = [None, *(outage() for _ in range(CHECKS))]
        hidden = store.inbox.add(inbound("1", identity="d"), unique_since=NOON)
        while not hidden.done():
            await clock.advance(1)

        assert isinstance(hidden.exception(), StoreUnavailable)
        assert await names(store) == []
        await store.inbox.add(inbound("2", identity="d"), unique_since=NOON)
        assert await names(store) == ["2"]


async def test_what_may_be_said_to_be_lost_is_not_said(tmp_path: Path) -> None:
    """While nobody knows whether its commit took effect it does not wait yet."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        channel = faulty(store)
        await store.inbox.add(inbound("1"))
        channel.after.append(CommitFailed())
        channel.before = [None, *(outage() for _ in range(CHECKS // 2))]
        hidden = store.inbox.add(inbound("2"))
        while channel.after:
            await clock.advance(0)

        early, is_told = await names(store), hidden.done()
        while not hidden.done():
            await clock.advance(1)

        assert (early, is_told) == (["1"], False)
        assert await names(store) == ["1", "2"]


async def test_a_request_is_settled_in_the_commit_it_came_in(tmp_path: Path) -> None:
    """Nothing is lost of what became of it, however soon that was."""
    one = inbound("1", body=LARGE)
    refused = replace(one, state=InboundState.REFUSED, reason="No.")
    async with opened(tmp_path) as store:
        await asyncio.gather(store.inbox.add(one), store.inbox.settle(refused))

        found = await store.inbox.get("inb_1")

    assert found is not None
    assert (found.state, found.reason) == (InboundState.REFUSED, "No.")


async def test_identities_are_told_apart_on_postgresql(server: Databases) -> None:
    """Those that differ in what the database can't hold differ all the same."""
    since = NOON - timedelta(hours=1)
    async with opened_on(await server.new()) as store:
        for n, identity in enumerate(["a\0", "a\ufffd", "a\ud800", "a?", "é" * 4000]):
            one = inbound(f"{n}", identity=identity, reason="\0\ud800")
            await store.inbox.add(one, unique_since=since)

        assert await names(store) == ["0", "1", "2", "3", "4"]


async def test_a_reason_that_no_database_takes_is_settled(server: Databases) -> None:
    """Or it would be said and settled again, for ever."""
    async with opened_on(await server.new()) as store:
        await store.inbox.add(inbound("1", query="a=\0"))

        refused = InboundState.REFUSED
        await store.inbox.settle(inbound("1", state=refused, reason="no \0 here"))

        found = await store.inbox.get("inb_1")
        assert found is not None
        assert (found.state, found.reason) == (refused, "no \ufffd here")
