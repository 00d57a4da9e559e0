"""Sources of the real store, beyond what all stores promise."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Profile, Verification
from gateway.storage.errors import MasterKeyMismatch
from tests.conformance.ports import source
from tests.fakes.clock import NOON, FakeClock
from tests.storage.opening import KEY, opened, query, run_sql

SECRETS = Verification(Profile.GITHUB, secrets=("s3cr3t",))
DAY = timedelta(days=1)


async def test_sources_are_known_after_a_restart(tmp_path: Path) -> None:
    """With their secrets, those deleted too."""
    both = [source("1", verify=SECRETS), source("2", deleted_at=NOON)]
    async with opened(tmp_path) as store:
        for one in both:
            await store.sources.put(one)

    async with opened(tmp_path) as store:
        assert [store.sources.get(one.id) for one in both] == both
        assert store.sources.by_token(both[0].token_hash) == both[0]
        assert store.sources.all() == (both[0],)


async def test_a_source_that_was_not_stored_is_not_known(tmp_path: Path) -> None:
    """Memory follows the commit, never the other way round."""
    async with opened(tmp_path) as store:
        await run_sql(store, "PRAGMA busy_timeout=1")
        other = sqlite3.connect(tmp_path / "data" / "gateway.db")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable):
            await store.sources.put(source())
        other.rollback()
        other.close()

        assert store.sources.get("src_1") is None
        assert store.sources.by_token(source().token_hash) is None


async def test_no_two_sources_share_a_token(tmp_path: Path) -> None:
    """The second is refused, and the first keeps it."""
    async with opened(tmp_path) as store:
        await store.sources.put(source("1"))

        with pytest.raises(IntegrityError):
            await store.sources.put(source("2", token_hash=source("1").token_hash))

        assert store.sources.by_token(source("1").token_hash) == source("1")
        assert store.sources.get("src_2") is None


async def test_a_deleted_source_is_forgotten_in_time(tmp_path: Path) -> None:
    """For 30 days it is known that there was one; then nothing is left of it."""
    clock = FakeClock()
    async with opened(tmp_path, clock=clock) as store:
        await store.sources.put(replace(source("1"), deleted_at=NOON))
        await store.sources.put(source("2"))
        clock.jump((29 * DAY).total_seconds())
        await store.sweep(messages=DAY, dead=DAY)
        young = store.sources.get("src_1")
        clock.jump((2 * DAY).total_seconds())
        await store.sweep(messages=DAY, dead=DAY)
        rows = await query(store, "SELECT id FROM source")

        assert young is not None
        assert store.sources.get("src_1") is None
        assert store.sources.by_token(source("1").token_hash) is None
        assert rows == [("src_2",)]


async def test_the_key_that_sealed_a_source_is_needed(tmp_path: Path) -> None:
    """A store is not opened without being able to verify."""
    async with opened(tmp_path, master_keys=[KEY]) as store:
        await store.sources.put(source(verify=SECRETS))
        await run_sql(store, "UPDATE source SET sealed = 'lost' || sealed")

    with pytest.raises(MasterKeyMismatch):
        async with opened(tmp_path, master_keys=[KEY]):
            pass
