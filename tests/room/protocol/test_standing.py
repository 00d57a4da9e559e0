"""What follows from setbacks."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.room.errors import (
    BadToken,
    RoomError,
    SequenceBroken,
    Stalled,
    Unreachable,
    UpgradeRefused,
)
from gateway.room.protocol.events import RoomState
from gateway.room.protocol.session import Session
from gateway.room.protocol.standing import Life, Pace, Standing, judge

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
RECONNECTING, DENIED = RoomState.RECONNECTING, RoomState.DENIED

VERDICTS: list[tuple[RoomError, bool, RoomState, Pace]] = [
    (UpgradeRefused(401), False, DENIED, Pace.SLOW),
    (UpgradeRefused(401), True, RECONNECTING, Pace.BACKOFF),
    (UpgradeRefused(403), True, DENIED, Pace.SLOW),
    (UpgradeRefused(404), True, DENIED, Pace.SLOW),
    (UpgradeRefused(423), True, DENIED, Pace.SLOW),
    (UpgradeRefused(400), False, RECONNECTING, Pace.BACKOFF),
    (UpgradeRefused(429), False, RECONNECTING, Pace.BACKOFF),
    (UpgradeRefused(503), False, RECONNECTING, Pace.BACKOFF),
    (BadToken(problem="x"), True, DENIED, Pace.SLOW),
    (Stalled(problem="x"), True, RoomState.STALLED, Pace.BACKOFF),
    (Unreachable(problem="x"), True, RECONNECTING, Pace.BACKOFF),
    (SequenceBroken(problem="x"), True, RECONNECTING, Pace.BACKOFF),
]


@pytest.mark.parametrize(("error", "renewable", "state", "pace"), VERDICTS)
def test_each_failure_has_its_consequence(
    error: RoomError, state: RoomState, pace: Pace, *, renewable: bool
) -> None:
    """Only a room that does not want us slows us down; nothing stops us."""
    setback = judge(error, renewable=renewable)

    assert (setback.state, setback.pace, setback.error) == (state, pace, str(error))


def test_a_server_may_ask_for_more_time() -> None:
    """Retry-After is the shortest wait."""
    assert judge(UpgradeRefused(503, retry_after_s=7), renewable=False).at_least_s == 7


def test_a_token_is_renewed_once_until_one_was_good() -> None:
    """A key that is refused again and again is a denial."""
    standing = Standing(NOON)
    refusal = UpgradeRefused(401)

    first = standing.judge(refusal, can_renew=True)
    second = standing.judge(refusal, can_renew=True)
    standing.admitted()
    third = standing.judge(refusal, can_renew=True)

    assert [each.state for each in (first, second, third)] == [
        RECONNECTING,
        DENIED,
        RECONNECTING,
    ]


def test_entering_the_same_state_is_no_change() -> None:
    """The time stays that of the change, the error is the latest."""
    standing = Standing(NOON)
    later = NOON + timedelta(seconds=1)

    changed = standing.enter(RoomState.JOINING, later, error="again")

    assert not changed
    assert (standing.since, standing.last_error) == (NOON, "again")


def test_being_ready_forgets_the_attempts() -> None:
    """They are counted from the last time that we were ready."""
    standing = Standing(NOON)
    standing.attempt = 5

    changed = standing.enter(RoomState.READY, NOON, error=None)

    assert changed
    assert standing.attempt == 0


def test_without_a_session_the_status_has_no_identity() -> None:
    """What the last link knew is still told."""
    life = Life(NOON, 1.5)

    status = Standing(NOON).status(session=None, life=life, token_expires_at=None)

    assert (status.participant_id, status.messaging_enabled) == (None, False)
    assert (status.last_received_at, status.rtt_ms) == (NOON, 1.5)


def test_with_a_session_the_status_has_its_identity() -> None:
    """Our id is new in each session."""
    session = Session(now=0.0, attributes={}, messaging=True)
    session.participant_id, session.messaging = "me", True

    status = Standing(NOON).status(session=session, life=Life(), token_expires_at=NOON)

    assert (status.participant_id, status.messaging_enabled) == ("me", True)
    assert status.token_expires_at == NOON
