"""A store that owes many deliveries, more than one commit moves."""

from gateway.storage.store import Store
from tests.conformance.ports import incoming, received, webhook
from tests.storage.opening import run_sql


async def owing_many(store: Store, count: int) -> None:
    """Owe one event to wh_1 that many times over."""
    await store.webhooks.put(webhook())
    await store.log.append(received("1"), message=incoming("1"))
    await run_sql(
        store,
        "WITH RECURSIVE n (i) AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) "
        "INSERT INTO delivery (number, id, webhook_id, event_id, event_seq, state, "
        "created_at, attempts, schedule_index, next_attempt_at) "
        "SELECT i, 'dlv_' || i, 'wh_1', 'evt_1', 1, 'retrying', 0, 1, 1, i FROM n",
        most=count - 1,
    )
