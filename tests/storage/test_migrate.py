"""The schema brought up to date."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from gateway.bridge.ports import Once
from gateway.delivery.ports import Release
from gateway.domain.model import Format, Ordering
from gateway.storage.errors import SchemaTooNew
from gateway.storage.migrate import (
    REVISION,
    SCRIPTS,
    known_revisions,
    migrate,
    revision_of,
)
from gateway.storage.sqlite import sqlite_engine
from gateway.storage.store import Store
from gateway.storage.tables import metadata
from tests.conformance.ports import (
    delivered,
    event_ids,
    incoming,
    outgoing,
    received,
)
from tests.domain.nouns import SECRET
from tests.fakes.clock import FakeClock
from tests.storage import old_store
from tests.storage.opening import KEY, opened, opened_on
from tests.storage.server import Databases


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


async def holds_what_was_left(store: Store) -> None:
    """Check that a store of the first schema works as one of today."""
    assert await store.deliveries.take_over() == 1
    old = store.webhooks.get("wh_1")
    assert old is not None
    assert (old.secret, old.old_secrets, old.headers) == (SECRET, (), {"a": "b"})
    assert (old.format, old.rate_limit, old.schedule_s) == (
        Format.ENVELOPE,
        None,
        (5, 30),
    )
    assert (await store.deliveries.standing("wh_1")).last_error == "HTTP 500"

    due = await store.deliveries.claim("wh_1", 9)
    await store.deliveries.record(delivered(due[0].delivery), None)
    await store.deliveries.retry("dlv_5")
    await store.webhooks.put(replace(old, ordering=Ordering.ROOM), owed=Release())
    await store.log.append(received("new"), message=incoming("new"))
    await store.outbox.add(outgoing("out"), once=Once("link", "dlv_1"))

    assert event_ids(due) == ["evt_1", "evt_2", "evt_3"]
    rest = event_ids(await store.deliveries.claim("wh_1", 9))
    assert rest == ["evt_4", "evt_5", "evt_new"]
    found = await store.deliveries.get("dlv_4")
    assert found is not None
    assert found[1][0].reply_message_id is None


async def test_a_store_of_the_first_schema_goes_on(tmp_path: Path) -> None:
    """What was owed, tried and sealed under the first schema is there, and works."""
    (tmp_path / "data").mkdir()
    engine = sqlite_engine(tmp_path / "data" / "gateway.db")
    with engine.connect() as connection:
        old_store.fill(connection, KEY)
    engine.dispose()

    async with opened(tmp_path, master_keys=[KEY]) as store:
        await holds_what_was_left(store)


async def test_a_postgresql_of_the_first_schema_goes_on(server: Databases) -> None:
    """What was owed, tried and sealed under the first schema is there, and works."""
    pg = pytest.importorskip("gateway.storage.postgres", exc_type=ImportError)
    url = await server.new()
    engine = pg.Server(url).writing()
    async with engine.connect() as connection:
        await connection.run_sync(old_store.fill, KEY)
    await engine.dispose()

    async with opened_on(url, clock=FakeClock()) as store:
        await holds_what_was_left(store)
