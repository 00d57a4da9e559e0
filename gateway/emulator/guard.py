"""Who may knock at all: loopback hosts, and pages that come from one.

A keyless page on another origin must not reach a server on this machine, by name
tricks either (DNS rebinding): so both `Origin` and `Host` are looked at.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

_SLASHES = re.compile("/{2,}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """ASGI middleware: turns strangers away with 403 and 421, and mends `//` in paths.

    Args:
        app: What is guarded.
        hosts: Host names that are ours beside the loopback ones.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = _LOOPBACK | set(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        headers = Headers(scope=scope)
        if not self._is_ours(headers.get("host")):
            await _refuse(421, "this host is not served here", scope, receive, send)
        elif "origin" in headers and not self._is_origin_ours(headers["origin"]):
            await _refuse(
                403, "pages of this origin are kept out", scope, receive, send
            )
        else:
            path = _SLASHES.sub("/", scope["path"])
            await self._app({**scope, "path": path}, receive, send)

    def _is_origin_ours(self, origin: str) -> bool:
        scheme, _, host = origin.partition("://")
        return scheme in {"http", "https"} and self._is_ours(host)

    def _is_ours(self, host: str | None) -> bool:
        try:
            return urlsplit(f"//{host or ''}").hostname in self._hosts
        except ValueError:
            return False


async def _refuse(
    status: int, reason: str, scope: Scope, receive: Receive, send: Send
) -> None:
    response = JSONResponse({"error": {"message": reason}}, status)
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await response(scope, receive, send)
