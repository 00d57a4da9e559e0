"""The emulator as an ASGI application: rooms behind WebSockets, REST beside them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.types import ExceptionHandler, Receive, Scope, Send
from starlette.websockets import WebSocket

from gateway.emulator.admission import (
    FULL,
    Doorman,
    Refused,
    Rights,
    Ticket,
    new_api_key,
    offered_token,
)
from gateway.emulator.faults import Faults
from gateway.emulator.guard import Guard
from gateway.emulator.link import Link
from gateway.emulator.orders import fault_routes
from gateway.emulator.residents import LocalMember
from gateway.emulator.rest import rest_routes, room_url
from gateway.emulator.rooms import Rooms
from gateway.room.tokens import DEFAULT_ROLE, ApiKey

PACKET_BYTES = 32 * 1024  # fewer frames than clients' 1 KiB, far below Python's 4 MiB

_POLICY_VIOLATION = 1008
_NODE_AGENTS = ("node", "undici")


class RefusalForm(StrEnum):
    """How an upgrade with a bad token is refused.

    `AUTO` closes after the upgrade for clients without a `User-Agent`, or with one of
    Node's: the official TypeScript SDK ends the whole Node process on any answer but
    101. All others get the HTTP status that the hosted service answers.
    """

    AUTO = "auto"
    STATUS = "status"  # 401, 403 or 404
    CLOSE = "close"  # 101, then close code 1008


@dataclass(frozen=True, slots=True)
class Options:
    """How the emulator behaves.

    Args:
        packet_bytes: Payload bytes per packet sent; clients take any size.
        strict_tokens: Whether the signature of participant tokens counts.
        refusal: How bad tokens are refused.
        hosts: Host names served beside the loopback ones.
        fault_token: Bearer that opens `/faults/{room}`; `None` keeps it closed.
    """

    packet_bytes: int = PACKET_BYTES
    strict_tokens: bool = True
    refusal: RefusalForm = RefusalForm.AUTO
    hosts: Iterable[str] = ()
    fault_token: str | None = None


class Emulator:
    """Rooms, the door to them, and what is to go wrong in each: an ASGI application.

    Only `EmulatorServer` gives its sockets the reach that the faults need.

    Args:
        api_key: The `ma-…` key that signs tokens and opens the REST part; made at
            random if there is none.
        secret: A further secret that may have signed participant tokens.
        options: How it behaves.

    Raises:
        BadApiKey: The key has another form.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        secret: str | None = None,
        options: Options = Options(),
    ) -> None:
        key = new_api_key() if api_key is None else ApiKey.parse(api_key)
        self.rooms = Rooms()
        self.doorman = Doorman(key, secret=secret, strict=options.strict_tokens)
        self._options = options
        self._faults: dict[str, Faults] = {}
        routes = [
            WebSocketRoute("/rooms/{room}", self._join),
            *rest_routes(self.rooms, self.doorman),
        ]
        if options.fault_token is not None:
            room = self.rooms.__getitem__
            routes += fault_routes(room, self.faults, options.fault_token)
        handlers: dict[object, ExceptionHandler] = {
            Refused: _explain,
            HTTPException: _explain,
        }
        app = Starlette(routes=routes, exception_handlers=handlers)
        self._app = Guard(app, options.hosts)

    @property
    def api_key(self) -> str:
        """The API key as callers present it."""
        return self.doorman.api_key.encode()

    @property
    def project_id(self) -> str:
        """The UUID of the project that the API key belongs to."""
        return self.doorman.api_key.project_id

    def mint(
        self,
        room: str,
        name: str,
        role: str = DEFAULT_ROLE,
        *,
        rights: Rights | None = FULL,
        expires_at: datetime | None = None,
    ) -> str:
        """Sign a participant token; `rights=None` makes one that may call nothing."""
        return self.doorman.mint(room, name, role, rights=rights, expires_at=expires_at)

    def faults(self, room: str) -> Faults:
        """Give what is to go wrong in a room, to change it."""
        return self._faults.setdefault(room, Faults())

    def add(self, member: LocalMember, *, room: str) -> None:
        """Let an in-process participant join a room."""
        member.join(self.rooms[room])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._app(scope, receive, send)

    async def _join(self, websocket: WebSocket) -> None:
        room = websocket.path_params["room"]
        faults = self.faults(room)
        status = faults.refusal_status()
        if status is not None:
            await _deny(websocket, status, "the room is told to refuse")
            return
        token, subprotocol = offered_token(
            websocket.headers.get("authorization"),
            websocket.query_params.get("token"),
            websocket.scope["subprotocols"],
        )
        try:
            ticket = self.doorman.admit(token, room)
        except Refused as refused:
            await self._refuse(websocket, subprotocol, refused)
            return
        await self._stay(websocket, subprotocol, ticket, faults)

    async def _stay(
        self,
        websocket: WebSocket,
        subprotocol: str | None,
        ticket: Ticket,
        faults: Faults,
    ) -> None:
        socket = websocket.scope["state"]["socket"]
        room = self.rooms[ticket.room]
        link = Link(socket, room, ticket, faults, self._options.packet_bytes)
        stalls = faults.stalls()
        await websocket.accept(subprotocol)
        if not stalls:
            socket.listen(link)
            link.welcome(room_url(websocket.headers["host"], ticket.room))
        while (await websocket.receive())["type"] != "websocket.disconnect":
            continue
        link.lost()

    async def _refuse(
        self, websocket: WebSocket, subprotocol: str | None, refused: Refused
    ) -> None:
        form = self._options.refusal
        if form is RefusalForm.AUTO:
            agent = websocket.headers.get("user-agent", "")
            is_node = not agent or agent.lower().startswith(_NODE_AGENTS)
            form = RefusalForm.CLOSE if is_node else RefusalForm.STATUS
        if form is RefusalForm.CLOSE:
            await websocket.accept(subprotocol)
            await websocket.close(_POLICY_VIOLATION, refused.reason)
        else:
            await _deny(websocket, refused.status, refused.reason)


async def _deny(websocket: WebSocket, status: int, reason: str) -> None:
    await websocket.send_denial_response(_error(status, reason))


async def _explain(_: Request, error: Exception) -> JSONResponse:
    match error:
        case Refused():
            return _error(error.status, error.reason)
        case HTTPException():
            return _error(error.status_code, error.detail)
        case _:
            raise error


def _error(status: int, reason: str) -> JSONResponse:
    return JSONResponse({"error": {"message": reason}}, status)
