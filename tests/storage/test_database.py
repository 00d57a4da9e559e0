"""A database made ready."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.bridge.ports import Meter
from gateway.storage import head
from gateway.storage.database import is_postgres, sqlite, to_its_end
from gateway.storage.sqlite import sqlite_engine
from tests.fakes.clock import FakeClock, settle
from tests.fakes.meter import FakeMeter


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://h/d", True),
        ("postgres://u:p@h/d?sslmode=require", True),
        ("postgresql+asyncpg://h/d", True),
        ("postgresql+psycopg://h/d", False),
        ("sqlite:///x.db", False),
        ("nonsense", False),
    ],
)
def test_postgres_is_known_by_its_scheme(url: str, *, expected: bool) -> None:
    """Also in the forms that providers give to be pasted."""
    assert is_postgres(url) is expected


async def test_a_file_is_ready_to_be_written_and_read(tmp_path: Path) -> None:
    """It has the present schema, and its lock can't be lost."""
    opening = sqlite(None, tmp_path, wait_s=0, clock=FakeClock(), meter=FakeMeter())
    async with opening as database:
        await database.begin(lambda connection: head.set_fact(connection, "x", "1"))

        assert await database.reader.read(lambda c: head.fact_of(c, "x")) == "1"
        assert database.replaced is None


async def test_an_opening_cut_short_ends_its_migration_first(tmp_path: Path) -> None:
    """The lock is not given back while a thread still changes the schema."""
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def work(_engine: Engine, _path: Path, _meter: Meter) -> None:
        begun.set()
        may_end.wait(5)
        done.set()

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        engine = sqlite_engine(tmp_path / "test.db")
        cut = tasks.create_task(to_its_end(work, engine, tmp_path, FakeMeter()))
        await asyncio.to_thread(begun.wait, 5)
        cut.cancel()
        await settle()
        assert not cut.done()
        may_end.set()

    assert cut.cancelled()
    assert done.is_set()
