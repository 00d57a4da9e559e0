"""What a client tells its user: where it stands, who is there, what was said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.room.errors import ProtocolError


class RoomState(StrEnum):
    """Where a client stands with its room; only `READY` lets messages through."""

    READY = "ready"  # in the room, and everybody's presence is known
    JOINING = "joining"  # the first attempts, before anything failed
    RECONNECTING = "reconnecting"  # no link; the next attempt comes by itself
    STALLED = "stalled"  # a link, but no welcome; tried again by itself
    DENIED = "denied"  # the room does not want us; tried again every minute
    DISMISSED = "dismissed"  # sent away for good; only reconnect() comes back
    STOPPED = "stopped"  # our own close


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in the room.

    Attributes:
        id: Opaque, and new after each of their reconnects.
        name: What people call them; not unique, and may be missing.
        role: `user`, `agent`, `tool`, or what their token says.
        attributes: Everything they tell about themselves, the name included.
        since: When we first saw this id, in UTC.
    """

    id: str
    name: str | None
    role: str
    attributes: Mapping[str, object]
    since: datetime


@dataclass(frozen=True, slots=True)
class RoomStatus:
    """Where a client stands, at one moment.

    Attributes:
        state: The state.
        since: When that state was entered, in UTC.
        participant_id: Our own id while there is a link; new after each join.
        messaging_enabled: Whether we take part in messaging right now.
        attempt: Attempts to join since we were last ready; 0 when ready.
        next_retry_at: When the next attempt comes; `None` if none is waited for.
        last_error: Why we are not ready, in words; `None` when ready.
        last_received_at: When the room last said anything, pongs included.
        rtt_ms: Round trip of the last ping, in milliseconds.
        token_expires_at: When the participant token in use ends, if it does.
    """

    state: RoomState
    since: datetime
    participant_id: str | None
    messaging_enabled: bool
    attempt: int
    next_retry_at: datetime | None
    last_error: str | None
    last_received_at: datetime | None
    rtt_ms: float | None
    token_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The state is another one."""

    status: RoomStatus


@dataclass(frozen=True, slots=True)
class Retrying:
    """There is no link, and the next attempt is planned or waits for a request."""

    status: RoomStatus


@dataclass(frozen=True, slots=True)
class Joined:
    """We are in the room and ready.

    Attributes:
        participant_id: Our own id, new each time.
        participants: Everybody else; empty while messaging is disabled.
        after_gap: Whether we had been in before: what was said in between is lost.
        at: When, in UTC.
    """

    participant_id: str
    participants: tuple[Participant, ...]
    after_gap: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Lost:
    """We were ready, and are in the room no longer.

    Attributes:
        reason: Why, in words.
        code: WebSocket close code; 1006 if the link just ended.
        last_alive_at: The last proof of life, a frame or a pong, in UTC.
        at: When the loss was noticed, in UTC.
    """

    reason: str
    code: int
    last_alive_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """Somebody said something to us, or to everybody.

    Attributes:
        from_id: Id of the sender.
        from_participant: The sender, if they take part in messaging themselves.
        type: Message type.
        message: The message.
        attachment: Its bytes; empty when there are none.
        at: When it came, in UTC.
    """

    from_id: str
    from_participant: Participant | None
    type: str
    message: dict[str, object]
    attachment: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class MessageDropped:
    """The room said something that could not be understood; the link lives on."""

    problem: ProtocolError
    at: datetime


@dataclass(frozen=True, slots=True)
class ParticipantJoined:
    """Somebody new takes part in messaging.

    `after_gap`: noticed by comparing the room before and after an absence of ours;
    it may be someone who was there all along under another id.
    """

    participant: Participant
    after_gap: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ParticipantLeft:
    """Somebody takes part no longer; `after_gap` as for `ParticipantJoined`."""

    participant: Participant
    after_gap: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ParticipantUpdated:
    """Somebody's attributes changed; `changed` holds the new values only."""

    participant: Participant
    changed: Mapping[str, object]
    after_gap: bool
    at: datetime


PresenceEvent = ParticipantJoined | ParticipantLeft | ParticipantUpdated
RoomEvent = (
    StateChanged
    | Retrying
    | Joined
    | Lost
    | MessageReceived
    | MessageDropped
    | PresenceEvent
)
