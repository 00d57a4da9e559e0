"""A client that stays in a MeshAgent room, whatever happens to the link.

Run a `RoomClient` in a task, iterate over it for its events, `post` to speak.
"""

from gateway.room.client import RoomClient
from gateway.room.connection import Clock, SystemClock
from gateway.room.protocol.address import room_address
from gateway.room.protocol.events import (
    Joined,
    Lost,
    MessageDropped,
    MessageReceived,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    PresenceEvent,
    Retrying,
    RoomEvent,
    RoomState,
    RoomStatus,
    StateChanged,
)
from gateway.room.protocol.options import RoomOptions
from gateway.room.tokens import (
    ApiKey,
    Credentials,
    FixedToken,
    KeyCredentials,
    TokenFile,
)

__all__ = [
    "ApiKey",
    "Clock",
    "Credentials",
    "FixedToken",
    "Joined",
    "KeyCredentials",
    "Lost",
    "MessageDropped",
    "MessageReceived",
    "Participant",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantUpdated",
    "PresenceEvent",
    "Retrying",
    "RoomClient",
    "RoomEvent",
    "RoomOptions",
    "RoomState",
    "RoomStatus",
    "StateChanged",
    "SystemClock",
    "TokenFile",
    "room_address",
]
