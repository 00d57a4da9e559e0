"""Deliveries that change state because of their webhook."""

from pathlib import Path

from gateway.delivery.ports import Release
from gateway.domain.model import DeliveryState
from gateway.storage.moving import STEP, hold_or_cancel, release
from gateway.storage.store import Store
from tests.conformance.ports import incoming, received, webhook
from tests.fakes.clock import NOON
from tests.storage.opening import opened, query, run_sql

MANY = STEP * 2 + 1


async def owing_many(store: Store) -> None:
    """Owe one event to wh_1 many times over."""
    await store.webhooks.put(webhook())
    await store.log.append(received("1"), message=incoming("1"))
    await run_sql(
        store,
        "WITH RECURSIVE n (i) AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) "
        "INSERT INTO delivery (number, id, webhook_id, event_id, event_seq, state, "
        "created_at, attempts, schedule_index, next_attempt_at) "
        "SELECT i, 'dlv_' || i, 'wh_1', 'evt_1', 1, 'retrying', 0, 1, 1, i FROM n",
        most=MANY - 1,
    )


async def test_many_are_moved_in_steps(tmp_path: Path) -> None:
    """Disabling and enabling moves all, though no commit moves more than 1000."""
    states = "SELECT state, count(*) FROM delivery GROUP BY state"
    seen = []
    async with opened(tmp_path) as store:
        await owing_many(store)
        for active in (False, True):
            owed = Release() if active else None
            await store.webhooks.put(webhook(active=active), owed=owed)
            while len(rows := await query(store, states)) > 1:
                pass
            seen += rows

    assert seen == [("held", MANY), ("pending", MANY)]


def test_a_move_says_where_to() -> None:
    """Inactive means held, deleted means cancelled, active again means pending."""
    gone = webhook(active=False, disabled_reason="gone")
    moves = [
        hold_or_cancel("wh_1", gone),
        hold_or_cancel("wh_1", None),
        release("wh_1", NOON),
    ]

    assert [(move.after, move.reason, move.due_at) for move in moves] == [
        (DeliveryState.HELD, "gone", None),
        (DeliveryState.CANCELLED, "webhook_deleted", None),
        (DeliveryState.PENDING, None, NOON),
    ]
