"""Connections to PostgreSQL: one that writes, a few that read."""

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

from gateway.storage.engine import CommitFailed, is_outage, unreadable
from gateway.storage.errors import StoreUnusable
from gateway.storage.migrate import migrate

T = TypeVar("T")

READERS: Final = 4
CONNECT_TIMEOUT_S: Final = 5.0
COMMAND_TIMEOUT_S: Final = 15.0  # A server that takes longer has lost us.
NAME: Final = "meshagent-gateway"
NUL: Final = "\x00"

SESSION: Final = {
    # A machine that vanished gives its lock and its rows back within 11 s.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    # So does a process that stands still in the middle of a transaction.
    "idle_in_transaction_session_timeout": "10000",
    "jit": "off",  # Compiling takes longer than any of our statements.
}


class Server:
    """A database, and who we are there.

    Args:
        url: `postgresql://…`, as libpq reads it, or SQLAlchemy's form of it.

    Attributes:
        name: Of our sessions, `meshagent-gateway <pid> <token> <host>`: no other
            process has it.
    """

    def __init__(self, url: str) -> None:
        self._dsn = dsn_of(url)
        token = secrets.token_hex(4)
        name = f"{NAME} {os.getpid()} {token} {socket.gethostname()}"
        self.name = name[:63]  # PostgreSQL keeps no more of it.

    async def connect(
        self, *, timeout_s: float | None = COMMAND_TIMEOUT_S, read_only: bool = False
    ) -> asyncpg.Connection:
        """Return a new connection.

        Args:
            timeout_s: How long one statement may take.
            read_only: Whether to refuse changes.
        """
        kept = "on" if read_only else "off"
        return await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=timeout_s,
            server_settings={
                **SESSION,
                "application_name": self.name,
                "default_transaction_read_only": kept,
            },
        )

    def writing(self, *, timeout_s: float | None = COMMAND_TIMEOUT_S) -> AsyncEngine:
        """Return an engine whose every connection is a new one."""
        return _quiet(
            create_async_engine(
                "postgresql+asyncpg://",
                async_creator=lambda: self.connect(timeout_s=timeout_s),
                poolclass=NullPool,
                isolation_level="READ COMMITTED",
                hide_parameters=True,  # An error's text may be logged.
            )
        )

    def reading(self) -> AsyncEngine:
        """Return an engine with a few connections that can't change anything."""
        return _quiet(
            create_async_engine(
                "postgresql+asyncpg://",
                async_creator=lambda: self.connect(read_only=True),
                poolclass=AsyncAdaptedQueuePool,
                pool_size=READERS,
                max_overflow=0,
                isolation_level="REPEATABLE READ",  # One question, one moment.
                hide_parameters=True,
            )
        )


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a refusal of the server into one sentence."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        first_line = next(iter(str(error).splitlines()), type(error).__name__)
        raise StoreUnusable(first_line.rstrip(".")) from error


async def migrated(server: Server) -> None:
    """Bring the schema up to date; a copy of the data is its owner's own affair."""
    engine = server.writing(timeout_s=None)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate, copy=lambda _revision: None)
    finally:
        await engine.dispose()


class PostgresChannel:
    """The connection that writes; a new one is made after each failure of it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Run statements in one transaction; see `engine.Channel`."""
        is_new = self._connection is None
        try:
            return await self._transact(work)
        except DBAPIError as error:
            # The server was restarted since this connection was last used.
            if is_new or not error.connection_invalidated:
                raise
        return await self._transact(work)

    async def _transact(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = await self._engine.connect()
        try:
            done = await self._connection.run_sync(work)
        except BaseException as error:
            await self._undo(error)
            raise
        try:
            await self._connection.commit()
        except Exception as error:
            await self.close()
            raise CommitFailed from error
        except BaseException:
            await self.close()
            raise
        return done

    async def _undo(self, error: BaseException) -> None:
        if self._connection is None:
            return
        if isinstance(error, Exception) and not is_outage(error):
            with suppress(Exception):
                await self._connection.rollback()
                return
        await self.close()

    async def close(self) -> None:
        """End the connection at once, whatever state it is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await connection.invalidate()
            with suppress(Exception):
                await connection.close()


class PostgresReader:
    """Connections that only read, taken from a pool."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run statements that change nothing; see `engine.Reader`."""
        try:
            try:
                return await self._read(work)
            except DBAPIError as error:
                # The server was restarted since this connection was last used.
                if not error.connection_invalidated:
                    raise
            return await self._read(work)
        except Exception as error:
            if not is_outage(error):
                raise
            raise unreadable() from error

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with self._engine.connect() as connection:
            return await connection.run_sync(work)


def dsn_of(url: str) -> str:
    """Return a URL in the form that the driver reads.

    SQLAlchemy's `ssl` is libpq's `sslmode`. `channel_binding`, which some providers
    put in what they tell people to paste, is not known to the driver.
    """
    parts = urlsplit(url)
    query = {
        "sslmode" if name == "ssl" else name: value
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name != "channel_binding"
    }
    return parts._replace(scheme="postgresql", query=urlencode(query)).geturl()


def _quiet(engine: AsyncEngine) -> AsyncEngine:
    event.listen(engine.sync_engine, "before_cursor_execute", _without_nul, retval=True)
    return engine


def _without_nul(  # SQLAlchemy's own signature.
    _connection: Connection,
    _cursor: object,
    statement: str,
    parameters: Any,  # noqa: ANN401
    _context: object,
    executemany: bool,  # noqa: FBT001
) -> tuple[str, Any]:
    """Put U+FFFD where a text has U+0000, which PostgreSQL can't store."""
    if executemany:
        return statement, [_cleaned(row) for row in parameters]
    return statement, _cleaned(parameters)


def _cleaned(row: tuple[Any, ...]) -> tuple[Any, ...]:
    for value in row:
        if type(value) is str and NUL in value:
            return tuple(
                one.replace(NUL, "\ufffd") if isinstance(one, str) else one
                for one in row
            )
    return row
