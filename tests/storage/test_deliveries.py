"""Deliveries of the real store, beyond what all stores promise."""

from pathlib import Path

from gateway.delivery.ports import DeliveryFilter
from gateway.domain.model import DeliveryState
from tests.conformance.ports import attempt, delivered, incoming, received, webhook
from tests.storage.opening import opened, run_sql


async def test_an_attempt_recorded_twice_is_kept_once(tmp_path: Path) -> None:
    """Recording again, after a commit nobody could tell of, does no harm."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        success = attempt(due.delivery)

        for _ in range(2):
            await store.deliveries.record(delivered(due.delivery), success)

        found = await store.deliveries.get(due.delivery.id)
        assert found is not None
        assert list(found[1]) == [success]


async def test_a_take_over_holds_and_cancels_what_a_stop_left_undone(
    tmp_path: Path,
) -> None:
    """What is owed to inactive or deleted webhooks is settled at the start."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook("1", active=False))
        await store.webhooks.put(webhook("2"))
        await store.log.append(received("1"), message=incoming("1"))
        await run_sql(
            store,
            "UPDATE delivery SET state = 'in_flight', "
            "webhook_id = replace(webhook_id, '2', 'gone')",
        )

        await store.deliveries.take_over()

        page = await store.deliveries.list(DeliveryFilter())
        states = {
            row.delivery.webhook_id: row.delivery.state for row in page.deliveries
        }
        assert states == {
            "wh_1": DeliveryState.HELD,
            "wh_gone": DeliveryState.CANCELLED,
        }
