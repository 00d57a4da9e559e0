"""The lock on the data directory: one gateway at a time."""

import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.bridge.ports import Clock
from gateway.storage.errors import LockHeld

POLL_S = 0.25


@asynccontextmanager
async def held(
    path: Path,
    *,
    wait_s: float,
    clock: Clock,
    waiting: Callable[[int | None], None] = lambda _pid: None,
) -> AsyncIterator[None]:
    """Hold the lock for as long as the block runs.

    The kernel gives it back whichever way the process ends. The file names its holder.

    Args:
        path: The file that is locked; made with mode 0600.
        wait_s: How long to wait for another holder to end.
        clock: Where waiting is done.
        waiting: Told once of the holder's pid, if it has to be waited for.

    Raises:
        LockHeld: Another process still has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline_s = clock.monotonic() + wait_s
        is_waiting = False
        while not _is_taken(descriptor):
            left_s = deadline_s - clock.monotonic()
            if left_s <= 0:
                raise LockHeld(_holder(descriptor), waited_s=wait_s)
            if not is_waiting:
                is_waiting = True
                waiting(_holder(descriptor))
            await clock.sleep(min(POLL_S, left_s))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int | None:
    written = os.pread(descriptor, 32, 0).strip()
    return int(written) if written.isdigit() else None
