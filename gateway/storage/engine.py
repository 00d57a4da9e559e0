"""What the store asks of a database, whichever it is, and what goes wrong there."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    TimeoutError as NoneFree,
)

from gateway.domain.errors import StoreUnavailable

T = TypeVar("T")

# Classes of SQLSTATE that say that the server, or the way to it, fails: connection,
# rollback, resources, not in the right state, operator, system, failed in itself.
FAILING: Final = frozenset({"08", "25", "40", "53", "55", "57", "58", "F0", "XX"})
ASKED_WRONGLY: Final = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


class CommitFailed(Exception):
    """A COMMIT failed, and whether it took effect is not known."""


class Channel(Protocol):
    """The connection that writes."""

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Run statements in one transaction.

        Raises:
            CommitFailed: The COMMIT failed.
            Exception: Whatever `work` raises; nothing was stored then.
        """
        ...


class Reader(Protocol):
    """Connections that only read; each sees what was committed when it is asked."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run statements that change nothing.

        Raises:
            StoreUnavailable: The store can't be read at the moment.
            Exception: Whatever else `work` raises.
        """
        ...


def is_outage(error: BaseException) -> bool:
    """Say whether it is the store that failed, and not what was asked of it.

    Source: PostgreSQL, "Error Codes", for those that have one.
    """
    said = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(said, "sqlstate", None)
    if isinstance(code, str):
        return code[:2] in FAILING
    if not isinstance(error, DBAPIError):
        # A server that does not listen, or not in time, is no error of the database.
        return isinstance(error, (OSError, NoneFree))
    if isinstance(error, ASKED_WRONGLY):
        return False
    # What the driver itself refuses to send is a ValueError of its own.
    return said is None or not isinstance(said.__cause__, ValueError)


def is_unanswered(error: BaseException) -> bool:
    """Say whether it is worth asking again: the store failed, or its COMMIT did."""
    return isinstance(error, CommitFailed) or is_outage(error)


def unreadable() -> StoreUnavailable:
    """Return the failure of a question that a failing store can't answer."""
    return StoreUnavailable("The store cannot be read at the moment.")
