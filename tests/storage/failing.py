"""A database that fails as a test tells it to."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from gateway.storage.engine import Channel

T = TypeVar("T")


def outage() -> OperationalError:
    """Return what a driver says when the disk is full."""
    return OperationalError("COMMIT", None, Exception("disk is full"))


class FaultyChannel:
    """A real connection that fails as it is told to.

    Attributes:
        before: Raised instead of transactions, one each, first come first served.
        after: Raised after transactions that were committed.
        transactions: How many were attempted.
    """

    def __init__(self, inner: Channel) -> None:
        self.inner = inner
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []
        self.transactions = 0

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Run statements in one transaction, or fail."""
        self.transactions += 1
        if self.before and (error := self.before.pop(0)) is not None:
            raise error
        done = await self.inner.transact(work)
        if self.after and (error := self.after.pop(0)) is not None:
            raise error
        return done
