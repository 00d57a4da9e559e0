"""The fourth revision."""

from pathlib import Path

from sqlalchemy import inspect

from gateway.storage.migrate import migrate
from gateway.storage.sqlite import sqlite_engine


def test_it_adds_sources_and_what_came_in_by_them(tmp_path: Path) -> None:
    """A store of the third revision gets two empty tables."""
    engine = sqlite_engine(tmp_path / "a.db")
    for revision in ("0003", "0004"):
        with engine.connect() as connection:
            migrate(connection, lambda _revision: None, target=revision)

    assert {"source", "inbound"} <= set(inspect(engine).get_table_names())
    engine.dispose()
