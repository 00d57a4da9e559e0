"""Stores, and their parts, opened on a file of a test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from gateway.storage.engine import WriterThread, sqlite_engine
from gateway.storage.migrate import migrate
from gateway.storage.store import Store, StoreOptions, open_store
from tests.fakes.clock import FakeClock
from tests.fakes.meter import FakeMeter


@asynccontextmanager
async def opened(
    path: Path,
    *,
    clock: FakeClock | None = None,
    meter: FakeMeter | None = None,
    master_keys: Sequence[str] = (),
    lock_wait_s: float = 0.0,
) -> AsyncIterator[Store]:
    """Open the store in a folder."""
    options = StoreOptions(
        data_dir=path / "data",
        lock_wait=timedelta(seconds=lock_wait_s),
        master_keys=master_keys,
    )
    async with open_store(
        options, clock=clock or FakeClock(), meter=meter or FakeMeter()
    ) as store:
        yield store


@asynccontextmanager
async def a_channel(path: Path) -> AsyncIterator[WriterThread]:
    """Open a connection that writes to a new file with the present schema."""
    engine = sqlite_engine(path / "test.db")
    migrate(engine, copy=lambda _revision: None)
    thread = WriterThread(engine)
    try:
        yield thread
    finally:
        thread.close()
        engine.dispose()


async def run_sql(store: Store, statement: str, **values: object) -> None:
    """Run a statement in a transaction of the store's own writer."""

    def work(connection: Connection) -> None:
        connection.execute(text(statement), values)

    await store._writer.submit(lambda batch: batch.do(work))


async def query(
    store: Store, statement: str, **values: object
) -> list[tuple[Any, ...]]:
    """Return what a query finds, as the store's own writer sees it."""
    found: list[tuple[Any, ...]] = []

    def work(connection: Connection) -> None:
        found[:] = [tuple(row) for row in connection.execute(text(statement), values)]

    await store._writer.submit(lambda batch: batch.do(work))
    return found
