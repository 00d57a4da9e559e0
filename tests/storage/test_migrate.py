"""The schema brought up to date."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from gateway.storage.errors import SchemaTooNew
from gateway.storage.migrate import (
    REVISION,
    SCRIPTS,
    known_revisions,
    migrate,
    revision_of,
)
from gateway.storage.sqlite import sqlite_engine
from gateway.storage.tables import metadata


def an_engine(path: Path) -> Engine:
    """Return an engine on a file of a test."""
    return sqlite_engine(path / "a.db")


NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0100", "{REVISION}", None, None


def upgrade():
    op.add_column("room", sa.Column("colour", sa.Text()))
"""


def bring(
    engine: Engine,
    copy: Callable[[str], None],
    *,
    target: str = REVISION,
    scripts: Path = SCRIPTS,
) -> str | None:
    """Migrate on a connection of its own."""
    with engine.connect() as connection:
        return migrate(connection, copy, target=target, scripts=scripts)


def one_more_revision(path: Path) -> Path:
    """Return a folder of scripts in which another revision follows the last."""
    folder = path / "scripts"
    folder.mkdir()
    for script in SCRIPTS.glob("r*.py"):
        shutil.copy(script, folder)
    another = NEXT.replace("{REVISION}", REVISION)
    (folder / "r0100_colour.py").write_text(another)
    return folder


def nothing(_revision: str) -> None:
    """Copy nothing."""


def test_a_new_store_gets_the_newest_schema(tmp_path: Path) -> None:
    """An empty file ends at the newest revision; nothing is copied before."""
    engine = an_engine(tmp_path)
    copied: list[str] = []

    before = bring(engine, copied.append)

    with engine.connect() as connection:
        assert revision_of(connection) == REVISION
    assert (before, copied) == (None, [])
    engine.dispose()


def test_migrations_and_tables_meet(tmp_path: Path) -> None:
    """What the migrations make is what the tables say, to the last index."""
    engine = an_engine(tmp_path)
    bring(engine, nothing)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)

    assert differences == []
    engine.dispose()


def test_the_newest_revision_is_the_one_named_in_code() -> None:
    """The revision known without Alembic is the head of its scripts."""
    assert known_revisions()[-1] == REVISION


def test_an_up_to_date_store_is_left_alone(tmp_path: Path) -> None:
    """A second start finds nothing to do and copies nothing."""
    engine = an_engine(tmp_path)
    bring(engine, nothing)
    copied: list[str] = []

    assert bring(engine, copied.append) == REVISION
    assert copied == []
    engine.dispose()


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    """A revision that no script knows belongs to a later release."""
    engine = an_engine(tmp_path)
    bring(engine, nothing)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0100'"))

    with pytest.raises(SchemaTooNew) as refusal:
        bring(engine, nothing)

    assert (refusal.value.found, refusal.value.known) == ("0100", REVISION)
    engine.dispose()


def test_an_existing_store_is_copied_before_it_is_changed(tmp_path: Path) -> None:
    """The copy is made at the old revision, before anything else happens."""
    engine = an_engine(tmp_path)
    bring(engine, nothing)
    seen: list[tuple[str, str | None]] = []

    def copy(revision: str) -> None:
        with engine.connect() as connection:
            seen.append((revision, revision_of(connection)))

    bring(engine, copy, target="0100", scripts=one_more_revision(tmp_path))

    with engine.connect() as connection:
        assert revision_of(connection) == "0100"
    assert "colour" in {
        column["name"] for column in inspect(engine).get_columns("room")
    }
    assert seen == [(REVISION, REVISION)]
    engine.dispose()


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path) -> None:
    """Half a schema is never left behind."""
    engine = an_engine(tmp_path)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE delivery (in_the_way INTEGER)"))

    with pytest.raises(Exception, match="already exists"):
        bring(engine, nothing)

    assert inspect(engine).get_table_names() == ["delivery"]
    engine.dispose()
