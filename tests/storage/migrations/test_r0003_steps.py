"""The third revision."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from gateway.storage import head
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


@pytest.mark.parametrize(
    ("seq", "held", "expected"),
    [
        (0, [], 0),
        (4, [1, 2, 3, 4], 0),
        (6, [3, 4, 5, 6], 2),
        (9, [2, 5, 8, 9], 7),
        (9, [8], 9),
        (9, [], 9),
    ],
)
def test_it_finds_up_to_where_events_were_trimmed(
    tmp_path: Path, seq: int, held: list[int], expected: int
) -> None:
    """Places are dense, so that what is missing tells it."""
    engine = sqlite_engine(tmp_path / "a.db")
    with engine.connect() as connection:
        migrate(connection, lambda _revision: None, target="0002")
        connection.execute(
            text("INSERT INTO log_head VALUES (1, 'e', 'o', :seq, 1)"), {"seq": seq}
        )
        for place in held:
            connection.execute(
                text("INSERT INTO event (seq, id, type, at) VALUES (:n, :n, 'x', 0)"),
                {"n": place},
            )
        connection.commit()
        migrate(connection, lambda _revision: None, target="0003")

        assert head.trimmed(connection) == expected
    engine.dispose()
