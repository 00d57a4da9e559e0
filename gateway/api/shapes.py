"""The shapes of answers, for the description of the API only.

Answers are rendered as text (`domain.rendering`), and a test holds them to these.
"""

from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.domain.model import MessageStatus, WaitingFor

_MOMENT: Final = "2030-01-31T12:00:00.000Z"
_MESSAGE_ID: Final = "msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"


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

    id: str = Field(examples=[_MESSAGE_ID])
    status: MessageStatus
    waiting_for: WaitingFor | None
    room: str = Field(examples=["lobby"])
    type: str = Field(examples=["chat"])
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


class BatchReceipt(Receipt):
    """How far one message of a batch has come."""

    index: int = Field(examples=[0], description="Its place in the batch, from 0.")


class BatchRehearsed(Rehearsed):
    """What would become of one message of a batch."""

    index: int = Field(examples=[0], description="Its place in the batch, from 0.")


class BatchAnswer(Shape):
    """What became of each message of a batch, in their order."""

    results: list[BatchReceipt | BatchRehearsed]


class Participant(Shape):
    """Somebody in a room."""

    id: str = Field(examples=["p-17"], description="Changes at every reconnect.")
    name: str | None = Field(examples=["alice"], description="Not unique.")
    role: str = Field(examples=["user"])
    attributes: dict[str, Any] = Field(examples=[{"team": "blue"}])
    online: bool = Field(examples=[True])
    since: AwareDatetime = Field(examples=[_MOMENT])


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

    queued: int = Field(examples=[2], description="Messages.")
    oldest_s: float | None = Field(examples=[1.5], description="Age of the oldest.")


class Room(Shape):
    """How a room is, seen from the gateway."""

    room: str = Field(examples=["lobby"])
    state: Literal[
        "ready",
        "joining",
        "reconnecting",
        "stalled",
        "denied",
        "dismissed",
        "stopped",
    ]
    since: AwareDatetime = Field(examples=[_MOMENT], description="Of this state.")
    participant_id: str | None = Field(examples=["p-1"], description="Our own.")
    messaging_enabled: bool = Field(examples=[True])
    attempt: int = Field(examples=[0], description="Of joining, since it was ready.")
    next_retry_at: AwareDatetime | None = Field(examples=[None])
    last_error: str | None = Field(examples=[None])
    last_received_at: AwareDatetime | None = Field(examples=[_MOMENT])
    rtt_ms: float | None = Field(examples=[3.2], description="Of the last ping.")
    token_expires_at: AwareDatetime | None = Field(examples=[None])
    outbox: OutboxShape
    participants: int = Field(examples=[7], description="Besides ourselves.")
    warnings: list[str] = Field(examples=[["duplicate_gateway"]])


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


class MessageShape(Shape):
    """What every message has, whichever way it went."""

    id: str = Field(examples=[_MESSAGE_ID])
    room: str = Field(examples=["lobby"])
    type: str = Field(examples=["chat"], description="The message's own type.")
    message: dict[str, Any] | None = Field(
        examples=[{"text": "hi"}], description="null once it was erased."
    )
    attachment: AttachmentShape | None
    created_at: AwareDatetime = Field(examples=[_MOMENT])
    event_id: str | None = Field(description="The event that tells of it.")


class MessageOut(MessageShape):
    """A message that was accepted for a room."""

    direction: Literal["out"]
    status: MessageStatus
    waiting_for: WaitingFor | None
    ref: str | None
    recipients: list[RecipientShape] | None = None
    present: int | None = None
    error: Failure | None
    expires_at: AwareDatetime
    next_retry_at: AwareDatetime | None
    key_id: str | None


class MessageIn(MessageShape):
    """A message that was received from a room."""

    direction: Literal["in"]
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

    auth: Literal["key", "none"] = Field(description="`none`: no key is asked for.")
    key_id: str | None = Field(examples=["key_49313f9799df"])
    scopes: list[str] = Field(examples=[["*"]], description="`*` is everything.")
    may: list[Literal["send", "read", "webhooks"]] = Field(
        examples=[["send", "read", "webhooks"]]
    )
    rooms: list[str] = Field(examples=[["lobby"]])
    participant_name: str | None = Field(
        examples=["gateway"], description="Our own, once we have been in a room."
    )
    version: str = Field(examples=["1.0.0"], description="Of the gateway.")


class Welcome(Shape):
    """Where to begin."""

    ok: Literal[True]
    docs: str | None


class Alive(Shape):
    """The process answers."""

    ok: Literal[True]
