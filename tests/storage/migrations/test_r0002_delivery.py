"""The second revision."""

from pathlib import Path

from sqlalchemy import inspect

from gateway.storage.migrate import migrate
from gateway.storage.sqlite import sqlite_engine


def test_it_adds_what_deliveries_in_order_and_replays_need(tmp_path: Path) -> None:
    """A store of the first revision gets the new columns and tables."""
    engine = sqlite_engine(tmp_path / "a.db")
    for revision in ("0001", "0002"):
        with engine.connect() as connection:
            migrate(connection, lambda _revision: None, target=revision)
    found = inspect(engine)

    columns = {column["name"] for column in found.get_columns("delivery")}

    assert {"order_key", "replay_id"} <= columns
    assert {"replay", "once"} <= set(found.get_table_names())
    engine.dispose()
