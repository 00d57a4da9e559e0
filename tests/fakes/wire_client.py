"""A client that speaks the room's wire by hand, so that tests see every message.

It answers nothing by itself but pings, keeps whatever it received, and lets a test
send packets that no real client would.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Self, TypedDict, Unpack

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.room.protocol.envelope import Envelope, pack, unpack
from gateway.room.protocol.frames import Assembler, encode

PATIENCE_S = 5.0


class Received:
    """One message of the server, its envelope opened."""

    def __init__(self, message_id: int, type_: str, envelope: Envelope) -> None:
        self.id = message_id
        self.type = type_
        self.header = envelope.header
        self.trailer = envelope.trailer

    @property
    def event(self) -> tuple[object, object, object]:
        """Sender, type and message of a `messaging.send`."""
        header = self.header
        return header["from_participant_id"], header["type"], header["message"]


class WireClient:
    """One connection, from an accepted upgrade on."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.id = ""
        self._assembler = Assembler()
        self._next_id = 0

    async def next(self) -> Received:
        """Wait for the next message of the server."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                packet = await self.socket.recv()
                assert isinstance(packet, bytes)
                message = self._assembler.receive(packet)
                if message is not None:
                    envelope = unpack(message.payload)
                    return Received(message.id, message.type, envelope)

    async def welcomed(self) -> Self:
        """Wait for both messages that every session begins with."""
        first, second = await self.next(), await self.next()
        assert {first.type, second.type} == {"room_ready", "connected"}
        connected = first if first.type == "connected" else second
        self.id = str(connected.header["participantId"])
        return self

    async def write(
        self, type_: str, header: Mapping[str, object], trailer: bytes = b""
    ) -> int:
        """Send one message; give its id."""
        message_id = self._next_id
        self._next_id += 1
        for packet in encode(message_id, type_, pack(header, trailer)):
            await self.socket.send(packet)
        return message_id

    def burst(self, packets: list[bytes]) -> None:
        """Write packets and a ping with one write, so that they arrive together."""
        for packet in packets:
            self.socket.protocol.send_binary(packet)
        self.socket.protocol.send_ping(b"?")
        written = b"".join(self.socket.protocol.data_to_send())
        self.socket.transport.write(written)

    async def invoke(self, tool: str, arguments: Mapping[str, object]) -> int:
        """Send a request to the messaging toolkit, as the TypeScript SDK does."""
        return await self.write(
            "room.invoke_tool",
            {
                "toolkit": "messaging",
                "tool": tool,
                "arguments": {"type": "json", "json": arguments},
            },
        )

    async def ask(self, tool: str, arguments: Mapping[str, object]) -> Received:
        """Send a request and take the next message, which must be its answer."""
        message_id = await self.invoke(tool, arguments)
        answer = await self.next()
        assert (answer.type, answer.id) == ("__response__", message_id)
        return answer

    async def enable(self) -> object:
        """Enable messaging; give who is there."""
        answer = await self.ask("enable", {})
        assert answer.header == {"type": "empty"}
        _, type_, message = (await self.next()).event
        assert type_ == "messaging.enabled"
        assert isinstance(message, dict)
        return message["participants"]

    async def send(
        self, to: str, message: object, *, type_: str = "chat", **more: object
    ) -> Received:
        """Send a message to one participant; give the answer."""
        arguments = {
            "to_participant_id": to,
            "type": type_,
            "message_json": json.dumps(message),
            **more,
        }
        return await self.ask("send", arguments)


class Dialling(TypedDict, total=False):
    """What an upgrade may carry."""

    subprotocol: str
    headers: Mapping[str, str]
    user_agent: str | None
    compression: str | None


@asynccontextmanager
async def dialled(
    base: str, room: str, token: str | None = None, **how: Unpack[Dialling]
) -> AsyncIterator[WireClient]:
    """Open a connection and no more: the upgrade is accepted, nothing is read."""
    headers = dict(how.get("headers", {}))
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with connect(
        f"{base}/rooms/{room}",
        additional_headers=headers,
        subprotocols=[Subprotocol(how["subprotocol"])]
        if "subprotocol" in how
        else None,
        user_agent_header=how.get("user_agent", "wire-client"),
        compression=how.get("compression"),
        max_size=None,
        proxy=None,
        open_timeout=PATIENCE_S,
        close_timeout=PATIENCE_S,
    ) as socket:
        yield WireClient(socket)


@asynccontextmanager
async def joined(base: str, room: str, token: str) -> AsyncIterator[WireClient]:
    """Open a connection and take the welcome."""
    async with dialled(base, room, token) as client:
        yield await client.welcomed()


@asynccontextmanager
async def present(base: str, room: str, token: str) -> AsyncIterator[WireClient]:
    """Open a connection, take the welcome and enable messaging."""
    async with joined(base, room, token) as client:
        await client.enable()
        yield client
