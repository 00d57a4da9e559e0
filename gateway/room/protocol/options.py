"""How long a client waits, and how much it takes in."""

from dataclasses import dataclass

from gateway.room.protocol.frames import MAX_MESSAGE_BYTES


@dataclass(frozen=True, slots=True)
class RoomOptions:
    """Every limit of a client; the defaults are meant for real rooms.

    Attributes:
        connect_timeout_s: From the first packet to the answered upgrade.
        join_timeout_s: From the upgrade to the welcome, and from the welcome to
            the list of participants.
        acknowledgement_timeout_s: From the writing of a message to the room's
            answer; after that its outcome is unknown.
        ping_interval_s: Between two pings; the last pong is the proof of life.
        ping_timeout_s: How long a pong may take before the link counts as lost.
        close_timeout_s: How long the room may take to answer our close frame.
        denied_retry_s: Between two attempts where the room does not want us.
        steady_s: How long we must have been ready before a new loss starts the
            backoff from its beginning.
        buffer_events: Events kept for the consumer before reading stops.
        max_message_bytes: Largest message, and largest WebSocket frame, taken in.
        proxy: URL of an HTTP or SOCKS proxy; the environment is not asked.
    """

    connect_timeout_s: float = 10.0
    join_timeout_s: float = 10.0
    acknowledgement_timeout_s: float = 30.0
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 20.0
    close_timeout_s: float = 2.0
    denied_retry_s: float = 60.0
    steady_s: float = 60.0
    buffer_events: int = 256
    max_message_bytes: int = MAX_MESSAGE_BYTES
    proxy: str | None = None


DEFAULT_OPTIONS = RoomOptions()
