"""A database made ready: locked, at the present schema, with its connections."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine

from gateway.bridge.ports import Clock, Meter
from gateway.storage import lock
from gateway.storage.engine import Channel, Reader
from gateway.storage.errors import StoreUnusable
from gateway.storage.migrate import migrate
from gateway.storage.retrying import Insistence
from gateway.storage.sqlite import (
    ReaderThreads,
    WriterThread,
    copy_sqlite,
    sqlite_engine,
    sqlite_path,
)

T = TypeVar("T")

POSTGRES = frozenset({"postgres", "postgresql", "postgresql+asyncpg"})


@dataclass(frozen=True, slots=True)
class Database:
    """What the store works on.

    Attributes:
        channel: Writes.
        reader: Reads.
        insistence: How to wait for it, if it is one that can be away.
        replaced: Returns once another gateway has the lock; `None` if it can't be lost.
    """

    channel: Channel
    reader: Reader
    insistence: Insistence | None = None
    replaced: Callable[[], Coroutine[None, None, None]] | None = None

    async def begin(self, work: Callable[[Connection], T]) -> T:
        """Run the first transaction, however long the database is away."""
        if self.insistence is None:
            return await self.channel.transact(work)
        return await self.insistence.on(lambda: self.channel.transact(work))


def is_postgres(url: str) -> bool:
    """Say whether a URL leads to PostgreSQL."""
    return urlsplit(url).scheme in POSTGRES


@asynccontextmanager
async def sqlite(
    url: str | None, data_dir: Path, *, wait_s: float, clock: Clock, meter: Meter
) -> AsyncIterator[Database]:
    """Open a SQLite file for the time of a block.

    Args:
        url: As for `sqlite_path`.
        data_dir: An existing folder; the lock is on it.
        wait_s: How long to wait for another gateway to end.
        clock: Where waiting is done.
        meter: Told of it.
    """
    path = sqlite_path(url, data_dir)

    def waiting(pid: int | None) -> None:
        meter.info("store.lock_awaited", holder_pid=pid, wait_s=wait_s)

    async with AsyncExitStack() as stack:
        holding = lock.held(
            data_dir / "gateway.lock", wait_s=wait_s, clock=clock, waiting=waiting
        )
        await stack.enter_async_context(holding)
        engine = sqlite_engine(path)
        stack.callback(engine.dispose)
        reading = sqlite_engine(path, read_only=True)
        stack.callback(reading.dispose)
        await to_its_end(_migrate_file, engine, path, meter)
        channel = WriterThread(engine)
        stack.callback(channel.close)
        reader = ReaderThreads(reading)
        stack.callback(reader.close)
        yield Database(channel, reader)


async def to_its_end(
    work: Callable[[Engine, Path, Meter], None],
    engine: Engine,
    path: Path,
    meter: Meter,
) -> None:
    """Run work in a thread, which is waited for even if nobody wants it any more.

    Until it has ended the lock must not be given back.
    """
    loop = asyncio.get_running_loop()
    working = loop.run_in_executor(None, work, engine, path, meter)
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise


def _migrate_file(engine: Engine, path: Path, meter: Meter) -> None:
    def copy(revision: str) -> None:
        copy_sqlite(engine, path.with_name(f"{path.name}.{revision}.bak"))
        meter.info("store.copied", revision=revision)

    with engine.connect() as connection:
        migrate(connection, copy)


@asynccontextmanager
async def postgres(
    url: str, *, wait_s: float, clock: Clock, meter: Meter
) -> AsyncIterator[Database]:
    """Open a PostgreSQL database for the time of a block.

    A server that can't be reached is waited for.

    Args:
        url: `postgresql://…`.
        wait_s: How long to wait for another gateway to end.
        clock: Where waiting is done.
        meter: Told of it.
    """
    try:
        from gateway.storage import postgres as pg, standby  # noqa: PLC0415  # An extra.
    except ImportError as error:
        why = "PostgreSQL needs the extra `meshagent-gateway[postgres]`"
        raise StoreUnusable(why) from error
    insistence = Insistence(clock, SystemRandom(), meter)
    server = pg.Server(url)
    async with AsyncExitStack() as stack:
        lock_of_it = standby.Standby(server, clock, meter, insistence)
        stack.push_async_callback(lock_of_it.close)
        with pg.refusing():
            await lock_of_it.take(wait_s)
            await insistence.on(lambda: pg.migrated(server))
        writing, reading = server.writing(), server.reading()
        stack.push_async_callback(writing.dispose)
        stack.push_async_callback(reading.dispose)
        channel = pg.PostgresChannel(writing)
        stack.push_async_callback(channel.close)
        reader = pg.PostgresReader(reading)
        yield Database(channel, reader, insistence, replaced=lock_of_it.keep)
