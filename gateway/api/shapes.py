"""The shapes of answers, for the description of the API only.

Answers are rendered as text (`domain.rendering`), and a test holds them to these.
"""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.domain.model import MessageStatus, WaitingFor


class Shape(BaseModel):
    """An answer with exactly these members."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Failure(Shape):
    """Why a message, or its share for one recipient, was not sent."""

    code: str = Field(examples=["room_rejected"])
    upstream_code: int | None = Field(description="The room's own code.")
    text: str


class RecipientShape(Shape):
    """One participant that a message goes to."""

    model_config = ConfigDict(extra="forbid", title="Recipient")

    name: str | None
    participant_id: str | None
    status: MessageStatus
    attempts: int
    error: Failure | None = None


class Receipt(Shape):
    """How far an accepted message has come."""

    id: str
    status: MessageStatus
    waiting_for: WaitingFor | None
    room: str
    type: str
    ref: str | None
    recipients: list[RecipientShape] | None = Field(None, description="Of a send.")
    present: int | None = Field(None, description="Of a broadcast.")
    error: Failure | None = None
    created_at: AwareDatetime
    expires_at: AwareDatetime
    next_retry_at: AwareDatetime | None


class Rehearsed(Shape):
    """What would become of a message."""

    dry_run: Literal[True]
    room: str
    would: str
    recipients: "list[Participant]"
    present: int | None
    error: dict[str, Any] | None


class Participant(Shape):
    """Somebody in a room."""

    id: str
    name: str | None
    role: str
    attributes: dict[str, Any]
    online: bool
    since: AwareDatetime


class Participants(Shape):
    """Who is in a room."""

    room: str
    connected: bool = Field(description="Whether it is so now, not as of `as_of`.")
    as_of: AwareDatetime | None
    self: Participant | None = Field(description="The gateway's own participant.")
    count: int
    participants: list[Participant]


class OutboxShape(Shape):
    """What waits for a room."""

    model_config = ConfigDict(extra="forbid", title="Outbox")

    queued: int
    oldest_s: float | None


class Room(Shape):
    """How a room is, seen from the gateway."""

    room: str
    state: Literal[
        "ready",
        "joining",
        "reconnecting",
        "stalled",
        "denied",
        "dismissed",
        "stopped",
    ]
    since: AwareDatetime
    participant_id: str | None
    messaging_enabled: bool
    attempt: int
    next_retry_at: AwareDatetime | None
    last_error: str | None
    last_received_at: AwareDatetime | None
    rtt_ms: float | None
    token_expires_at: AwareDatetime | None
    outbox: OutboxShape
    participants: int
    warnings: list[str]


class RoomList(Shape):
    """All rooms."""

    model_config = ConfigDict(extra="forbid", title="Rooms")

    rooms: list[Room]


class Own(Shape):
    """The gateway's own participant in a room."""

    room: str
    self: Participant | None


class AttachmentShape(Shape):
    """Bytes that go with a message."""

    model_config = ConfigDict(extra="forbid", title="Attachment")

    size: int
    sha256: str


class SenderShape(Shape):
    """Who said something."""

    model_config = ConfigDict(extra="forbid", title="Sender")

    id: str
    name: str | None
    role: str | None


class MessageOut(Shape):
    """A message that was accepted for a room."""

    id: str
    direction: Literal["out"]
    room: str
    type: str
    message: dict[str, Any]
    attachment: AttachmentShape | None
    created_at: AwareDatetime
    event_id: str | None
    status: MessageStatus
    waiting_for: WaitingFor | None
    ref: str | None
    recipients: list[RecipientShape] | None = None
    present: int | None = None
    error: Failure | None
    expires_at: AwareDatetime
    next_retry_at: AwareDatetime | None
    key_id: str | None


class MessageIn(Shape):
    """A message that was received from a room."""

    id: str
    direction: Literal["in"]
    room: str
    type: str
    message: dict[str, Any]
    attachment: AttachmentShape | None
    created_at: AwareDatetime
    event_id: str | None
    sender: SenderShape = Field(alias="from")
    seq: int


class MessageList(Shape):
    """A page of messages."""

    model_config = ConfigDict(extra="forbid", title="Messages")

    messages: list[MessageOut | MessageIn]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next.")


class Ready(Shape):
    """Whether messages can be accepted durably."""

    ready: Literal[True]
    rooms: dict[str, str] | None = Field(
        None, description="State of each room; for callers with a key."
    )


class Version(Shape):
    """Which gateway this is."""

    name: Literal["meshagent-gateway"]
    version: str


class Me(Shape):
    """What the caller may do."""

    auth: Literal["key", "none"]
    key_id: str | None
    scopes: list[str] = Field(description="`*` is everything.")


class Welcome(Shape):
    """Where to begin."""

    ok: Literal[True]
    docs: str | None


class Alive(Shape):
    """The process answers."""

    ok: Literal[True]
