"""The bytes that go with messages."""

import asyncio
from pathlib import Path

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Attachment
from gateway.storage.attachments import CHUNK_BYTES, are_large
from tests.conformance.ports import outgoing, sent
from tests.storage.opening import opened, query, run_sql

LARGE = bytes(CHUNK_BYTES * 9 + 1)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([None], False),
        ([b""], False),
        ([bytes(65_536)], False),
        ([bytes(65_537)], True),
        ([None, bytes(65_537)], True),
        ([None] * 100, False),
        ([b"x"] * 100, False),
        ([bytes(32_768)] * 2, False),
        ([bytes(32_768), b"x", bytes(32_768)], True),
    ],
)
def test_only_what_needs_more_than_one_row_goes_before_its_messages(
    parts: list[bytes | None], *, expected: bool
) -> None:
    """A commit takes as much from a batch as from one message."""
    assert are_large([("msg_1", data) for data in parts]) is expected


async def test_bytes_are_rows_of_64_kib(tmp_path: Path) -> None:
    """No row is larger, so that no commit is."""
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("1", attachment=Attachment(1, "x")), LARGE)

        rows = await query(
            store, "SELECT number, length(data) FROM attachment_chunk ORDER BY number"
        )

    assert rows == [*((n, CHUNK_BYTES) for n in range(9)), (9, 1)]


async def test_the_bytes_of_a_batch_are_stored_in_few_commits(tmp_path: Path) -> None:
    """Small ones go together, as long as nobody waits for them."""
    batch = [
        (outgoing(f"{n}", attachment=Attachment(9, "x")), bytes(CHUNK_BYTES // 8))
        for n in range(100)
    ]
    async with opened(tmp_path) as store:
        before = await query(store, "SELECT turn FROM log_head")

        await store.outbox.add_all(batch)

        after = await query(store, "SELECT turn FROM log_head")
    assert after[0][0] - before[0][0] == 4 + 1 + 1  # Bytes, the batch, this query.


async def test_others_commit_while_a_large_attachment_is_stored(
    tmp_path: Path,
) -> None:
    """A message for another room does not wait for the bytes of the first."""
    done: list[str] = []
    async with opened(tmp_path) as store:
        heavy = store.outbox.add(outgoing("1", attachment=Attachment(1, "x")), LARGE)
        light = store.outbox.add(outgoing("2", room="attic"))
        heavy.add_done_callback(lambda _: done.append("heavy"))
        light.add_done_callback(lambda _: done.append("light"))
        await asyncio.gather(heavy, light)

    assert done == ["light", "heavy"]


async def test_bytes_that_cannot_be_stored_fail_their_line(tmp_path: Path) -> None:
    """What stood behind them fails with them, so that a second try keeps the order."""
    async with opened(tmp_path) as store:
        ((pages,),) = await query(store, "PRAGMA page_count")
        await run_sql(store, f"PRAGMA max_page_count={pages + 90}")

        heavy = store.outbox.add(outgoing("1", attachment=Attachment(1, "x")), LARGE)
        behind = store.outbox.add(outgoing("2"))
        change = store.outbox.change(*sent(outgoing("1")))
        results = await asyncio.gather(heavy, behind, change, return_exceptions=True)
        await store.outbox.add(outgoing("3"))

        assert [type(result) for result in results] == [StoreUnavailable] * 3
        assert [one.id for one in await store.outbox.pending("lobby")] == ["msg_3"]
        assert await store.log.read() == []


async def test_changes_of_others_do_not_wait_for_bytes(tmp_path: Path) -> None:
    """What becomes of a message already stored is stored at once."""
    done: list[str] = []
    async with opened(tmp_path) as store:
        await store.outbox.add(outgoing("2"))
        heavy = store.outbox.add(outgoing("1", attachment=Attachment(1, "x")), LARGE)
        change = store.outbox.change(*sent(outgoing("2")))
        heavy.add_done_callback(lambda _: done.append("heavy"))
        change.add_done_callback(lambda _: done.append("change"))
        await asyncio.gather(heavy, change)

    assert done == ["change", "heavy"]


async def test_a_caller_that_no_longer_waits_keeps_nobody_else(tmp_path: Path) -> None:
    """A cancelled message does not keep those behind it from being stored."""
    async with opened(tmp_path) as store:
        heavy = store.outbox.add(outgoing("1", attachment=Attachment(1, "x")), LARGE)
        behind = store.outbox.add(outgoing("2"))
        heavy.cancel()

        await behind

        assert len(await store.outbox.pending("lobby")) == 2
