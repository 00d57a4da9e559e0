"""The outbox of the real store, beyond what all stores promise."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from tests.conformance.ports import outgoing, sent
from tests.storage.opening import opened, query


async def test_a_change_is_kept_with_its_event_or_not_at_all(tmp_path: Path) -> None:
    """When the event can't be stored, neither is the change."""
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("1"))
        await store.outbox.add(outgoing("2"))
        await store.outbox.change(*sent(outgoing("1")))
        changed, event = sent(outgoing("2"))

        with pytest.raises(IntegrityError):
            await store.outbox.change(changed, replace(event, id="evt_1"))

        found = await store.messages.get("msg_2")
        assert found is not None
        assert replace(outgoing("2"), position=found.position) == found  # type: ignore[union-attr]  # It is outgoing.


async def test_what_is_open_is_found_by_its_index(tmp_path: Path) -> None:
    """Starting does not read every message ever sent."""
    async with opened(tmp_path) as store:
        plan = await query(
            store,
            "EXPLAIN QUERY PLAN SELECT * FROM message WHERE room = 'lobby' "
            "AND status IN ('queued', 'sending') "
            "ORDER BY position",
        )

    assert "message_open" in plan[0][3]
