"""Claims of due deliveries."""

from pathlib import Path

from sqlalchemy import Connection

from gateway.delivery.ports import Hold, Release
from gateway.domain.model import Attachment, DeliveryState, Ordering
from gateway.storage import claiming
from tests.conformance.ports import (
    attempt,
    incoming,
    received,
    retrying,
    webhook,
)
from tests.fakes.clock import NOON
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


async def test_what_nobody_got_keeps_no_other_from_its_turn(tmp_path: Path) -> None:
    """What a claim that failed may have marked is held, and what follows it is sent."""
    in_order = webhook(ordering=Ordering.ROOM)
    async with opened(tmp_path) as store:
        await store.webhooks.put(in_order)
        await store.log.append(received("1"), message=incoming("1"))
        (lost,) = await store.deliveries.claim("wh_1", 1)
        store.deliveries._doubtful["wh_1"] = [lost.delivery.id]
        await store.webhooks.put(in_order, owed=Hold("url_changed"))
        await store.log.append(received("2"), message=incoming("2"))

        (second,) = await store.deliveries.claim("wh_1", 5)
        found = await store.deliveries.get(lost.delivery.id)

    assert found is not None
    assert found[0].delivery.state is DeliveryState.HELD
    assert second.event.id == received("2").id


async def test_what_nobody_got_is_held_once(tmp_path: Path) -> None:
    """Released after that, it is tried like any other, and again if that fails."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (lost,) = await store.deliveries.claim("wh_1", 1)
        store.deliveries._doubtful["wh_1"] = [lost.delivery.id]
        await store.webhooks.put(webhook(), owed=Hold("url_changed"))
        assert await store.deliveries.claim("wh_1", 1) == []

        await store.webhooks.put(webhook(), owed=Release())
        (due,) = await store.deliveries.claim("wh_1", 1)
        again = retrying(due.delivery, NOON)
        await store.deliveries.record(again, attempt(due.delivery))
        found = await store.deliveries.get(lost.delivery.id)

    assert found is not None
    assert found[0].delivery.state is DeliveryState.RETRYING
