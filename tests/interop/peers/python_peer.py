"""A participant on the official Python SDK, driven by lines of JSON.

Run by the interpreter that has the SDK, with the room's URL and a participant token.
Each line of stdin is a call, `{"call": 1, "do": "send", ...}`, answered in its turn by
`{"reply": 1, "value": ...}` or `{"reply": 1, "error": {"text", "code"}}`. What happens
in the room is told by lines `{"event": ...}`. End of stdin, or the call `leave`, ends
the stay with close code 1000.
"""

import asyncio
import hashlib
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

# The SDK needs Python 3.13 and has its own environment: these are not to be had where
# the rest is checked.
from meshagent.api import (  # type: ignore[import-not-found]
    Participant,
    RemoteParticipant,
    RoomClient,
    RoomException,
    RoomMessage,
    WebSocketClientProtocol,
)

# A call is a line, and a line can name a message of a quarter of a megabyte.
LINE_LIMIT_BYTES = 4 * 1024 * 1024

Call = Mapping[str, Any]


def tell(line: Mapping[str, object]) -> None:
    """Write one line to whoever drives this peer."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def described(participant: RemoteParticipant) -> dict[str, object]:
    """The driver's view of a participant."""
    return {
        "id": participant.id,
        "role": participant.role,
        "attributes": dict(participant.attributes),
    }


class Peer:
    """One stay in a room, and the calls that can be made of it."""

    def __init__(self, room: RoomClient) -> None:
        self._room = room
        self._calls: Mapping[str, Callable[[Call], Awaitable[object]]] = {
            "send": self._send,
            "broadcast": self._broadcast,
            "attributes": self._attributes,
            "enable": self._enable,
            "disable": self._disable,
            "participants": self._participants,
            "self": self._self,
        }
        messaging = room.messaging
        messaging.on("message", self._tell_message)
        messaging.on("messaging_enabled", self._tell_snapshot)
        for event in ("participant_added", "participant_removed"):
            messaging.on(event, self._teller(event))
        messaging.on(
            "participant_attributes_updated",
            self._teller("participant_updated"),
        )
        room.on("room.status", self._tell_status)

    async def answer(self, call: Call) -> None:
        """Do what one call asks, and tell its outcome."""
        try:
            value = await self._calls[call["do"]](call)
        except RoomException as error:
            told = {"text": str(error), "code": error.code}
            tell({"reply": call["call"], "error": told})
        else:
            tell({"reply": call["call"], "value": value})

    async def _send(self, call: Call) -> None:
        # A bare participant is not looked up by the SDK: the server has to answer.
        known = self._room.messaging.get_participant(call["to"])
        await self._room.messaging.send_message(
            to=known or Participant(id=call["to"], attributes={}),
            type=call["type"],
            message=call["message"],
            attachment=attachment_of(call),
        )

    async def _broadcast(self, call: Call) -> None:
        await self._room.messaging.broadcast_message(
            type=call["type"],
            message=call["message"],
            attachment=attachment_of(call),
        )

    async def _attributes(self, call: Call) -> None:
        for name, value in call["attributes"].items():
            await self._room.local_participant.set_attribute(name, value)

    async def _enable(self, _: Call) -> None:
        await self._room.messaging.enable()

    async def _disable(self, _: Call) -> None:
        await self._room.messaging.disable()

    async def _participants(self, _: Call) -> object:
        return [described(each) for each in self._room.messaging.get_participants()]

    async def _self(self, _: Call) -> object:
        me = self._room.local_participant
        return {"id": me.id, "attributes": dict(me.attributes)}

    @staticmethod
    def _teller(event: str) -> Callable[..., None]:
        def told(*, participant: RemoteParticipant) -> None:
            tell({"event": event, **described(participant)})

        return told

    @staticmethod
    def _tell_message(*, message: RoomMessage) -> None:
        attachment = message.attachment or b""
        tell(
            {
                "event": "message",
                "from": message.from_participant_id,
                "type": message.type,
                "message": message.message,
                "size": len(attachment),
                "sha256": hashlib.sha256(attachment).hexdigest(),
            },
        )

    def _tell_snapshot(self) -> None:
        me = self._room.local_participant
        present = [described(each) for each in self._room.messaging.get_participants()]
        tell({"event": "enabled", "id": me.id, "participants": present})

    @staticmethod
    def _tell_status(*, status: str, message: str) -> None:
        tell({"event": "status", "status": status, "text": message})


def attachment_of(call: Call) -> bytes | None:
    """The bytes of the file that the call names, `None` if it names none."""
    if "attachment_file" not in call:
        return None
    return Path(call["attachment_file"]).read_bytes()


async def main(url: str, token: str) -> None:
    """Stay in the room at `url` until told to leave."""
    reader = asyncio.StreamReader(limit=LINE_LIMIT_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader),
        sys.stdin,
    )
    protocol = WebSocketClientProtocol(url=url, token=token)
    async with RoomClient(protocol_factory=protocol.create_factory()) as room:
        peer = Peer(room)
        tell({"event": "joined", "id": room.local_participant.id})
        while line := await reader.readline():
            call = json.loads(line)
            if call["do"] == "leave":
                break
            await peer.answer(call)
    tell({"event": "left"})


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    asyncio.run(main(sys.argv[1], sys.argv[2]))
