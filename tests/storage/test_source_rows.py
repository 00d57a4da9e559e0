"""Sources as rows and back."""

import json
from pathlib import Path

from sqlalchemy import Connection, RowMapping, insert, select

from gateway.domain.model import Match, Preset, Profile, Verification
from gateway.storage.sealing import Sealer
from gateway.storage.source_rows import row_of_source, source_of
from gateway.storage.tables import source as table
from tests.conformance.ports import source
from tests.storage.opening import a_channel

SEALER = Sealer({"1": bytes(32)})


async def stored(path: Path, row: dict[str, object]) -> RowMapping:
    """Return a row as the database gives it back."""

    def work(connection: Connection) -> RowMapping:
        connection.execute(insert(table).values(row))
        return connection.execute(select(table)).mappings().one()

    async with a_channel(path) as channel:
        return await channel.transact(work)


async def test_a_setting_that_the_row_lacks_has_its_default(tmp_path: Path) -> None:
    """A row written before a setting existed is read as if it had the default."""
    row = row_of_source(source(preset=Preset.SLACK, match=Match.ALL), SEALER)
    plain = {"name": "1", "room": "lobby", "verify": {"profile": "none"}}
    row["settings"] = json.dumps(plain)

    found = source_of(await stored(tmp_path, row), SEALER)

    assert found == source()


def test_what_is_secret_is_in_the_sealed_column_only() -> None:
    """Secrets by which requests are verified are in no column in clear."""
    verify = Verification(Profile.GITHUB, secrets=("s3cr3t", "older"))
    row = row_of_source(source(verify=verify), SEALER)

    shown = " ".join(str(value) for value in row.values())

    assert "s3cr3t" not in shown
    assert "older" not in shown
