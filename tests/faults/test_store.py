"""The store is full, locked or away, and nothing is lost or said twice for that."""

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.town import Town, a_town, clock

DISK_BYTES = 6_000_000
PIECE_BYTES = 64 * 1024


@contextmanager
def a_small_disk(at: Path) -> Iterator[None]:
    """Have a file system of a few megabytes at a place, or skip the test."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or os.getuid() != 0:
        pytest.skip("a small file system is mounted by root alone")
    at.mkdir(mode=0o700)
    options = f"size={DISK_BYTES},mode=0700"
    done = subprocess.run(  # noqa: S603  # The system's own programs.
        [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(at)],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run([umount, "-l", str(at)], check=True)  # noqa: S603  # see above


def fill(ballast: Path) -> None:
    """Take all the room that is left beside the store."""
    with ballast.open("ab", buffering=0) as file:
        for size in (PIECE_BYTES, 4096, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass
    assert shutil.disk_usage(ballast.parent).free == 0


@asynccontextmanager
async def talking(town: Town, *, per_second: float = 40) -> AsyncIterator[None]:
    """Talk both ways for the time of a block, and until what was said is answered."""
    async with asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(town.talk(0, 900_000, per_second=per_second))
        yield
        speaking.cancel()


async def refused(town: Town, count: int) -> None:
    """Return when so many more messages were refused."""
    wanted = len(town.ledger.refused) + count
    async with asyncio.timeout(60):
        while len(town.ledger.refused) < wanted:
            await clock.sleep(0.05)


async def accepted(town: Town, count: int) -> None:
    """Return when so many more messages were accepted."""
    wanted = len(town.ledger.accepted) + count
    async with asyncio.timeout(60):
        while len(town.ledger.accepted) < wanted:
            await clock.sleep(0.05)


def assert_none_came_twice(town: Town) -> None:
    """Assert that a gateway that lived on repeated no delivery."""
    twice = [name for name, got in town.ledger.delivered.items() if len(got) > 1]
    assert not twice


@pytest.mark.timeout(180)
async def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    """503 while there is no room; what was accepted before is kept and then sent."""
    disk = tmp_path / "disk"
    with a_small_disk(disk):
        async with a_town(tmp_path, GATEWAY_DATA_DIR=str(disk)) as town:
            async with talking(town):
                await accepted(town, 20)
                fill(disk / "ballast")
                await refused(town, 100)
                readiness = await town.get("/readyz")
                (disk / "ballast").unlink()
                await accepted(town, 40)
            await town.state("ready")
            await town.settle_accounts()

            assert set(town.ledger.refused.values()) == {503}
            assert readiness["status"] == 503, readiness
            assert_none_came_twice(town)


@pytest.mark.timeout(180)
async def test_a_disk_that_is_full_at_a_kill_is_recovered_from(tmp_path: Path) -> None:
    """Killed while it is full, and started with room again."""
    disk = tmp_path / "disk"
    with a_small_disk(disk):
        async with a_town(tmp_path, GATEWAY_DATA_DIR=str(disk)) as town:
            async with talking(town):
                await accepted(town, 20)
                fill(disk / "ballast")
                await refused(town, 20)
                await town.kill()
                (disk / "ballast").unlink()
                await town.start()
                await town.state("ready")
                await accepted(town, 20)
            await town.settle_accounts()

            assert set(town.ledger.refused.values()) == {503}


@pytest.mark.timeout(180)
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux has prlimit")
async def test_a_disk_that_takes_no_more_refuses_and_recovers(tmp_path: Path) -> None:
    """Whatever it says in place of being full: its files may not grow, and then may."""
    async with a_town(tmp_path) as town:
        async with talking(town):
            await accepted(town, 20)
            size = (tmp_path / "data" / "gateway.db-wal").stat().st_size
            assert size > 2 * len(town.log()), "the log could not be written either"
            before = limited(town, size)
            await refused(town, 100)
            readiness = await town.get("/readyz")
            limited(town, before)
            await accepted(town, 40)
        await town.state("ready")
        await town.settle_accounts()

        assert set(town.ledger.refused.values()) == {503}
        assert readiness["status"] == 503, readiness
        assert_none_came_twice(town)


def limited(town: Town, size: int) -> int:
    """Let no file of the gateway's grow beyond a size; return the limit before."""
    pid, kind = town.process.pid, resource.RLIMIT_FSIZE
    soft, hard = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (size, hard))
    return soft


@pytest.mark.timeout(180)
async def test_a_database_that_another_locks_is_waited_for(tmp_path: Path) -> None:
    """Locked for longer than a commit waits: 503 then, and all goes on after it."""
    async with a_town(tmp_path) as town:
        async with talking(town, per_second=20):
            await accepted(town, 20)
            with sqlite3.connect(
                tmp_path / "data" / "gateway.db", isolation_level=None
            ) as other:
                other.execute("BEGIN IMMEDIATE")
                await refused(town, 20)
                other.execute("ROLLBACK")
            other.close()
            await accepted(town, 20)
        await town.state("ready")
        await town.settle_accounts()

        assert set(town.ledger.refused.values()) == {503}
        assert_none_came_twice(town)
