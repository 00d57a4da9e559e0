"""Secrets under an older master key, sealed anew while the gateway runs."""

import asyncio
import base64
import sqlite3
from pathlib import Path

import pytest

from gateway.storage.errors import MasterKeyMismatch
from gateway.storage.resealing import STEP
from tests.conformance.ports import webhook
from tests.storage.opening import Listener, opened, query

OLD = "old:" + base64.b64encode(bytes(32)).decode()
NEW = "new:" + base64.b64encode(bytes(range(32))).decode()
MANY = STEP * 2 + 1
UNDER = "SELECT substr(sealed, 1, 3), count(*) FROM webhook GROUP BY 1"


def under(path: Path) -> dict[str, int]:
    """Count webhooks by the key that they are sealed with."""
    connection = sqlite3.connect(path / "data" / "gateway.db")
    try:
        return dict(connection.execute(UNDER).fetchall())
    finally:
        connection.close()


async def make(path: Path, count: int) -> None:
    """Store webhooks under the old key."""
    async with opened(path, master_keys=[OLD]) as store:
        puts = [store.webhooks.put(webhook(f"{n}")) for n in range(count)]
        await asyncio.gather(*puts)


async def test_nothing_is_left_under_an_older_key(tmp_path: Path) -> None:
    """After a while all secrets are sealed with the newest key, and can be read."""
    await make(tmp_path, MANY)
    meter = Listener()

    async with opened(tmp_path, master_keys=[NEW, OLD], meter=meter) as store:
        at_start = under(tmp_path)
        await meter.heard("store.resealed")
        rows = await query(store, UNDER)

    async with opened(tmp_path, master_keys=[NEW]) as store:
        found = store.webhooks.all()

    assert at_start == {"old": MANY}  # A start waits for none of it.
    assert rows == [("new", MANY)]
    assert {one.secret for one in found} == {webhook().secret}
    assert len(found) == MANY


async def test_a_change_meanwhile_is_not_undone(tmp_path: Path) -> None:
    """What is stored while secrets are sealed anew keeps its new secret."""
    await make(tmp_path, MANY)
    meter = Listener()

    async with opened(tmp_path, master_keys=[NEW, OLD], meter=meter) as store:
        await store.webhooks.put(webhook("5", secret="whsec_other"))  # A test's own.
        await meter.heard("store.resealed")

    async with opened(tmp_path, master_keys=[NEW]) as store:
        found = store.webhooks.get("wh_5")
    assert found is not None
    assert found.secret == "whsec_other"  # A test's own.


async def test_an_old_key_is_needed_until_all_is_done(tmp_path: Path) -> None:
    """Taken away too early, its loss is told in a sentence, and nothing is harmed."""
    await make(tmp_path, MANY)
    async with opened(tmp_path, master_keys=[NEW, OLD]):
        pass  # Stopped before it was done.
    assert under(tmp_path).get("old", 0) > 0

    with pytest.raises(MasterKeyMismatch):
        async with opened(tmp_path, master_keys=[NEW]):
            pass

    meter = Listener()
    async with opened(tmp_path, master_keys=[NEW, OLD], meter=meter):
        await meter.heard("store.resealed")
    assert under(tmp_path) == {"new": MANY}


async def test_a_store_under_the_newest_key_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written, and nothing told, when there is nothing to do."""
    await make(tmp_path, 3)
    meter = Listener()

    async with opened(tmp_path, master_keys=[OLD], meter=meter) as store:
        await query(store, UNDER)

    assert meter.named("store.resealed") == []
