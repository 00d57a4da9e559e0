"""How what is over is found."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert

from gateway.storage.kept import STEP, Kept, look
from gateway.storage.tables import room
from tests.storage.opening import a_channel

KEPT = Kept(
    key=room.c.name,
    age=room.c.last_alive_at,
    until=10,
    is_over=room.c.messaging_enabled,
    drop=lambda _connection, _kept, keys: keys,
)


def fill(connection: Connection, *ages: int) -> None:
    """Make a row of each age; every second one is over."""
    rows = [
        {"name": f"{n:05}", "messaging_enabled": n % 2 == 0, "last_alive_at": age}
        for n, age in enumerate(ages)
    ]
    connection.execute(insert(room), rows)


async def test_what_is_over_is_found_stretch_by_stretch(tmp_path: Path) -> None:
    """A look tells where it ended, and the next goes on from there."""
    async with a_channel(tmp_path) as channel:
        await channel.transact(lambda c: fill(c, *[1] * (STEP + 3)))

        last, first = await channel.transact(partial(look, KEPT, None))
        end, second = await channel.transact(partial(look, KEPT, last))

    assert (last, len(first)) == (f"{STEP - 1:05}", STEP // 2)
    assert (end, list(second)) == (f"{STEP + 2:05}", [f"{STEP:05}", f"{STEP + 2:05}"])


async def test_the_search_ends_where_all_is_young(tmp_path: Path) -> None:
    """Behind a stretch without an old row there are only younger ones."""
    async with a_channel(tmp_path) as channel:
        await channel.transact(lambda c: fill(c, *[10] * 3))

        assert await channel.transact(partial(look, KEPT, None)) == (None, ())


async def test_rows_of_another_kind_hide_none(tmp_path: Path) -> None:
    """Young ones that are not among those looked at do not end the search."""
    second = replace(KEPT, among=room.c.name >= "00002")
    async with a_channel(tmp_path) as channel:
        await channel.transact(lambda c: fill(c, 20, 20, 1, 1, 1))

        last, over = await channel.transact(partial(look, second, None))

    assert (last, list(over)) == ("00004", ["00002", "00004"])
