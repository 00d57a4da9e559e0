"""Where a room is: the name rule and the WebSocket URL."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

from gateway.room.errors import BadRoomName, BadRoomUrl

DEFAULT_BASE = "wss://api.meshagent.com"

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


def check_room_name(name: str) -> str:
    """Give back a name that a room may have.

    Raises:
        BadRoomName: It breaks the rule that MeshAgent's own tools enforce.
    """
    if not _NAME.fullmatch(name):
        raise BadRoomName(name)
    return name


def room_address(
    room: str, *, room_url: str | None = None, api_url: str | None = None
) -> str:
    """Give the WebSocket URL of a room.

    Both URLs are bases, to which `/rooms/{room}` is added; http becomes ws. An
    empty one counts as absent, a query is kept.

    Args:
        room: The room's name.
        room_url: Base for rooms alone (`MESHAGENT_ROOM_URL`); used first.
        api_url: Base of the whole API (`MESHAGENT_API_URL`); used next. Without
            either, MeshAgent's hosted service is meant.

    Raises:
        BadRoomName: The name breaks the rule for names.
        BadRoomUrl: The base has no host, or a scheme that is no web address.
    """
    check_room_name(room)
    try:
        base = urlsplit(room_url or api_url or DEFAULT_BASE)
        host, _ = base.hostname, base.port
    except ValueError as error:
        raise BadRoomUrl(problem="cannot be read") from error
    scheme = _SCHEMES.get(base.scheme)
    if scheme is None:
        raise BadRoomUrl(problem="needs http, https, ws or wss")
    if not host:
        raise BadRoomUrl(problem="has no host")
    path = f"{base.path.rstrip('/')}/rooms/{quote(room, safe='')}"
    return urlunsplit((scheme, base.netloc, path, base.query, ""))
