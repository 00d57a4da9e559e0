"""Webhooks of the real store, beyond what all stores promise."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from gateway.domain.errors import StoreUnavailable
from tests.conformance.ports import event_ids, joined, webhook
from tests.storage.opening import opened, query, run_sql


async def test_a_webhook_that_was_not_stored_is_not_known(tmp_path: Path) -> None:
    """Memory follows the commit, never the other way round."""
    async with opened(tmp_path) as store:
        await run_sql(store, "PRAGMA busy_timeout=1")
        other = sqlite3.connect(tmp_path / "data" / "gateway.db")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable):
            await store.webhooks.put(webhook())
        other.rollback()
        other.close()

        assert store.webhooks.get("wh_1") is None


async def test_an_event_of_the_same_commit_sees_the_webhook(tmp_path: Path) -> None:
    """What is appended after a webhook was put is owed to it, group or no group."""
    async with opened(tmp_path) as store:
        await asyncio.gather(
            store.log.append(joined("before")),
            store.webhooks.put(webhook()),
            store.log.append(joined("after")),
        )

        due = await store.deliveries.claim("wh_1", 9)

    assert event_ids(due) == ["evt_after"]


async def test_a_deleted_webhook_leaves_no_health(tmp_path: Path) -> None:
    """Nothing of a webhook stays but its deliveries."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.webhooks.delete("wh_1")

        rows = await query(store, "SELECT count(*) FROM webhook_health")

    assert rows == [(0,)]
