"""The real clock and the real chance."""

import asyncio
import time
from datetime import UTC, datetime
from random import Random, SystemRandom


class SystemClock:
    """The machine's time; satisfies every `Clock` port."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow, whatever happens to the date."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        await asyncio.sleep(seconds)


def system_random() -> Random:
    """Return chance that nobody can guess: ids and secrets come from it."""
    return SystemRandom()
