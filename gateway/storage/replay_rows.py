"""Replays as rows and back."""

import json
import re

from gateway.domain.errors import FieldError, Invalid
from gateway.domain.model import Replay, ReplayOnly, ReplayState
from gateway.storage import tables
from gateway.storage.rows import (
    Row,
    Values,
    dumps,
    maybe_micros,
    maybe_moment,
    micros,
    moment_of,
)

REPLAY = tuple(column.name for column in tables.replay.columns)

_CURSOR = re.compile(r"rpl_[0-9A-Z]{1,26}")


def row_of_replay(replay: Replay) -> Row:
    """Return a replay in the order of `REPLAY`."""
    return (
        replay.id,
        replay.webhook_id,
        replay.target_id,
        replay.only.value,
        micros(replay.created_at),
        replay.last,
        maybe_micros(replay.since),
        maybe_micros(replay.until),
        None if replay.events is None else dumps(list(replay.events)),
        replay.state.value,
        replay.matched,
        replay.owed,
        replay.position,
        maybe_micros(replay.finished_at),
        replay.key_id,
    )


def replay_of(values: Values) -> Replay:
    """Return the replay of a row in the order of `REPLAY`."""
    replay_id, webhook_id, target_id, only, created_at, last, *rest = values
    since, until, events, state, matched, owed, position, finished_at, key_id = rest
    return Replay(
        id=replay_id,
        webhook_id=webhook_id,
        target_id=target_id,
        only=ReplayOnly(only),
        created_at=moment_of(created_at),
        last=last,
        since=maybe_moment(since),
        until=maybe_moment(until),
        events=None if events is None else tuple(json.loads(events)),
        state=ReplayState(state),
        matched=matched,
        owed=owed,
        position=position,
        finished_at=maybe_moment(finished_at),
        key_id=key_id,
    )


def place(cursor: str | None) -> str | None:
    """Return the id that a page follows; `None` for the first page.

    Raises:
        Invalid: The cursor was not given by this list.
    """
    if cursor is None or _CURSOR.fullmatch(cursor):
        return cursor
    error = FieldError("?cursor", "Use the `next_cursor` of the page before.")
    raise Invalid(error.detail, errors=[error])
