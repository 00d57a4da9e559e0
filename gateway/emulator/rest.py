"""The REST part: what the official CLI asks for before it joins a room.

Callers present the API key as bearer, except where it says so. Errors are
`{"error": {"message"}}`, as the official clients read them.
"""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from gateway.emulator.admission import FULL, ROOM_NAME, Doorman, Refused
from gateway.emulator.rooms import Rooms
from gateway.room.errors import MalformedEnvelope
from gateway.room.protocol.envelope import parse_object

VERSION = "0.0.0"  # the CLI offers an upgrade to whatever is higher than its own

_PROJECT = "/accounts/projects/{project}"


def rest_routes(rooms: Rooms, doorman: Doorman) -> list[BaseRoute]:
    """Make the routes of the REST part.

    Args:
        rooms: The rooms it lists and makes.
        doorman: Mints and checks tokens.
    """
    desk = _Desk(rooms, doorman)
    return [
        Route("/health", _health),
        Route("/config", _config),
        Route(f"{_PROJECT}/rooms", desk.list, methods=["GET"]),
        Route(f"{_PROJECT}/rooms", desk.create, methods=["POST"]),
        Route(f"{_PROJECT}/rooms/{{room}}", desk.get),
        Route(f"{_PROJECT}/rooms/{{room}}/connect", desk.connect, methods=["POST"]),
        Route(f"{_PROJECT}/participant-tokens", desk.token, methods=["POST"]),
        Route("/api/participant-token/validate", desk.validate, methods=["POST"]),
    ]


def room_url(host: str, room: str) -> str:
    """Give the WebSocket address of a room for someone who came by that host."""
    return f"ws://{host}/rooms/{quote(room)}"


async def body_of(request: Request) -> dict[str, object]:
    """Read the JSON object that a request carries; no body at all is an empty one.

    Raises:
        Refused: 400 if it is anything else.
    """
    body = await request.body()
    try:
        return parse_object(body) if body else {}
    except MalformedEnvelope as error:
        raise Refused(400, "the body is not a JSON object") from error


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"ok": True})


async def _config(_: Request) -> JSONResponse:
    return JSONResponse({"domains": {}, "version": VERSION})


class _Desk:
    def __init__(self, rooms: Rooms, doorman: Doorman) -> None:
        self._rooms = rooms
        self._doorman = doorman

    async def connect(self, request: Request) -> JSONResponse:
        body = await self._admitted(request)
        room = _room_name(request.path_params["room"])
        name = body.get("email") or "cli"
        return JSONResponse(
            {
                "jwt": self._doorman.mint(room, str(name)),
                "room_name": room,
                "project_id": request.path_params["project"],
                "room_url": room_url(request.headers["host"], room),
            }
        )

    async def token(self, request: Request) -> JSONResponse:
        body = await self._admitted(request)
        name = body.get("name") or body.get("email")
        if not isinstance(name, str):
            raise Refused(400, "a participant needs a name")
        grants = body.get("grants") or _grants(body)
        token = self._doorman.sign({"name": name, "grants": grants})
        return JSONResponse({"token": token})

    async def validate(self, request: Request) -> JSONResponse:
        """Read a token for anyone who has it."""
        token = (await body_of(request)).get("token")
        return JSONResponse(self._doorman.claims(str(token or "")))

    async def list(self, request: Request) -> JSONResponse:
        await self._admitted(request)
        rooms = [_card(room.name) for room in self._rooms]
        page = {"rooms": rooms, "total": len(rooms), "continuation_token": None}
        return JSONResponse(page)

    async def get(self, request: Request) -> JSONResponse:
        await self._admitted(request)
        name = request.path_params["room"]
        if name not in self._rooms:
            raise Refused(404, "there is no such room")
        return JSONResponse(_card(name))

    async def create(self, request: Request) -> JSONResponse:
        body = await self._admitted(request)
        name = _room_name(body.get("name"))
        if name in self._rooms and not body.get("if_not_exists"):
            raise Refused(409, "there is such a room already")
        return JSONResponse(_card(self._rooms[name].name))

    async def _admitted(self, request: Request) -> dict[str, object]:
        self._doorman.admit_caller(request.headers.get("authorization"))
        return await body_of(request)


def _room_name(name: object) -> str:
    if isinstance(name, str) and ROOM_NAME.fullmatch(name):
        return name
    raise Refused(400, "a room has 1 to 63 characters of a-z, 0-9 and -")


def _grants(body: dict[str, object]) -> list[dict[str, object]]:
    return [
        {"name": "role", "scope": str(body.get("role") or "user")},
        {"name": "api", "scope": body.get("api") or {"messaging": FULL.section}},
        {"name": "room", "scope": _room_name(body.get("room_name"))},
    ]


def _card(name: str) -> dict[str, object]:
    return {
        "id": name,
        "name": name,
        "metadata": {},
        "annotations": {},
        "enabled": True,
    }
