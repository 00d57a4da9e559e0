"""A database made ready."""

from pathlib import Path

import pytest

from gateway.storage import head
from gateway.storage.database import is_postgres, sqlite
from tests.fakes.clock import FakeClock
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
