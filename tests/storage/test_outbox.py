"""The outbox of the real store, beyond what all stores promise."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import MessageStatus
from gateway.storage.engine import CommitFailed
from gateway.storage.writer import CHECKS
from tests.conformance.ports import joined, outgoing, sent
from tests.fakes.clock import FakeClock
from tests.storage.failing import FaultyChannel, outage
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


async def test_a_change_nobody_can_tell_of_is_changed_back(tmp_path: Path) -> None:
    """If it is to be: whoever asked for it was told that it was not made."""
    clock = FakeClock()
    expired = outgoing("1", status=MessageStatus.EXPIRED)
    async with opened(tmp_path, clock=clock) as store:
        await store.outbox.add(expired)
        channel = FaultyChannel(store._writer._channel)
        store._writer._channel = channel
        channel.after.append(CommitFailed())
        channel.before = [None, *(outage() for _ in range(CHECKS))]
        queued = replace(expired, status=MessageStatus.QUEUED)
        hidden = store.outbox.change(queued, before=expired)
        while not hidden.done():
            await clock.advance(1)
        during = await store.outbox.pending("lobby")

        await store.log.append(joined("1"))

        after = await store.outbox.pending("lobby")
        assert isinstance(hidden.exception(), StoreUnavailable)
        assert [len(during), len(after)] == [1, 0]


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
