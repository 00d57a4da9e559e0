"""What the room says to a client, typed, and what a client says to the room."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.room.errors import MalformedMessage
from gateway.room.protocol.envelope import (
    RESERVED_KEY,
    Envelope,
    pack,
    pack_raw,
    to_json,
    unpack,
)
from gateway.room.protocol.frames import WireMessage

INVOKE = "room.invoke_tool"
SET_ATTRIBUTES = "set_attributes"

NOT_FOUND = 1003  # the code, and below the text: SDKs look at one or the other
NOT_FOUND_TEXT = "the participant was not found"

_NUMERIC = re.compile(r"[0-9]{1,9}")

RESERVED_TYPES = frozenset(
    {
        "messaging.enabled",
        "participant.enabled",
        "participant.disabled",
        "participant.attributes",
        "dismiss",
    }
)


@dataclass(frozen=True, slots=True)
class RoomReady:
    """The room runs; one half of the welcome."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Our own identity in this session; the other half of the welcome."""

    participant_id: str
    attributes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """The room's error answer to a request."""

    code: int | None
    text: str

    @property
    def not_found(self) -> bool:
        """Whether the recipient is no longer in the room."""
        return self.code == NOT_FOUND or self.text == NOT_FOUND_TEXT


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to one request: a fault, or success."""

    request_id: int
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Peer:
    """Another participant, as the room describes it."""

    id: str
    role: str
    attributes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everybody else who takes part in messaging."""

    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True)
class PeerEnabled:
    """Somebody takes part from now on."""

    peer: Peer

    @property
    def from_id(self) -> str:
        """Whom it is about."""
        return self.peer.id


@dataclass(frozen=True, slots=True)
class PeerDisabled:
    """Somebody takes part no longer."""

    from_id: str


