"""Stretches of the log, looked through by index."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, event as happening

from gateway.domain.model import DeliveryState, ReplayOnly
from gateway.storage import recalling
from tests.conformance.ports import incoming, joined, received, webhook
from tests.conformance.test_replays import replay
from tests.storage.opening import opened


async def test_a_stretch_is_found_by_its_places(tmp_path: Path) -> None:
    """However much lies before and behind it, and however much is dead."""
    asked: list[str] = []
    plans: list[str] = []

    def explain(connection: Connection) -> None:
        @happening.listens_for(connection, "before_cursor_execute")
        def note(*given: object) -> None:
            asked.append(str(given[2]))

        sought = replay(only=ReplayOnly.FAILED, events=("message.*",))
        recalling.recall(connection, sought, 3, messages=True)
        happening.remove(connection, "before_cursor_execute", note)
        for statement in asked:
            values = (1,) * statement.count("?")
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.extend(row[3] for row in plan)

    async with opened(tmp_path) as store:
        await store.log.append(joined("1"))
        await store._writer.submit(lambda batch: batch.do(explain))

    assert plans == [
        "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "SEARCH event USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "SEARCH message USING INDEX message_id (id=?) LEFT-JOIN",
        "SEARCH delivery USING INDEX delivery_event (event_seq>? AND event_seq<?)",
    ]


async def test_gaps_in_the_log_are_passed_over(tmp_path: Path) -> None:
    """Events that were trimmed leave places that nobody has."""
    async with opened(tmp_path) as store:
        for n in range(6):
            await store.log.append(joined(f"{n}"))
        await store._writer.submit(
            lambda batch: batch.do(
                lambda c: c.exec_driver_sql("DELETE FROM event WHERE seq < 4").close()
            )
        )

        first = await store.replays.recall(replay(last=6), 2, messages=False)
        rest = await store.replays.recall(
            replay(last=6, position=first.position), 2, messages=False
        )

    assert [each.event.seq for each in first.found] == [4, 5]
    assert [each.event.seq for each in rest.found] == [6]
    assert (first.position, rest.position) == (5, 6)


async def test_a_dead_delivery_beside_one_that_is_owed_is_no_failure(
    tmp_path: Path,
) -> None:
    """It is on its way once more."""
    async with opened(tmp_path) as store:
        await store.webhooks.put(webhook())
        await store.log.append(received("1"), message=incoming("1"))
        (due,) = await store.deliveries.claim("wh_1", 1)
        dead = replace(due.delivery, state=DeliveryState.DEAD)
        await store.deliveries.record(dead, None)
        await store.replays.add(replay(last=1))
        await store.replays.owe(replay(last=1), [due.event], 1)

        sought = replay(only=ReplayOnly.FAILED, last=1)
        recall = await store.replays.recall(sought, 9, messages=False)

    assert recall.found == []
