"""Claims of due deliveries."""

from pathlib import Path

from sqlalchemy import Connection

from gateway.domain.model import Attachment
from gateway.storage import claiming
from tests.conformance.ports import incoming, received, webhook
from tests.storage.opening import opened


async def test_a_claim_reads_the_index_and_sorts_no_more_than_it_takes(
    tmp_path: Path,
) -> None:
    """What is due is found in order in the index: more of it does not cost more."""
    plan: list[str] = []

    def explain(connection: Connection) -> None:
        compiled = claiming._TAKE.compile(dialect=connection.dialect)
        values = (1,) * str(compiled).count("?")
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)
        plan.extend(row[3] for row in found)

    async with opened(tmp_path) as store:
        await store._writer.submit(lambda batch: batch.do(explain))

    index = "SEARCH delivery USING COVERING INDEX delivery_due"
    assert sum(step.startswith(index) for step in plan) == 2
    assert not any(step.startswith("SCAN delivery") for step in plan)


async def test_an_empty_attachment_is_no_bytes(tmp_path: Path) -> None:
    """An attachment of no bytes is not the same as none."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        empty = incoming("1", attachment=Attachment(0, "x"))
        await store.log.append(received("1"), message=empty, attachment=b"")

        (due,) = await store.deliveries.claim("wh_1", 1)

    assert due.attachment == b""


async def test_nothing_due_is_nothing_claimed(tmp_path: Path) -> None:
    """A claim for a webhook that is owed nothing gives nothing."""
    async with opened(tmp_path) as store:
        assert await store.deliveries.claim("wh_1", 5) == []
