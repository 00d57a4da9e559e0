"""The head of the log."""

import re
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.storage import head
from tests.storage.opening import a_channel

GUIDE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")


async def test_a_new_log_begins_at_zero(tmp_path: Path) -> None:
    """A log that is taken for the first time has an epoch and no events."""
    async with a_channel(tmp_path) as channel:
        taken = await channel.transact(head.take)

    assert taken.seq == 0
    assert taken.epoch


async def test_whoever_takes_the_log_shuts_out_whoever_had_it(tmp_path: Path) -> None:
    """The former owner can't take a place in the log any more."""
    async with a_channel(tmp_path) as channel:
        former = await channel.transact(head.take)
        await channel.transact(lambda c: head.advance(c, former.owner, 3))
        present = await channel.transact(head.take)

        with pytest.raises(head.Replaced):
            await channel.transact(lambda c: head.advance(c, former.owner, 1))
        with pytest.raises(head.Replaced):
            await channel.transact(lambda c: head.place_of(c, former.owner))

    assert present.owner != former.owner
    assert (present.epoch, present.seq) == (former.epoch, 3)


async def test_a_restored_log_is_given_another_name(tmp_path: Path) -> None:
    """By the statement of the guide, so that cursors of what is lost expire."""
    (rename,) = re.findall(r'^sqlite3 gateway\.db "(UPDATE .*)"$', GUIDE, re.MULTILINE)
    async with a_channel(tmp_path) as channel:
        former = await channel.transact(head.take)
        await channel.transact(lambda c: head.advance(c, former.owner, 3))

        await channel.transact(lambda c: c.execute(text(rename)))
        present = await channel.transact(head.take)

    assert re.fullmatch("[0-9a-f]{8}", present.epoch)
    assert (present.epoch != former.epoch, present.seq) == (True, 3)


async def test_each_transaction_is_a_turn(tmp_path: Path) -> None:
    """Turns tell whether a transaction took effect, even one without events."""
    async with a_channel(tmp_path) as channel:
        taken = await channel.transact(head.take)
        await channel.transact(lambda c: head.advance(c, taken.owner, 0))

        place = await channel.transact(lambda c: head.place_of(c, taken.owner))

    assert place == (0, taken.turn + 1)


async def test_a_fact_is_remembered_as_it_was_last_set(tmp_path: Path) -> None:
    """A fact is None until it is set, and then what it was set to last."""
    async with a_channel(tmp_path) as channel:
        before = await channel.transact(lambda c: head.fact_of(c, "x"))
        await channel.transact(lambda c: head.set_fact(c, "x", "1"))
        await channel.transact(lambda c: head.set_fact(c, "x", "2"))
        after = await channel.transact(lambda c: head.fact_of(c, "x"))

    assert (before, after) == (None, "2")


async def test_a_log_remembers_the_last_place_that_was_trimmed(tmp_path: Path) -> None:
    """It is 0 at first, and never less than it was."""
    async with a_channel(tmp_path) as channel:
        before = await channel.transact(head.trimmed)
        for place in (7, 12, 9):
            await channel.transact(partial(head.trim, seq=place))
        after = await channel.transact(head.trimmed)

    assert (before, after) == (0, 12)
