"""Connections to SQLite: one that writes, a few that read."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.storage.engine import CommitFailed, is_outage, unreadable
from gateway.storage.errors import UnsupportedStore

T = TypeVar("T")

READERS = 2
BUSY_TIMEOUT_MS = 5000
PAGE_CACHE_KIB = 16_384


class WriterThread:
    """The connection that writes, in a thread of its own.

    A transaction is one visit to that thread, however many statements it has: a visit
    costs more than most statements do.
    """

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.connect()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Run statements in one transaction.

        Raises:
            CommitFailed: The COMMIT failed.
            Exception: Whatever `work` raises; nothing was stored then.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, transact, self._connection, work
        )

    def close(self) -> None:
        """End the thread and the connection once what runs has ended."""
        self._thread.shutdown()
        self._connection.close()


class ReaderThreads:
    """Connections that only read; each sees what was committed when it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run statements that change nothing; see `engine.Reader`."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._read, work)
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            raise unreadable() from error

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)

    def close(self) -> None:
        """End the threads once what runs has ended."""
        self._threads.shutdown()


def transact(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Run statements in one transaction on a connection."""
    try:
        done = work(connection)
    except BaseException:
        _roll_back(connection)
        raise
    try:
        connection.commit()
    except SQLAlchemyError as error:
        _roll_back(connection)
        raise CommitFailed from error
    return done


def _roll_back(connection: Connection) -> None:
    try:
        connection.rollback()
        # After a COMMIT that failed, SQLAlchemy takes the transaction for ended while
        # the driver still has it open.
        connection.connection.rollback()
    except (SQLAlchemyError, sqlite3.Error):
        # A connection that can't even roll back is replaced when next used.
        with suppress(SQLAlchemyError):
            connection.invalidate()
            connection.rollback()


def sqlite_path(url: str | None, data_dir: Path) -> Path:
    """Return where the SQLite file is.

    Args:
        url: `sqlite:///…` or `sqlite+aiosqlite:///…`; `None` for the file's own place.
        data_dir: Where that place is.

    Raises:
        UnsupportedStore: A URL of another database.
    """
    if url is None:
        return data_dir / "gateway.db"
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, ":memory:"}:
        raise UnsupportedStore(parsed.get_backend_name())
    return Path(parsed.database or "")


def sqlite_engine(path: Path, *, read_only: bool = False) -> Engine:
    """Return an engine on a SQLite file, which is made with mode 0600 if missing."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False},
        pool_size=READERS,
        max_overflow=READERS,
        hide_parameters=True,  # An error's text may be logged; a payload may not.
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # FULL: a commit that has been answered survives a loss of power.
        pragmas = [
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{PAGE_CACHE_KIB}",
        ]
        for pragma in [*pragmas, "query_only=ON"] if read_only else pragmas:
            raw.execute(f"PRAGMA {pragma}").close()

    return engine


def used_bytes(connection: Connection) -> int:
    """Return how much of a SQLite file holds something.

    Zero for another database: how large it may grow is for those who run it to say,
    and what it frees in a table it does not give back at once.
    """
    if connection.dialect.name != "sqlite":
        return 0
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def copy_sqlite(engine: Engine, target: Path) -> None:
    """Copy a SQLite file as it is committed now; the copy has mode 0600."""
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    raw = engine.raw_connection()
    try:
        source = raw.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError(source)
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()
    finally:
        raw.close()