@dataclass(frozen=True, slots=True)
class PeerChanged:
    """Somebody's attributes changed; only the changed ones are given."""

    from_id: str
    changes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The room sends us away for good."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message of another participant to us."""

    from_id: str
    type: str
    message: dict[str, object]
    attachment: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type that means nothing to a client that only exchanges messages."""

    type: str


Presence = Snapshot | PeerEnabled | PeerDisabled | PeerChanged
Incoming = RoomReady | Connected | Response | Presence | Dismissed | Said | Unknown


def parse(message: WireMessage) -> Incoming:
    """Give the meaning of one message from the room.

    Raises:
        MalformedEnvelope: The payload has no readable header.
        MalformedMessage: The header lacks what its type needs.
    """
    match message.type:
        case "__response__":
            return _response(message.id, unpack(message.payload))
        case "messaging.send":
            return _messaging(unpack(message.payload))
        case "room_ready":
            unpack(message.payload)
            return RoomReady()
        case "connected":
            return _connected(unpack(message.payload).header)
        case other:
            return Unknown(other)


def _response(request_id: int, content: Envelope) -> Response:
    header = content.header
    if header.get("type") != "error":
        return Response(request_id, None)
    text = header.get("text")
    fault = Fault(_code(header.get("code")), text if isinstance(text, str) else "")
    return Response(request_id, fault)


def _code(value: object) -> int | None:
    # Servers send error codes as numbers and as numeric strings.
    if isinstance(value, str) and _NUMERIC.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None


def _connected(header: dict[str, object]) -> Connected | Unknown:
    if header.get("type") != "init":
        return Unknown("connected")
    return Connected(_string("connected", header, "participantId"), _attributes(header))


def _messaging(envelope: Envelope) -> Incoming:
    header = envelope.header
    type_ = _string("messaging.send", header, "type")
    from_id = _string(type_, header, "from_participant_id")
    message = header.get("message")
    if not isinstance(message, dict):
        raise MalformedMessage(type_, problem="the message is not a JSON object")
    if type_ in RESERVED_TYPES:
        return _reserved(type_, from_id, message)
    return Said(from_id, type_, message, envelope.trailer)


def _reserved(type_: str, from_id: str, message: dict[str, object]) -> Incoming:
    match type_:
        case "messaging.enabled":
            return _snapshot(message)
        case "participant.enabled":
            return PeerEnabled(_peer(type_, message))
        case "participant.disabled":
            gone = message.get("id")
            return PeerDisabled(gone if isinstance(gone, str) else from_id)
        case "participant.attributes":
            return PeerChanged(from_id, _attributes(message))
        case _:
            return Dismissed()


def _snapshot(message: dict[str, object]) -> Snapshot:
    type_ = "messaging.enabled"
    peers = message.get("participants")
    if not isinstance(peers, list):
        raise MalformedMessage(type_, problem="participants is not a list")
    return Snapshot(tuple(_peer(type_, peer) for peer in peers))


def _peer(type_: str, value: object) -> Peer:
    if not isinstance(value, dict):
        raise MalformedMessage(type_, problem="a participant is not an object")
    role = value.get("role")
    return Peer(
        _string(type_, value, "id"),
        role if isinstance(role, str) else "user",
        _attributes(value),
    )


def _attributes(header: dict[str, object]) -> dict[str, object]:
    value = header.get("attributes")
    if not isinstance(value, dict):
        return {}
    return {name: item for name, item in value.items() if name != RESERVED_KEY}


def _string(type_: str, header: dict[str, object], field: str) -> str:
    value = header.get(field)
    if not isinstance(value, str):
        raise MalformedMessage(type_, problem=f"{field} is not a string")
    return value


@dataclass(frozen=True, slots=True)
class Utterance:
    """A message on its way to the room.

    Attributes:
        to: Id of the recipient; `None` is a broadcast.
        type: Message type, none of the reserved ones.
        message_json: The message, a JSON object as text.
        attachment: Raw bytes; none is the same as an empty attachment.
        otel: Fields of trace propagation, if any.
    """

    to: str | None
    type: str
    message_json: str
    attachment: bytes = b""
    otel: Mapping[str, str] | None = None

    @property
    def tool(self) -> str:
        """The tool of the messaging toolkit that carries it out."""
        return "broadcast" if self.to is None else "send"

    def payload(self, call_id: str) -> bytes:
        """Write the request; megabytes of attachment are encoded only here."""
        to = "" if self.to is None else f'"to_participant_id":{to_json(self.to)},'
        fields = (
            f'{{{to}"type":{to_json(self.type)},'
            f'"message_json":{to_json(self.message_json)},"attachment_base64":'
        )
        attachment = (
            b'"%b"}' % base64.b64encode(self.attachment)
            if self.attachment
            else b"null}"
        )
        return invoke(self.tool, call_id, fields.encode() + attachment, otel=self.otel)


def invoke(
    tool: str,
    call_id: str,
    arguments: bytes = b"{}",
    *,
    otel: Mapping[str, str] | None = None,
) -> bytes:
    """Write the call of a messaging tool.

    Args:
        tool: `enable`, `disable`, `send` or `broadcast`.
        call_id: Opaque, different for each call.
        arguments: The input, a JSON object as bytes.
        otel: Fields of trace propagation, if any.
    """
    trace = (
        b',"%b":{"v":1,"otel":%b}'
        % (RESERVED_KEY.encode(), to_json(dict(otel)).encode())
        if otel
        else b""
    )
    return pack_raw(
        b'{"toolkit":"messaging","tool":"%b","participant_id":null,'
        b'"on_behalf_of_id":null,"arguments":{"type":"json","json":%b},'
        b'"tool_call_id":%b%b}'
        % (tool.encode(), arguments, to_json(call_id).encode(), trace)
    )


def set_attributes(changes: Mapping[str, object]) -> bytes:
    """Write a change of our own attributes; the room does not answer it.

    Raises:
        ValueError: A value is NaN or infinite.
        TypeError: A value is of a kind that JSON has not.
    """
    return pack(changes)
