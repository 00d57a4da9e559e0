"""Waiting for what another process does, of which nobody tells this one."""

import asyncio
from collections.abc import Callable

from gateway.system import SystemClock

PATIENCE_S = 20.0  # How long a test waits for what should happen.
GLANCE_S = 0.01  # Between two looks at what another process does.

clock = SystemClock()


async def until(is_so: Callable[[], bool], otherwise: str) -> None:
    """Return as soon as something is so; fail with a sentence if it does not come."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await clock.sleep(GLANCE_S)
    except TimeoutError:
        raise AssertionError(otherwise) from None
