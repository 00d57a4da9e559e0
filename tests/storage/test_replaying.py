"""Steps of replays, and their ends, as they are written."""

from pathlib import Path

from sqlalchemy import Connection

from gateway.domain.model import DeliveryState, ReplayState
from gateway.storage import replaying
from tests.conformance.ports import Ports, incoming, received, webhook
from tests.conformance.test_replays import replay
from tests.storage.opening import opened, run_sql


async def owing(store: Ports) -> None:
    """Have three events be owed to wh_1, and a replay of them be there."""
    await store.webhooks.put(webhook())
    for n in range(3):
        await store.log.append(received(f"{n}"), message=incoming(f"{n}"))
    await store.replays.add(replay(last=3))


async def test_an_event_trimmed_meanwhile_is_left_out(tmp_path: Path) -> None:
    """A delivery without its event could be claimed, and never be sent."""
    async with opened(tmp_path) as store:
        await owing(store)
        recall = await store.replays.recall(replay(last=3), 9, messages=False)
        await run_sql(store, "DELETE FROM event WHERE seq = 2")

        left = await store.replays.owe(
            replay(last=3), [each.event for each in recall.found], 3
        )

        assert (left.owed, left.position) == (2, 3)
        assert await store.replays.progress("rpl_1") == {DeliveryState.PENDING: 2}


async def test_more_than_a_commit_can_take_is_taken_back_bit_by_bit(
    tmp_path: Path,
) -> None:
    """A replay that is cancelled is finished once nothing of it is left."""
    async with opened(tmp_path) as store:
        await owing(store)
        recall = await store.replays.recall(replay(last=3), 1, messages=False)
        many = [each.event for each in recall.found] * (replaying.MOST + 1)
        await store.replays.owe(replay(last=3), many, 1)

        first = await store.replays.end("rpl_1", ReplayState.CANCELLED)
        second = await store.replays.end("rpl_1", ReplayState.CANCELLED)

        assert (first.finished_at is None, second.finished_at is None) == (True, False)
        assert await store.replays.unfinished() == []


async def test_counting_reads_the_index_of_the_replay(tmp_path: Path) -> None:
    """It does not go through the deliveries of others."""
    plan: list[str] = []

    def explain(connection: Connection) -> None:
        found = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT state, count(*) FROM delivery"
            " WHERE replay_id = ? AND state IN (?, ?, ?, ?) GROUP BY state",
            (1,) * 5,
        )
        plan.extend(row[3] for row in found)

    async with opened(tmp_path) as store:
        await store._writer.submit(lambda batch: batch.do(explain))

    assert len(plan) == 1
    assert "INDEX delivery_replay (replay_id=? AND state=?)" in plan[0]
