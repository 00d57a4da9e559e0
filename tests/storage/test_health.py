"""How deliveries to a webhook fare."""

import asyncio
from datetime import timedelta
from pathlib import Path

from gateway.delivery.ports import Release
from gateway.domain.model import Standing
from tests.conformance.ports import incoming, received, retrying, webhook
from tests.fakes.clock import NOON
from tests.storage.opening import opened, query

BAD = Standing("no", NOON, NOON - timedelta(1), NOON, NOON, NOON)
CLEAN = Standing("no", NOON, NOON - timedelta(1))


async def test_standings_of_one_commit_are_folded_in_order(tmp_path: Path) -> None:
    """Enabling a webhook cleans what was recorded before, in the same commit or not."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        again = retrying(due.delivery, NOON)
        await asyncio.gather(
            store.deliveries.record(again, None, standing=BAD),
            store.webhooks.put(webhook(active=False)),
            store.webhooks.put(webhook(), owed=Release()),
        )
        together = await store.deliveries.standing("wh_1")
        await store.deliveries.record(again, None, standing=BAD)
        await store.webhooks.put(webhook(active=False))
        kept = await store.deliveries.standing("wh_1")
        await store.webhooks.put(webhook())
        apart = await store.deliveries.standing("wh_1")

    assert (together, kept, apart) == (CLEAN, BAD, CLEAN)


async def test_nothing_is_noted_of_a_webhook_that_is_gone(tmp_path: Path) -> None:
    """What is recorded after a webhook was deleted leaves no row behind."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        await store.webhooks.delete("wh_1")
        await store.deliveries.record(due.delivery, None, standing=BAD)
        rows = await query(store, "SELECT count(*) FROM webhook_health")

    assert rows == [(0,)]
