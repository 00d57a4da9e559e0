"""The schema brought up to date, after a copy was made of what there was."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, select, table, text
from sqlalchemy.sql import column

from gateway.storage.errors import SchemaTooNew

REVISION = "0004"  # The newest one, known without importing Alembic (12 MB).
SCRIPTS = Path(__file__).parent / "migrations"

_version = table("alembic_version", column("version_num"))


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a store's schema; `None` for an empty store."""
    if not inspect(connection).has_table(_version.name):
        return None
    found = connection.execute(select(_version.c.version_num))
    revision: str | None = found.scalar_one_or_none()
    return revision


def migrate(
    connection: Connection,
    copy: Callable[[str], None],
    *,
    target: str = REVISION,
    scripts: Path = SCRIPTS,
) -> str | None:
    """Bring a schema up to a revision.

    Args:
        connection: To the store.
        copy: Called with the present revision before an existing store is changed.
        target: The revision to reach.
        scripts: The folder of the revisions.

    Returns:
        The revision it had before; `None` for a new store.

    Raises:
        SchemaTooNew: The store was written by a later release. It is left as it is.
    """
    present = revision_of(connection)
    connection.rollback()  # The copy is made with nothing under way.
    if present == target:
        return present
    if present is not None:
        if present not in known_revisions(scripts):
            raise SchemaTooNew(present, target)
        copy(present)
    _upgrade(connection, scripts, present, target)
    return present


def known_revisions(folder: Path = SCRIPTS) -> list[str]:
    """Return the revisions this release knows, oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # 12 MB, seldom needed.

    scripts = ScriptDirectory(str(folder), version_locations=[str(folder)])
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def _upgrade(
    connection: Connection, folder: Path, present: str | None, target: str
) -> None:
    from alembic.migration import MigrationContext  # noqa: PLC0415  # See above.
    from alembic.operations import Operations  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(folder), version_locations=[str(folder)])
    newest_first = scripts.iterate_revisions(target, present or "base")
    if connection.dialect.name == "sqlite":
        # The driver opens no transaction for DDL, and half a schema is worse than an
        # old one.
        connection.execute(text("BEGIN IMMEDIATE"))
    context = MigrationContext.configure(connection)
    for script in reversed(list(newest_first)):
        with Operations.context(context):
            script.module.upgrade()
        context.stamp(scripts, script.revision)
    connection.commit()
