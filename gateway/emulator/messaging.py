"""What the room answers to one participant's requests.

Only the `messaging` toolkit is there. Everything else that expects an answer gets an
error content, which official clients raise to their caller and survive.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Protocol

from gateway.emulator.admission import Rights
from gateway.emulator.rooms import Member, Room, event, say
from gateway.room.errors import MalformedEnvelope
from gateway.room.protocol.envelope import pack, unpack
from gateway.room.protocol.frames import WireMessage

PERMISSION_DENIED = 1001
INVALID_REQUEST = 1002
NOT_FOUND = 1003

# TypeScript and Dart know this refusal by its text, Python by its code.
PARTICIPANT_GONE = "the participant was not found"

EMPTY = pack({"type": "empty"})

Tool = Callable[[int, Mapping[str, object]], None]

_UNANSWERED = frozenset({"room.tool_call_response", "room.tool_call_response_chunk"})


class Refusal(Exception):
    """A request that is answered with an error content.

    Args:
        code: One of MeshAgent's error codes.
        text: What the caller reads.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text

    @property
    def content(self) -> bytes:
        """The payload of the response."""
        return pack({"type": "error", "text": self.text, "code": self.code})


class Replies(Protocol):
    """Where answers go, and what may befall them."""

    def reply(self, request_id: int, content: bytes, *, tool: str = "") -> None:
        """Answer one request; `tool` is set for requests of the messaging toolkit."""

    def refused(self, tool: str) -> Refusal | None:
        """Say why a tool is out of order now, if it is."""


class Conversation:
    """One participant's requests, carried out and answered in order.

    Args:
        room: The room it joined.
        member: The participant.
        rights: What its token grants of messaging; `None` is nothing.
        replies: Where answers go.
    """

    def __init__(
        self, room: Room, member: Member, rights: Rights | None, replies: Replies
    ) -> None:
        self._room = room
        self._member = member
        self._rights = rights
        self._replies = replies
        self._tools: dict[str, Tool] = {
            "enable": self._enable,
            "disable": self._disable,
            "send": self._send,
            "broadcast": self._broadcast,
        }

    def receive(self, message: WireMessage) -> None:
        """Carry out one message of the participant."""
        if message.type == "room.invoke_tool":
            self._invoke(message)
        elif message.type == "set_attributes":
            self._set_attributes(message)
        elif message.type == "room.tool_call_request_chunk":
            # TypeScript waits for an answer to every chunk.
            self._replies.reply(message.id, EMPTY)
        elif message.type not in _UNANSWERED:
            missing = Refusal(NOT_FOUND, f"the local room has no {message.type}")
            self._replies.reply(message.id, missing.content)

    def _invoke(self, message: WireMessage) -> None:
        tool = ""
        try:
            header = unpack(message.payload).header
            tool = str(header.get("tool"))
            run = self._tool(str(header.get("toolkit")), tool)
            run(message.id, _arguments(header))
        except Refusal as refusal:
            self._replies.reply(message.id, refusal.content, tool=tool)
        except MalformedEnvelope as error:
            malformed = Refusal(INVALID_REQUEST, str(error))
            self._replies.reply(message.id, malformed.content)

    def _tool(self, toolkit: str, tool: str) -> Tool:
        run = self._tools.get(tool)
        if toolkit != "messaging" or run is None:
            raise Refusal(NOT_FOUND, f"the local room has no {toolkit}.{tool}")
        refused = self._replies.refused(tool)
        if refused is not None:
            raise refused
        self._check_rights(tool)
        return run

    def _check_rights(self, tool: str) -> None:
        rights = self._rights
        denied = (
            rights is None
            or (tool == "send" and not rights.send)
            or (tool == "broadcast" and not rights.broadcast)
        )
        if denied:
            problem = f"the participant token does not grant messaging.{tool}"
            raise Refusal(PERMISSION_DENIED, problem)

    def _set_attributes(self, message: WireMessage) -> None:
        try:
            changes = unpack(message.payload).header
        except MalformedEnvelope:
            return  # nobody waits for an answer
        self._room.set_attributes(self._member, changes)

    def _enable(self, request_id: int, _: Mapping[str, object]) -> None:
        self._replies.reply(request_id, EMPTY, tool="enable")
        self._room.enable(self._member)

    def _disable(self, request_id: int, _: Mapping[str, object]) -> None:
        self._replies.reply(request_id, EMPTY, tool="disable")
        self._room.disable(self._member)

    def _send(self, request_id: int, arguments: Mapping[str, object]) -> None:
        recipient = self._room.recipient(_string(arguments, "to_participant_id"))
        if recipient is None:
            raise Refusal(NOT_FOUND, PARTICIPANT_GONE)
        said = self._event(arguments)
        self._replies.reply(request_id, EMPTY, tool="send")
        recipient.outlet.deliver("messaging.send", said)

    def _broadcast(self, request_id: int, arguments: Mapping[str, object]) -> None:
        said = self._event(arguments)
        self._replies.reply(request_id, EMPTY, tool="broadcast")
        say(self._room.others(self._member), said)

    def _event(self, arguments: Mapping[str, object]) -> bytes:
        return event(
            self._member.id,
            _string(arguments, "type"),
            _message(_string(arguments, "message_json")),
            _attachment(arguments.get("attachment_base64")),
        )


def _arguments(header: Mapping[str, object]) -> Mapping[str, object]:
    content = header.get("arguments")
    if isinstance(content, dict) and content.get("type") == "json":
        arguments = content.get("json")
        if isinstance(arguments, dict):
            return arguments
    raise Refusal(INVALID_REQUEST, "arguments must be a json content with an object")


def _string(arguments: Mapping[str, object], name: str) -> str:
    value = arguments.get(name)
    if isinstance(value, str):
        return value
    raise Refusal(INVALID_REQUEST, f"{name} must be a string")


def _no_constant(constant: str) -> None:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _message(message_json: str) -> bytes:
    """Check that the text is JSON, and hand it on as it was written."""
    try:
        _DECODER.decode(message_json)
        return message_json.encode()
    except (ValueError, RecursionError) as error:
        raise Refusal(INVALID_REQUEST, "message_json is not JSON") from error


def _attachment(text: object) -> bytes:
    if text is None or text == "":
        return b""
    if not isinstance(text, str):
        raise Refusal(INVALID_REQUEST, "attachment_base64 must be a string")
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Refusal(INVALID_REQUEST, "attachment_base64 is not base64") from error
