"""The lock on the data directory."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.storage.errors import LockHeld
from gateway.storage.lock import held
from tests.fakes.clock import FakeClock

HOLD = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(descriptor, fcntl.LOCK_EX)
os.pwrite(descriptor, str(os.getpid()).encode(), 0)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold the lock until it is killed."""
    process = subprocess.Popen(  # noqa: S603  # The interpreter we run in.
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_a_free_lock_is_taken_at_once(tmp_path: Path) -> None:
    """Nobody waits for a lock that nobody holds, and the file names the holder."""
    path = tmp_path / "lock"

    async with held(path, wait_s=0, clock=FakeClock()):
        assert path.read_text().strip().isdigit()

    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_lock_held_for_too_long_is_refused_by_pid(tmp_path: Path) -> None:
    """Once the wait is over, the refusal names the process that holds the lock."""
    clock = FakeClock()
    with another_process(tmp_path / "lock") as process:
        lock = held(tmp_path / "lock", wait_s=3, clock=clock)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(_refusal(lock.__aenter__()))
            await clock.advance(2.9)
            waited = not waiting.done()
            await clock.advance(0.1)

    assert waited
    assert waiting.result().pid == process.pid


async def test_a_lock_is_taken_once_its_holder_is_gone(tmp_path: Path) -> None:
    """A standby takes over when the process before it is killed."""
    clock = FakeClock()
    lock = held(tmp_path / "lock", wait_s=30, clock=clock)
    async with asyncio.TaskGroup() as tasks:
        with another_process(tmp_path / "lock"):
            waiting = tasks.create_task(lock.__aenter__())
            await clock.advance(10)
            waited = not waiting.done()
        await clock.advance(1)

    assert waited
    assert waiting.done()
    await lock.__aexit__(None, None, None)


async def test_a_lock_is_given_back_with_its_block(tmp_path: Path) -> None:
    """The next to ask gets the lock at once."""
    for _ in range(2):
        async with held(tmp_path / "lock", wait_s=0, clock=FakeClock()):
            pass


async def test_a_second_holder_in_one_process_is_refused(tmp_path: Path) -> None:
    """The lock holds within a process as well."""
    async with held(tmp_path / "lock", wait_s=0, clock=FakeClock()):
        with pytest.raises(LockHeld):
            async with held(tmp_path / "lock", wait_s=0, clock=FakeClock()):
                pass


async def _refusal(entering: object) -> LockHeld:
    with pytest.raises(LockHeld) as refusal:
        await entering  # type: ignore[misc]  # What `__aenter__` returns is awaitable.
    return refusal.value


async def test_whoever_waits_says_so_once(tmp_path: Path) -> None:
    """With the pid of the holder, so that a silent start has its reason in the log."""
    clock, told = FakeClock(), list[int | None]()
    with another_process(tmp_path / "lock") as process:
        lock = held(tmp_path / "lock", wait_s=3, clock=clock, waiting=told.append)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(_refusal(lock.__aenter__()))
            await clock.advance(3)

    assert waiting.result().pid == process.pid
    assert told == [process.pid]
