"""Deliveries that change state together."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.delivery.ports import Hold, Release
from gateway.storage.moving import (
    STEP,
    Kind,
    Move,
    cancel,
    hold,
    moves_of,
    release,
    text_of,
    unorder,
)
from gateway.storage.rows import micros
from tests.conformance.ports import webhook
from tests.fakes.clock import NOON
from tests.storage.opening import opened, query
from tests.storage.owing import owing_many

MANY = STEP * 2 + 1
STATES = "SELECT state, count(*) FROM delivery GROUP BY state"


async def test_many_are_moved_in_steps(tmp_path: Path) -> None:
    """Disabling and enabling moves all, though no commit moves more than 1000."""
    seen = []
    async with opened(tmp_path) as store:
        await owing_many(store, MANY)
        for active in (False, True):
            owed = Release() if active else None
            await store.webhooks.put(webhook(active=active), owed=owed)
            while len(rows := await query(store, STATES)) > 1:
                pass
            seen += rows

    assert seen == [("held", MANY), ("pending", MANY)]


def test_a_hold_names_why() -> None:
    """An inactive webhook has a reason of its own, whatever was asked for."""
    gone = webhook(active=False, disabled_reason="gone")

    assert hold(webhook(), Hold("url_changed"), 9) == Move(
        Kind.HOLD, 9, reason="url_changed"
    )
    assert hold(gone, Hold("url_changed"), 9).reason == "gone"
    assert hold(webhook(active=False), None, 9).reason == "disabled"
    assert cancel(9).reason == "webhook_deleted"


@pytest.mark.parametrize(
    "moves",
    [
        [],
        [Move(Kind.HOLD, 9, reason="é"), unorder(9)],
        [release(Release(since=NOON), 9), release(Release(none=True), 9)],
    ],
)
def test_moves_are_stored_as_they_are(moves: list[Move]) -> None:
    """What was kept of a move is the move."""
    assert moves_of(text_of(moves)) == moves


def test_a_time_is_kept_in_microseconds() -> None:
    """A release has its moment in the unit of the rows."""
    since = NOON + timedelta(microseconds=1)

    assert release(Release(since=since), 1).since == micros(NOON) + 1
