"""The time, and where figures go."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, so that tests own it."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        ...


class Meter(Protocol):
    """Where lines of the log and figures go."""

    def info(self, event: str, **facts: object) -> None:
        """Record a thing that happened."""
        ...

    def warning(self, event: str, **facts: object) -> None:
        """Record a thing that a person may want to look at."""
        ...

    def error(self, event: str, **facts: object) -> None:
        """Record a thing that a person must look at."""
        ...
