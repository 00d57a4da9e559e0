"""The first schema."""

from pathlib import Path

from sqlalchemy import inspect

from gateway.storage.migrate import migrate
from gateway.storage.sqlite import sqlite_engine
from gateway.storage.tables import metadata

LATER = {"once", "replay", "source", "inbound"}


def test_it_makes_every_table_of_its_time(tmp_path: Path) -> None:
    """An empty database has all tables after it."""
    engine = sqlite_engine(tmp_path / "a.db")

    with engine.connect() as connection:
        migrate(connection, lambda _revision: None, target="0001")

    tables = set(inspect(engine).get_table_names())
    assert tables >= set(metadata.tables) - LATER
    engine.dispose()
