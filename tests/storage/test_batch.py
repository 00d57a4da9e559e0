"""What one transaction writes."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, bindparam, insert, text

from gateway.storage.batch import ADD_EVENT, ORDER, Batch, Statement
from gateway.storage.rows import row_of_event
from gateway.storage.tables import fact
from tests.conformance.ports import joined
from tests.storage.opening import a_channel


def count_events(connection: Connection) -> int:
    """Return how many events there are."""
    return int(connection.execute(text("SELECT count(*) FROM event")).scalar_one())


async def test_work_sees_the_rows_that_were_added_before_it(tmp_path: Path) -> None:
    """Rows are gathered, but never across work that may rest on them."""
    counts: list[int] = []
    batch = Batch(seq=0)
    batch.add(ADD_EVENT, row_of_event(joined("1"), batch.next_seq()))
    batch.do(lambda connection: counts.append(count_events(connection)))
    batch.add(ADD_EVENT, row_of_event(joined("2"), batch.next_seq()))

    async with a_channel(tmp_path) as channel:
        await channel.transact(batch.apply)
        after = await channel.transact(count_events)

    assert counts == [1]
    assert after == 2


async def test_what_is_gathered_is_done_together_ahead_of_rows(tmp_path: Path) -> None:
    """But never across work, which may rest on it."""
    seen: list[tuple[int, list[str]]] = []

    def gathered(connection: Connection, items: list[str]) -> None:
        seen.append((count_events(connection), items))

    batch = Batch(seq=0)
    batch.add(ADD_EVENT, row_of_event(joined("1"), batch.next_seq()))
    batch.gather(gathered, "a")
    batch.gather(gathered, "b")
    batch.do(lambda _connection: None)
    batch.gather(gathered, "c")

    async with a_channel(tmp_path) as channel:
        await channel.transact(batch.apply)

    assert seen == [(0, ["a", "b"]), (1, ["c"])]


async def test_what_finishes_is_done_last_and_once(tmp_path: Path) -> None:
    """Items for the same end are handed over together, after everything else."""
    seen: list[tuple[int, list[str]]] = []

    def finish(connection: Connection, items: list[str]) -> None:
        seen.append((count_events(connection), items))

    batch = Batch(seq=0)
    batch.finish(finish, "a")
    batch.add(ADD_EVENT, row_of_event(joined("1"), batch.next_seq()))
    batch.finish(finish, "b")

    async with a_channel(tmp_path) as channel:
        await channel.transact(batch.apply)

    assert seen == [(1, ["a", "b"])]


def test_places_follow_the_last_one_taken() -> None:
    """A batch gives places behind those that are taken, without a hole."""
    batch = Batch(seq=41)

    assert [batch.next_seq(), batch.next_seq(), batch.seq] == [42, 43, 43]


async def test_a_statement_whose_values_are_in_another_order_is_a_bug(
    tmp_path: Path,
) -> None:
    """A row can't be written into the wrong columns."""
    construct = insert(fact).values(name=bindparam("name"), value=bindparam("value"))
    wrong = Statement(construct, ("value", "name"))

    async with a_channel(tmp_path) as channel:
        with pytest.raises(AssertionError):
            await channel.transact(lambda c: wrong.run(c, [("a", "b")]))


async def test_every_statement_can_be_compiled(tmp_path: Path) -> None:
    """Each statement's values are in the order of its rows."""
    async with a_channel(tmp_path) as channel:
        for statement in ORDER:
            await channel.transact(statement._compile)
