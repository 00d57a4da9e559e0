"""What can go wrong with a room.

RoomError
├── ProtocolError           the room's bytes make no sense
│   ├── MalformedFrame      a packet too short, a type that is not UTF-8
│   ├── SequenceBroken      a packet that does not follow from the one before
│   ├── MessageTooLarge     more bytes than one message may have
│   ├── UnexpectedText      a TEXT frame, where all data is binary
│   ├── MalformedEnvelope   a payload without a readable header
│   └── MalformedMessage    a header without the fields of its type
├── Unusable                what we were configured with cannot work
│   ├── BadRoomName
│   ├── BadRoomUrl
│   ├── BadApiKey
│   └── BadToken
├── JoinFailed              no link: try again later
│   ├── Unreachable         no WebSocket could be opened
│   ├── UpgradeRefused      the server answered with an HTTP status
│   └── Stalled             the link opened, but the room never said welcome
└── SendFailed              what became of one message
    ├── NotReady            nothing written: we are not in the room
    ├── ReservedType        nothing written: the type belongs to the protocol
    ├── Refused             the room said no
    ├── NotWritten          the link went before any byte left: safe to repeat
    └── OutcomeUnknown      written, never acknowledged: it may have been said
"""


class RoomError(Exception):
    """Something about a room; the sentence is made from the facts."""


class ProtocolError(RoomError):
    """The peer sent what the protocol does not allow; its fault, not ours."""


class MalformedFrame(ProtocolError):
    """A packet that cannot be read at all."""

    def __init__(self, *, problem: str) -> None:
        super().__init__(f"malformed packet: {problem}")
        self.problem = problem


class SequenceBroken(ProtocolError):
    """A packet that does not continue the message before it."""

    def __init__(self, *, problem: str) -> None:
        super().__init__(f"broken packet sequence: {problem}")
        self.problem = problem


class MessageTooLarge(ProtocolError):
    """A message with more payload than the receiver takes."""

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"a message exceeds {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class UnexpectedText(ProtocolError):
    """A TEXT frame; rooms speak in binary frames only."""

    def __init__(self) -> None:
        super().__init__("the room sent a TEXT frame")


class MalformedEnvelope(ProtocolError):
    """A payload whose header cannot be found or is not a JSON object."""

    def __init__(self, *, problem: str) -> None:
        super().__init__(f"malformed envelope: {problem}")
        self.problem = problem


class MalformedMessage(ProtocolError):
    """A header that lacks a field, or has one of another kind."""

    def __init__(self, type_: str, *, problem: str) -> None:
        super().__init__(f"malformed {type_}: {problem}")
        self.type = type_
        self.problem = problem
