"""What the use cases of the bridge need from the world."""

from gateway.bridge.ports.keeping import (
    Log,
    Outbox,
    RoomRecord,
    Rooms,
)
from gateway.bridge.ports.link import (
    LinkStatus,
    NotReady,
    OutcomeUnknown,
    Presence,
    Refused,
    RoomLink,
)
from gateway.bridge.ports.reading import (
    History,
    Logged,
    MessageFilter,
    MessagePage,
    Messages,
    Stretch,
)
from gateway.bridge.ports.surroundings import (
    Clock,
    Meter,
)
from gateway.domain.once import AlreadyDone, Done, Once

__all__ = [
    "AlreadyDone",
    "Clock",
    "Done",
    "History",
    "LinkStatus",
    "Log",
    "Logged",
    "MessageFilter",
    "MessagePage",
    "Messages",
    "Meter",
    "NotReady",
    "Once",
    "Outbox",
    "OutcomeUnknown",
    "Presence",
    "Refused",
    "RoomLink",
    "RoomRecord",
    "Rooms",
    "Stretch",
]
