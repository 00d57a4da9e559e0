"""Questions about the requests of third parties."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from gateway.domain.model import InboundState
from gateway.storage.inbox_queries import TOGETHER_BYTES
from tests.conformance.ports import inbound
from tests.storage.opening import a_channel, opened, run_sql

FROM = "FROM inbound WHERE source_id = 's'"


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (
            f"SELECT id {FROM} AND state = 'accepted' ORDER BY position LIMIT 9",
            "inbound_state",
        ),
        (
            f"SELECT received_at {FROM} AND state = 'accepted' ORDER BY position",
            "inbound_state",
        ),
        (f"SELECT state, count(*) {FROM} GROUP BY state", "inbound_state"),
        (
            f"SELECT id {FROM} AND position < 7 ORDER BY position DESC LIMIT 9",
            "inbound_source",
        ),
        (
            f"SELECT id {FROM} AND identity IN ('a', 'b') AND received_at >= 7",
            "inbound_identity",
        ),
    ],
)
async def test_every_question_has_its_index(
    tmp_path: Path, asked: str, index: str
) -> None:
    """However many are stored, few are read, and none are sorted."""

    def plan(connection: Connection) -> str:
        steps = connection.execute(text(f"EXPLAIN QUERY PLAN {asked}")).all()
        return " / ".join(step[3] for step in steps)

    async with a_channel(tmp_path) as channel:
        found = await channel.transact(plan)

    assert f"INDEX {index} " in found
    assert "TEMP B-TREE" not in found


async def test_few_bodies_are_in_memory_at_a_time(tmp_path: Path) -> None:
    """As many as 4 MiB hold, or one that is larger than that."""
    sizes = [TOGETHER_BYTES, 1, TOGETHER_BYTES + 1, 1, TOGETHER_BYTES - 1, 1]
    seen: list[list[int]] = []
    async with opened(tmp_path) as store:
        for n, size in enumerate(sizes):
            await store.inbox.add(inbound(f"{n}", body=bytes(size)))
        while found := await store.inbox.waiting("src_1", 100):
            seen.append([len(one.body) for one in found])
            for one in found:
                await store.inbox.settle(replace(one, state=InboundState.FILTERED))

    assert seen == [sizes[:1], sizes[1:2], sizes[2:3], sizes[3:5], sizes[5:]]


async def test_a_body_that_is_lost_hinders_nothing(tmp_path: Path) -> None:
    """The request is there without it, and says how large it was."""
    async with opened(tmp_path) as store:
        await store.inbox.add(inbound("1", body=bytes(70_000)))
        await run_sql(store, "DELETE FROM attachment")

        (found,) = await store.inbox.waiting("src_1", 9)

    assert (found.body, found.size) == (b"", 70_000)
