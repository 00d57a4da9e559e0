"""Where in the log a reader begins."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, assert_never

from typing_extensions import override

from gateway.bridge.ports import History

_CURSOR: Final = re.compile(r"([0-9A-Za-z_]{1,64})-([0-9]{1,19})", re.ASCII)
_EVENT_ID: Final = re.compile(r"evt_[0-9A-Za-z]{1,64}", re.ASCII)
BEYOND: Final = 2**63


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one log, told from the same place in another by the epoch."""

    epoch: str
    place: int

    @override
    def __str__(self) -> str:
        return f"{self.epoch}-{self.place}"


@dataclass(frozen=True, slots=True)
class EventId:
    """An event, as a cursor: the place that it has."""

    id: str


class End(Enum):
    """The ends of the log."""

    EARLIEST = "earliest"
    LATEST = "latest"


# How a reader says where it begins; a moment is that of the first event it wants.
Asked = Cursor | EventId | End | datetime


@dataclass(frozen=True, slots=True)
class Start:
    """Where a reader begins.

    Attributes:
        place: Read on after this one.
        missed: How many events are no longer held that it should have had; `None` if
            that cannot be said, because its cursor is of another log.
    """

    place: int
    missed: int | None = 0

    @property
    def is_recovered(self) -> bool:
        """Whether it gets everything that follows where it was."""
        return self.missed == 0


def read_cursor(text: str) -> Cursor | EventId | None:
    """Return what a text names: a cursor, or an event's id; `None` if it is neither."""
    if _EVENT_ID.fullmatch(text):
        return EventId(text)
    found = _CURSOR.fullmatch(text)
    if found is None or int(found[2]) >= BEYOND:
        return None
    return Cursor(found[1], int(found[2]))


async def start(history: History, asked: Asked) -> Start:
    """Find where a reader begins.

    A cursor that is no longer good leads to the earliest that is held.

    Raises:
        StoreUnavailable: The log can't be read now.
    """
    match asked:
        case End.LATEST:
            return Start(history.head)
        case End.EARLIEST:
            return Start(0)
        case datetime():
            return Start(await history.place_before(asked))
        case Cursor():
            place = asked.place if asked.epoch == history.epoch else None
        case EventId():
            place = await history.place_of(asked.id)
        case _:
            assert_never(asked)
    if place is None or place > history.head:
        return Start(await history.earliest(), missed=None)
    return Start(place, await history.missed(place))
