"""Replays: events of the past, owed to a webhook once more."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReplayOnly(StrEnum):
    """Which events of the time are replayed.

    `FAILED` are those given up, `MISSING` those that the webhook has not got, for
    whatever reason, and is not owed any more.
    """

    FAILED = "failed"
    MISSING = "missing"
    ALL = "all"


class ReplayState(StrEnum):
    """How far a replay has come."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Replay:
    """A wish to have events of the past delivered again, worked off step by step.

    Attributes:
        webhook_id: Whose history is looked at.
        target_id: Where the events go; the same webhook unless another was named.
        events: Event types and patterns; `None` for what the target wants.
        matched: How many events were found when it was made.
        owed: How many deliveries it has made so far.
        position: Place in the log up to which it has been worked off.
        last: Place in the log where it ends.
    """

    id: str
    webhook_id: str
    target_id: str
    only: ReplayOnly
    created_at: datetime
    last: int
    since: datetime | None = None
    until: datetime | None = None
    events: tuple[str, ...] | None = None
    state: ReplayState = ReplayState.RUNNING
    matched: int = 0
    owed: int = 0
    position: int = 0
    finished_at: datetime | None = None
    key_id: str | None = None
