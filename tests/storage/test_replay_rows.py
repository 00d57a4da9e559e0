"""Replays as rows, and cursors of their list."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.errors import Invalid
from gateway.domain.model import ReplayOnly, ReplayState
from gateway.storage.replay_rows import REPLAY, place, replay_of, row_of_replay
from tests.conformance.test_replays import replay
from tests.fakes.clock import NOON


def test_a_row_is_read_as_it_was_written() -> None:
    """Every field has its own place in the row."""
    full = replay(
        webhook_id="wh_a",
        target_id="wh_b",
        only=ReplayOnly.MISSING,
        last=9,
        since=NOON - timedelta(days=1),
        until=NOON + timedelta(microseconds=1),
        events=("message.*",),
        state=ReplayState.CANCELLED,
        matched=1,
        owed=2,
        position=3,
        finished_at=NOON + timedelta(days=1),
        key_id="key_1",
    )
    row = row_of_replay(full)

    assert replay_of(row) == full
    assert len(row) == len(REPLAY)
    assert replay_of(row_of_replay(replay())) == replay()


def test_no_events_are_not_the_same_as_none() -> None:
    """A list that is empty stays a list."""
    empty = replace(replay(), events=())

    assert replay_of(row_of_replay(empty)).events == ()


def test_a_cursor_is_the_id_of_the_last_of_a_page() -> None:
    """None is the first page."""
    assert place("rpl_01J9ZC3V7M5E8Q2W4R6T8Y0ABC") == "rpl_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"
    assert place(None) is None


@pytest.mark.parametrize("cursor", ["", "d5", "rpl_", "rpl_é", "rpl_1\n", "x" * 99])
def test_another_cursor_is_refused(cursor: str) -> None:
    """It is the caller's error."""
    with pytest.raises(Invalid):
        place(cursor)
