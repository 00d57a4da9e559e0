"""Secrets under an older master key, sealed anew while the gateway runs."""

import asyncio
import base64
import sqlite3
from pathlib import Path

import pytest

from gateway.domain.model import Profile, Verification
from gateway.domain.once import Done, Once
from gateway.storage.errors import MasterKeyMismatch
from gateway.storage.resealing import STEP
from tests.conformance.ports import outgoing, source, webhook
from tests.storage.opening import Listener, opened, query, run_sql

OLD = "old:" + base64.b64encode(bytes(32)).decode()
NEW = "new:" + base64.b64encode(bytes(range(32))).decode()
MANY = STEP * 2 + 1
UNDER = "SELECT substr(sealed, 1, 3), count(*) FROM webhook GROUP BY 1"

HOOK = Once("key:-:POST /webhooks", "k-1")


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


async def test_what_was_answered_can_be_read_without_the_older_key(
    tmp_path: Path,
) -> None:
    """Answers are sealed anew like all else, however many there are."""
    used = [Once(HOOK.scope, f"k-{n}") for n in range(STEP + 1)]
    async with opened(tmp_path, master_keys=[OLD]) as store:
        puts = [store.webhooks.put(webhook(), once=one, answer="201") for one in used]
        await asyncio.gather(
            *puts, store.outbox.add(outgoing("1"), once=Once("a", "b"))
        )
    meter = Listener()
    async with opened(tmp_path, master_keys=[NEW, OLD], meter=meter):
        await meter.heard("store.resealed")

    async with opened(tmp_path, master_keys=[NEW]) as store:
        found = [await store.webhooks.done(one) for one in used]

    assert found == [Done(answer="201")] * len(used)


@pytest.mark.parametrize("changed", ["old:AAAA", "old:", "old:é", "old:AAA"])
async def test_an_answer_that_cannot_be_opened_hinders_nothing(
    tmp_path: Path, changed: str
) -> None:
    """It is given up; that it was used up is still known."""
    async with opened(tmp_path, master_keys=[OLD]) as store:
        await store.webhooks.put(webhook(), once=HOOK, answer="201")
        await run_sql(store, "UPDATE once SET answer = :changed", changed=changed)
    meter = Listener()

    async with opened(tmp_path, master_keys=[NEW, OLD], meter=meter) as store:
        await meter.heard("store.resealed")
        found = await store.webhooks.done(HOOK)

    assert found == Done()
    assert under(tmp_path) == {"new": 1}


async def test_an_answer_of_a_key_unknown_is_left_alone(tmp_path: Path) -> None:
    """The key may come back; until then nobody is told what was answered."""
    async with opened(tmp_path, master_keys=[OLD]) as store:
        await store.webhooks.put(webhook(), once=HOOK, answer="201")
        await run_sql(store, "UPDATE once SET answer = 'lost' || substr(answer, 4)")
    meter = Listener()

    async with opened(tmp_path, master_keys=[NEW, OLD], meter=meter) as store:
        await meter.heard("store.resealed")
        found = await store.webhooks.done(HOOK)
        rows = await query(store, "SELECT substr(answer, 1, 5) FROM once")

    assert found == Done()
    assert rows == [("lost:",)]


async def test_sources_are_sealed_anew_too(tmp_path: Path) -> None:
    """By what they verify can be read without the older key."""
    verify = Verification(Profile.GITHUB, secrets=("s3cr3t",))
    async with opened(tmp_path, master_keys=[OLD]) as store:
        await store.sources.put(source(verify=verify))
    meter = Listener()
    async with opened(tmp_path, master_keys=[NEW, OLD], meter=meter):
        await meter.heard("store.resealed")

    async with opened(tmp_path, master_keys=[NEW]) as store:
        assert store.sources.get("src_1") == source(verify=verify)
