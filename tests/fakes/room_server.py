"""A room server on a real socket, scripted visit by visit.

Each connection is a `Visit`. What happens in it is told by the server's script: a
list of async functions of a visit, one for each visit in turn, the last one for all
further ones. `polite` is a room as it should be. To misbehave, write a function that
does a few steps by itself (`visit.welcome()`, `visit.request()`, `visit.text(…)`) and
goes on with `await polite(visit)` or closes.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest, Response as HttpResponse

from gateway.room.protocol.envelope import Envelope, pack, unpack
from gateway.room.protocol.frames import Assembler, encode

SERVER_PACKET_BYTES = 64 * 1024

Script = Callable[["Visit"], Awaitable[None]]
Header = dict[str, object]


def peer(id_: str, name: str | None = None, role: str = "user") -> Header:
    """Describe a participant as the room does."""
    return {"id": id_, "role": role, "attributes": {"name": name} if name else {}}


@dataclass
class Request:
    """Something the client asked."""

    id: int
    type: str
    envelope: Envelope

    @property
    def tool(self) -> str:
        """The messaging tool, or the message type if it is no tool call."""
        tool = self.envelope.header.get("tool", self.type)
        return str(tool)

    @property
    def arguments(self) -> Header:
        """What the tool is given."""
        content = self.envelope.header["arguments"]
        assert isinstance(content, dict)
        arguments = content["json"]
        assert isinstance(arguments, dict)
        return arguments


@dataclass
class Visit:
    """One connection of the client, from the server's side."""

    number: int
    connection: ServerConnection
    authorization: str
    path: str
    participants: list[Header] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    own_id: str = ""
    _assembler: Assembler = field(default_factory=Assembler)
    _next_id: int = 0

    def __post_init__(self) -> None:
        self.own_id = f"me-{self.number}"

    async def welcome(self, attributes: Header | None = None) -> None:
        """Say both halves of the welcome."""
        ready = {"room_name": "lobby", "room_url": "ws://x", "session_id": "s"}
        await self.tell("room_ready", ready)
        await self.connected(attributes)

    async def connected(self, attributes: Header | None = None) -> None:
        """Say the second half alone."""
        init = {"type": "init", "participantId": self.own_id}
        await self.tell("connected", {**init, "attributes": attributes or {}})

    async def request(self, *, answer: bool = False) -> Request:
        """Wait for the next request."""
        while True:
            packet = await self.connection.recv(decode=False)
            message = self._assembler.receive(packet)
            if message is not None:
                break
        request = Request(message.id, message.type, unpack(message.payload))
        self.requests.append(request)
        if answer:
            await self.answer(request)
        return request

    async def answer(self, request: Request, error: Header | None = None) -> None:
        """Acknowledge a request, or refuse it."""
        content: Header = {"type": "error", **error} if error else {"type": "empty"}
        await self.send(encode(request.id, "__response__", pack(content)))

    async def snapshot(self) -> None:
        """Say who takes part."""
        listed = {"participants": self.participants}
        await self.event(self.own_id, "messaging.enabled", listed)

    async def enter(self) -> None:
        """Welcome the client and let it take part; its attributes are taken in."""
        await self.welcome()
        while (await self.request()).tool != "enable":
            pass
        await self.answer(self.requests[-1])
        await self.snapshot()

    async def event(
        self, from_id: str, type_: str, message: object, attachment: bytes = b""
    ) -> None:
        """Deliver one message of the messaging toolkit."""
        header = {"from_participant_id": from_id, "type": type_, "message": message}
        await self.tell("messaging.send", header, attachment)

    async def tell(
        self, type_: str, header: Mapping[str, object], trailer: bytes = b""
    ) -> None:
        """Send any message, in large packets."""
        payload = pack(header, trailer)
        await self.send(
            encode(self.new_id(), type_, payload, packet_bytes=SERVER_PACKET_BYTES)
        )

    def new_id(self) -> int:
        """Give an id for the next message."""
        self._next_id += 1
        return self._next_id

    async def send(self, packets: list[bytes]) -> None:
        """Send packets as they are."""
        for packet in packets:
            await self.connection.send(packet)

    async def text(self, text: str) -> None:
        """Send a TEXT frame."""
        await self.connection.send(text)

    def fin(self) -> None:
        """End the TCP connection without a close frame."""
        self.connection.transport.close()

    def rst(self) -> None:
        """Reset the TCP connection."""
        raw = self.connection.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.transport.abort()

    def freeze(self) -> None:
        """Read nothing more, pings included."""
        self.connection.transport.pause_reading()

    async def gone(self) -> None:
        """Wait until the client is away."""
        await self.connection.wait_closed()


async def polite(visit: Visit) -> None:
    """Let the client in and answer whatever it asks."""
    await visit.welcome()
    await answering(visit)


async def answering(visit: Visit) -> None:
    """Answer whatever the client asks."""
    while True:
        request = await visit.request()
        if request.type == "set_attributes":
            continue
        await visit.answer(request)
        if request.tool == "enable":
            await visit.snapshot()


class RoomServer:
    """Scripted visits on 127.0.0.1; enter it as a context."""

    def __init__(
        self, *scripts: Script, participants: list[Header] | None = None
    ) -> None:
        self.scripts = list(scripts) or [polite]
        self.participants = participants or []
        self.visits: list[Visit] = []
        self.attempts = 0
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.url = ""
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["RoomServer"]:
        """Listen on a free port for as long as the context lasts."""
        async with serve(
            self._visit,
            "127.0.0.1",
            0,
            compression=None,
            max_size=None,
            ping_interval=None,
            close_timeout=0.2,
            process_request=self._refuse,
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.url = f"ws://127.0.0.1:{port}/rooms/lobby"
            try:
                yield self
            finally:
                for visit in self.visits:
                    visit.connection.transport.abort()

    def refuse(self, status: int, times: int = 1, **headers: str) -> None:
        """Answer the next upgrades with a status."""
        self.refusals += [(status, headers)] * times

    async def visit(self, number: int = 1) -> Visit:
        """Wait for a visit, counted from 1."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.visits) >= number)
        return self.visits[number - 1]

    async def _refuse(
        self, connection: ServerConnection, _: HttpRequest
    ) -> HttpResponse | None:
        self.attempts += 1
        if not self.refusals:
            return None
        status, headers = self.refusals.pop(0)
        response = connection.respond(HTTPStatus(status), "no\n")
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    async def _visit(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        number = len(self.visits) + 1
        authorization = request.headers.get("Authorization", "")
        visit = Visit(
            number, connection, authorization, request.path, list(self.participants)
        )
        async with self._changed:
            self.visits.append(visit)
            self._changed.notify_all()
        script = self.scripts[min(number, len(self.scripts)) - 1]
        with contextlib.suppress(ConnectionClosed):
            await script(visit)
