"""What came of an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from gateway.delivery.ports import Due
from gateway.domain.model import Attempt, Delivery, Event, Webhook


class Mark(Enum):
    """What an attempt says of the receiver."""

    GOOD = auto()  # It has the delivery.
    BAD = auto()  # It failed.
    BUSY = auto()  # It asked to be left alone for a while: no reason to open a circuit.
    ANSWERED = auto()  # It refused the delivery in a way that the webhook foresaw.
    OURS = auto()  # We failed; it had no part in it.
    NONE = auto()  # Nothing: it was not asked.


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply that a receiver gave by return value, to be said in the room."""

    webhook: Webhook
    due: Due
    reply: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt.

    Attributes:
        delivery: The delivery as it is from now on.
        attempt: What to keep of the attempt; `None` if none was made.
        events: What to tell others.
        mark: What it says of the receiver.
        error: What went wrong, in words.
        pause: For how long the whole webhook is to be left alone.
        disables: Why the webhook is to be made inactive, if it is.
        url: What was called, if an answer is why.
        answered: What is to be said in the room before this is stored.
    """

    delivery: Delivery
    attempt: Attempt | None
    events: tuple[Event, ...] = ()
    mark: Mark = Mark.NONE
    error: str | None = None
    pause: timedelta | None = None
    disables: str | None = None
    url: str | None = None
    answered: Answered | None = None
