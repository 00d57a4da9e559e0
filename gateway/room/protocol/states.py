"""The states of one link to a room, and what moves it: a table.

OPENED ─ room_ready, connected, in either order ─▶ GREETED
GREETED ─ messaging wanted ─▶ ENABLING ─ snapshot ─▶ LIVE
GREETED ─ messaging not wanted ─▶ LIVE
any but CLOSED ─ refused, late, dismissed, ended ─▶ CLOSED
"""

from collections.abc import Mapping
from enum import Enum, auto


class State(Enum):
    """Where a session stands."""

    OPENED = auto()  # nothing heard
    RUNNING = auto()  # heard room_ready, waiting for connected
    NAMED = auto()  # heard connected, waiting for room_ready
    GREETED = auto()  # heard both
    ENABLING = auto()  # asked to take part in messaging
    LIVE = auto()
    CLOSED = auto()


class Signal(Enum):
    """What moves a session."""

    ROOM_READY = auto()
    CONNECTED = auto()
    ENABLE_ASKED = auto()
    NOT_WANTED = auto()  # to join without messaging
    SNAPSHOT = auto()
    ENABLE_REFUSED = auto()
    LATE = auto()  # the deadline for joining passed
    DISMISSED = auto()
    ENDED = auto()  # the link is gone, or we leave


_S, _G = State, Signal

# A pair that is not here is a mistake of ours: the room can cause none of those.
TRANSITIONS: Mapping[tuple[State, Signal], State] = {
    (_S.OPENED, _G.ROOM_READY): _S.RUNNING,
    (_S.OPENED, _G.CONNECTED): _S.NAMED,
    (_S.OPENED, _G.SNAPSHOT): _S.OPENED,
    (_S.OPENED, _G.LATE): _S.CLOSED,
    (_S.RUNNING, _G.ROOM_READY): _S.RUNNING,
    (_S.RUNNING, _G.CONNECTED): _S.GREETED,
    (_S.RUNNING, _G.SNAPSHOT): _S.RUNNING,
    (_S.RUNNING, _G.LATE): _S.CLOSED,
    (_S.NAMED, _G.ROOM_READY): _S.GREETED,
    (_S.NAMED, _G.CONNECTED): _S.NAMED,
    (_S.NAMED, _G.SNAPSHOT): _S.NAMED,
    (_S.NAMED, _G.LATE): _S.CLOSED,
    (_S.GREETED, _G.ENABLE_ASKED): _S.ENABLING,
    (_S.GREETED, _G.NOT_WANTED): _S.LIVE,
    (_S.ENABLING, _G.ROOM_READY): _S.ENABLING,
    (_S.ENABLING, _G.CONNECTED): _S.ENABLING,
    (_S.ENABLING, _G.SNAPSHOT): _S.LIVE,
    (_S.ENABLING, _G.ENABLE_REFUSED): _S.CLOSED,
    (_S.ENABLING, _G.LATE): _S.CLOSED,
    (_S.LIVE, _G.ROOM_READY): _S.LIVE,
    (_S.LIVE, _G.CONNECTED): _S.LIVE,
    (_S.LIVE, _G.ENABLE_ASKED): _S.LIVE,
    (_S.LIVE, _G.SNAPSHOT): _S.LIVE,
    (_S.LIVE, _G.ENABLE_REFUSED): _S.LIVE,
    **{(state, _G.DISMISSED): _S.CLOSED for state in _S if state is not _S.CLOSED},
    **{(state, _G.ENDED): _S.CLOSED for state in _S},
}
