"""Where a client stands, and what it does about a setback."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from gateway.room.errors import RoomError, Stalled, Unusable, UpgradeRefused
from gateway.room.protocol.events import RoomState, RoomStatus
from gateway.room.protocol.session import Session

UNAUTHORIZED = 401
DENYING_STATUSES = frozenset({UNAUTHORIZED, 403, 404, 423})


class Pace(Enum):
    """When the next attempt comes."""

    BACKOFF = auto()
    SLOW = auto()  # every minute: the room may come back, or let us in again
    ON_REQUEST = auto()


@dataclass(frozen=True, slots=True)
class Setback:
    """Why there is no link, and what follows.

    Attributes:
        state: The state until the next attempt succeeds.
        error: Why, in words.
        pace: When the next attempt comes.
        at_least_s: The shortest wait, as the server asked for.
    """

    state: RoomState
    error: str
    pace: Pace = Pace.BACKOFF
    at_least_s: float = 0.0


def judge(error: RoomError, *, renewable: bool) -> Setback:
    """Say what follows from a failed attempt.

    Args:
        error: Why it failed.
        renewable: Whether the next attempt may bring a token other than the one
            that was refused.
    """
    match error:
        case UpgradeRefused(status=status) if status == UNAUTHORIZED and renewable:
            return Setback(RoomState.RECONNECTING, str(error))
        case UpgradeRefused(status=status) if status in DENYING_STATUSES:
            return Setback(RoomState.DENIED, str(error), Pace.SLOW)
        case UpgradeRefused(retry_after_s=wait_s):
            return Setback(RoomState.RECONNECTING, str(error), at_least_s=wait_s or 0.0)
        case Unusable():
            return Setback(RoomState.DENIED, str(error), Pace.SLOW)
        case _:
            stalled = isinstance(error, Stalled)
            state = RoomState.STALLED if stalled else RoomState.RECONNECTING
            return Setback(state, str(error))


@dataclass(slots=True)
class Life:
    """Signs of life of a link: the last frame or pong, and the last round trip."""

    last_alive_at: datetime | None = None
    rtt_ms: float | None = None


class Standing:
    """The state, since when, and the attempts to better it."""

    def __init__(self, at: datetime) -> None:
        self.state = RoomState.JOINING
        self.since = at
        self.attempt = 0
        self.last_error: str | None = None
        self._unauthorized = False
        self.next_retry_at: datetime | None = None

    def enter(self, state: RoomState, at: datetime, *, error: str | None) -> bool:
        """Be in a state; say whether it is another one than before."""
        self.last_error = error
        if state is RoomState.READY:
            self.attempt = 0
        if state is self.state:
            return False
        self.state, self.since = state, at
        return True

    def judge(self, error: RoomError, *, can_renew: bool) -> Setback:
        """Say what follows from a failed attempt; a token is renewed but once."""
        setback = judge(error, renewable=can_renew and not self._unauthorized)
        if isinstance(error, UpgradeRefused) and error.status == UNAUTHORIZED:
            self._unauthorized = True
        return setback

    def admitted(self) -> None:
        """Note that our token was good."""
        self._unauthorized = False

    def status(
        self, *, session: Session | None, life: Life, token_expires_at: datetime | None
    ) -> RoomStatus:
        """Tell all of it, with what the present session and the last link know."""
        return RoomStatus(
            state=self.state,
            since=self.since,
            participant_id=session.participant_id if session else None,
            messaging_enabled=session is not None and session.messaging,
            attempt=self.attempt,
            next_retry_at=self.next_retry_at,
            last_error=self.last_error,
            last_received_at=life.last_alive_at,
            rtt_ms=life.rtt_ms,
            token_expires_at=token_expires_at,
        )
