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

from asyncio import Future


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


class Unusable(RoomError):
    """Something we were configured with cannot work; trying again will not help."""


class BadRoomName(Unusable):
    """A room name outside 1 to 63 of `a-z`, `0-9`, `-`, alphanumeric at both ends."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is no room name: 1 to 63 lower-case letters, digits and "
            "hyphens, a letter or digit first and last"
        )
        self.name = name


class BadRoomUrl(Unusable):
    """A base URL without a host, or of another scheme than http(s) and ws(s).

    The URL itself is not repeated: it may carry a secret.
    """

    def __init__(self, *, problem: str) -> None:
        super().__init__(f"the room's URL {problem}")
        self.problem = problem


class BadApiKey(Unusable):
    """An API key that is not of the form `ma-<key id>-<project>-<secret>`."""

    def __init__(self) -> None:
        super().__init__("the API key is not of the form ma-<id>-<project>-<secret>")


class BadToken(Unusable):
    """A participant token that is missing, unreadable or no JSON Web Token."""

    def __init__(self, *, problem: str) -> None:
        super().__init__(f"the participant token {problem}")
        self.problem = problem


class JoinFailed(RoomError):
    """There is no link to the room; a later attempt may get one."""


class Unreachable(JoinFailed):
    """No WebSocket could be opened: network, TLS, proxy or a time-out."""

    def __init__(self, *, problem: str) -> None:
        super().__init__(f"the room cannot be reached: {problem}")
        self.problem = problem


class UpgradeRefused(JoinFailed):
    """The server answered the upgrade with an HTTP status other than 101."""

    def __init__(self, status: int, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"the server refused the connection with status {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class Stalled(JoinFailed):
    """The connection opened, but the room did not let us take part."""

    def __init__(self, *, problem: str) -> None:
        super().__init__(f"the room did not let us in: {problem}")
        self.problem = problem


class SendFailed(RoomError):
    """One message or request was not, or may not have been, carried out."""


class NotReady(SendFailed):
    """We are not in the room; nothing was written."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the room is not ready but {state}")
        self.state = state


class ReservedType(SendFailed):
    """The message type belongs to the protocol; nothing was written."""

    def __init__(self, type_: str) -> None:
        super().__init__(f"messages of type {type_!r} belong to the room's protocol")
        self.type = type_


class Refused(SendFailed):
    """The room answered with an error; `code` 1003 means that nobody is there."""

    def __init__(self, code: int | None, text: str) -> None:
        super().__init__(f"the room refused: {text} (code {code})")
        self.code = code
        self.text = text


class NotWritten(SendFailed):
    """The link ended before any byte of it was written: it is safe to repeat."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not written: {reason}")
        self.reason = reason


class OutcomeUnknown(SendFailed):
    """It was written and never acknowledged: it may or may not have been said.

    `late` is there when only the acknowledgement is overdue. It resolves as the
    message's own future would have, if an answer still comes over the same link,
    and is cancelled when that link ends.
    """

    def __init__(self, reason: str, *, late: Future[None] | None = None) -> None:
        super().__init__(f"the outcome is unknown: {reason}")
        self.reason = reason
        self.late = late
