"""The log of the real store, beyond what all stores promise."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from tests.conformance.ports import incoming, joined, received, webhook
from tests.storage.opening import opened


async def test_an_event_and_what_it_owes_are_one(tmp_path: Path) -> None:
    """When the message can't be stored, neither event nor delivery is."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))

        with pytest.raises(IntegrityError):
            await store.log.append(received("2"), message=incoming("1"))

        assert [event.id for event in await store.log.read()] == ["evt_1"]
        assert len(await store.deliveries.claim("wh_1", 9)) == 1


async def test_a_reader_that_has_seen_n_has_seen_all_below_n(tmp_path: Path) -> None:
    """While events are appended, no reader ever finds a hole in the log."""
    seen: list[list[int]] = []
    async with opened(tmp_path) as store, asyncio.TaskGroup() as tasks:

        async def append(lane: int) -> None:
            for n in range(20):
                await store.log.append(joined(f"{lane}-{n}"))

        writers = [tasks.create_task(append(lane)) for lane in range(8)]
        while not all(writer.done() for writer in writers):
            seen.append([event.seq for event in await store.log.read(limit=1000)])
        seen.append([event.seq for event in await store.log.read(limit=1000)])

    assert all(places == list(range(1, len(places) + 1)) for places in seen)
    assert len(seen[-1]) == 160
