"""What only one message may ever use up."""

import asyncio
from pathlib import Path

import pytest

from gateway.bridge.ports import AlreadyDone, Once
from gateway.domain.model import Attachment
from tests.conformance.ports import outgoing
from tests.storage.opening import opened, query

LINK = Once("link", "dlv_1")


async def test_one_commit_stores_one_of_two(tmp_path: Path) -> None:
    """Of two in one commit the first is stored, and all others of it with it."""
    async with opened(tmp_path) as store:
        outcomes = await asyncio.gather(
            store.outbox.add(outgoing("1"), once=LINK),
            store.outbox.add(outgoing("2"), once=LINK),
            store.outbox.add(outgoing("3")),
            return_exceptions=True,
        )
        rows = await query(store, "SELECT id FROM message ORDER BY position")

    assert outcomes[0] is outcomes[2] is None
    assert isinstance(outcomes[1], AlreadyDone)
    assert outcomes[1].message_id == "msg_1"
    assert rows == [("msg_1",), ("msg_3",)]


async def test_it_is_used_up_for_good(tmp_path: Path) -> None:
    """A restart gives nothing back."""
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("1"), once=LINK)

    async with opened(tmp_path) as store:
        with pytest.raises(AlreadyDone) as refusal:
            await store.outbox.add(outgoing("2"), once=LINK)

    assert refusal.value.message_id == "msg_1"


async def test_a_large_attachment_is_not_kept_for_nothing(tmp_path: Path) -> None:
    """Bytes that were stored ahead for a message that was too late are swept."""
    data = bytes(200_000)
    late = outgoing("2", attachment=Attachment(len(data), "x"))
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("1"), once=LINK)
        with pytest.raises(AlreadyDone):
            await store.outbox.add(late, data, once=LINK)
        pending = await store.outbox.pending("lobby")
        known = await query(store, "SELECT message_id FROM attachment")

    assert [message.id for message in pending] == ["msg_1"]
    assert known == [("msg_2",)]  # Until the sweep of what nothing refers to.
