"""The third revision."""

from pathlib import Path

from sqlalchemy import inspect

from gateway.storage.migrate import migrate
from gateway.storage.sqlite import sqlite_engine


def test_it_adds_how_a_message_came_as_far_as_it_did(tmp_path: Path) -> None:
    """A store of the second revision gets the new column."""
    engine = sqlite_engine(tmp_path / "a.db")
    for revision in ("0002", "0003"):
        with engine.connect() as connection:
            migrate(connection, lambda _revision: None, target=revision)

    columns = {column["name"] for column in inspect(engine).get_columns("message")}

    assert "steps" in columns
    engine.dispose()
