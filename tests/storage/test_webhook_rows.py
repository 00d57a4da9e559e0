"""Webhooks as rows and back."""

import json
from pathlib import Path

from sqlalchemy import Connection, RowMapping, insert, select

from gateway.domain.model import Ordering
from gateway.storage.sealing import Sealer
from gateway.storage.tables import webhook as table
from gateway.storage.webhook_rows import row_of_webhook, webhook_of
from tests.conformance.ports import webhook
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
    row = row_of_webhook(webhook(ordering=Ordering.ROOM, max_in_flight=3), SEALER)
    row["settings"] = json.dumps({"events": ["*"]})

    found = webhook_of(await stored(tmp_path, row), SEALER)

    assert found == webhook()


def test_what_may_be_secret_is_in_the_sealed_column_only() -> None:
    """URL, secrets and header values are in no column in clear."""
    row = row_of_webhook(webhook(headers={"X-Key": "s3cr3t"}), SEALER)

    clear = " ".join(str(value) for name, value in row.items() if name != "sealed")

    for secret in ("example.com", "whsec_", "s3cr3t"):
        assert secret not in clear
