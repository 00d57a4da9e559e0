"""Connections to SQLite: one that writes, a few that read."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from gateway.domain.errors import StoreUnavailable
from gateway.storage.engine import CommitFailed
from gateway.storage.errors import UnsupportedStore
from gateway.storage.sqlite import (
    ReaderThreads,
    WriterThread,
    copy_sqlite,
    sqlite_engine,
    sqlite_path,
    transact,
)


def run(*statements: str, connection: Connection) -> None:
    """Run statements one after the other."""
    for statement in statements:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
)
def test_a_commit_survives_a_loss_of_power(
    tmp_path: Path, pragma: str, expected: object
) -> None:
    """WAL, synchronous=FULL and foreign keys are on for each connection."""
    engine = sqlite_engine(tmp_path / "a.db")

    with engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == expected
    engine.dispose()


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    """The database and its WAL have mode 0600."""
    engine = sqlite_engine(tmp_path / "a.db")
    with engine.begin() as connection:
        run("CREATE TABLE t (x)", connection=connection)

        modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert modes == {0o600}
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, "data/gateway.db"),
        ("sqlite:///other.db", "other.db"),
        ("sqlite+aiosqlite:////srv/other.db", "/srv/other.db"),
    ],
)
def test_a_url_names_a_file(url: str | None, expected: str) -> None:
    """Without a URL the file is in the data directory."""
    assert sqlite_path(url, Path("data")) == Path(expected)


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "sqlite://"])
def test_what_is_no_file_is_refused(url: str) -> None:
    """Another database is refused, and so is one that lives in memory."""
    with pytest.raises(UnsupportedStore) as refusal:
        sqlite_path(url, Path("data"))

    assert "secret" not in str(refusal.value)


async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """A connection that reads refuses to change anything."""
    engine = sqlite_engine(tmp_path / "a.db", read_only=True)
    reader = ReaderThreads(engine)

    with pytest.raises(StoreUnavailable, match="cannot be read") as refusal:
        await reader.read(lambda c: run("CREATE TABLE t (x)", connection=c))
    reader.close()
    engine.dispose()

    assert isinstance(refusal.value.__cause__, OperationalError)


async def test_a_question_that_makes_no_sense_is_a_bug(tmp_path: Path) -> None:
    """Only what the store can't do is its failure; the rest is raised as it is."""
    engine = sqlite_engine(tmp_path / "a.db", read_only=True)
    reader = ReaderThreads(engine)

    with pytest.raises(ProgrammingError):
        await reader.read(lambda c: c.exec_driver_sql("SELECT ?", (1, 2)))
    with pytest.raises(ZeroDivisionError):
        await reader.read(lambda _connection: 1 // 0)
    reader.close()
    engine.dispose()


async def test_what_fails_is_rolled_back(tmp_path: Path) -> None:
    """Nothing stays of a transaction that fails, and the next one succeeds."""
    engine = sqlite_engine(tmp_path / "a.db")
    thread = WriterThread(engine)
    await thread.transact(lambda c: run("CREATE TABLE t (x)", connection=c))

    with pytest.raises(OperationalError):
        await thread.transact(
            lambda c: run("INSERT INTO t VALUES (1)", "bad", connection=c)
        )
    await thread.transact(lambda c: run("INSERT INTO t VALUES (2)", connection=c))

    found = await thread.transact(lambda c: c.execute(text("SELECT x FROM t")).all())
    assert [tuple(row) for row in found] == [(2,)]
    thread.close()
    engine.dispose()


def test_a_failed_commit_is_told_apart(tmp_path: Path) -> None:
    """A COMMIT that fails is no ordinary failure: it may have taken effect."""
    engine = sqlite_engine(tmp_path / "a.db")
    deferred = "CREATE TABLE b (a REFERENCES a DEFERRABLE INITIALLY DEFERRED)"
    with engine.connect() as connection:
        run("CREATE TABLE a (id PRIMARY KEY)", deferred, connection=connection)

        with pytest.raises(CommitFailed):
            transact(
                connection,
                lambda c: run("INSERT INTO b VALUES (7)", connection=c),
            )

        assert connection.execute(text("SELECT count(*) FROM b")).scalar() == 0
    engine.dispose()


def test_a_copy_is_whole_and_private(tmp_path: Path) -> None:
    """A copy has what is committed, the WAL included, and mode 0600."""
    engine = sqlite_engine(tmp_path / "a.db")
    with engine.begin() as connection:
        run("CREATE TABLE t (x)", "INSERT INTO t VALUES (7)", connection=connection)

    copy_sqlite(engine, tmp_path / "copy.db")

    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT x FROM t").fetchall() == [(7,)]
    copy.close()
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    engine.dispose()
