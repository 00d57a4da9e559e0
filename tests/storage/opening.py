"""Stores, and their parts, opened on a file of a test."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from typing_extensions import override

from gateway.bridge.ports import Clock
from gateway.storage.migrate import migrate
from gateway.storage.sqlite import WriterThread, sqlite_engine
from gateway.storage.store import Store, StoreOptions, open_store
from gateway.system import SystemClock
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


KEY = "1:" + base64.b64encode(bytes(32)).decode()


@asynccontextmanager
async def opened_on(
    url: str,
    *,
    clock: Clock | None = None,
    meter: FakeMeter | None = None,
    lock_wait_s: float = 0.0,
) -> AsyncIterator[Store]:
    """Open the store in a database of PostgreSQL, by the real clock."""
    options = StoreOptions(
        data_dir=Path("/nonexistent"),
        url=url,
        lock_wait=timedelta(seconds=lock_wait_s),
        master_keys=[KEY],
    )
    async with open_store(
        options, clock=clock or SystemClock(), meter=meter or FakeMeter()
    ) as store:
        yield store


class Listener(FakeMeter):
    """A log that a test can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self._heard = asyncio.Event()

    @override
    def info(self, event: str, **facts: object) -> None:
        super().info(event, **facts)
        self._heard.set()

    @override
    def warning(self, event: str, **facts: object) -> None:
        super().warning(event, **facts)
        self._heard.set()

    async def heard(self, event: str) -> None:
        """Return once there is a line of that name."""
        async with asyncio.timeout(10):
            while not self.named(event):
                self._heard.clear()
                await self._heard.wait()


@asynccontextmanager
async def a_channel(path: Path) -> AsyncIterator[WriterThread]:
    """Open a connection that writes to a new file with the present schema."""
    engine = sqlite_engine(path / "test.db")
    with engine.connect() as connection:
        migrate(connection, copy=lambda _revision: None)
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
