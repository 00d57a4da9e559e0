"""An HTTP API on a real socket, which answers as a test scripts it.

It runs in a thread of its own, for callers that block.
"""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came.

    Attributes:
        headers: Their names in lower case.
        body: Its JSON; `None` if it has none.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer to one request; bytes are sent as they are."""

    status: int = 200
    document: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, api: "ApiServer") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api


class ApiServer:
    """Listens at 127.0.0.1, on a port of the system's choice, while it is entered.

    Args:
        replies: The answers, in order; further requests get 404.
    """

    def __init__(self, *replies: Reply) -> None:
        self.asked: list[Asked] = []
        self._replies = deque(replies)
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def next_reply(self, asked: Asked) -> Reply:
        """Remember a request and return what to answer to it."""
        self.asked.append(asked)
        if self._replies:
            return self._replies.popleft()
        return Reply(404, {"title": "Not found", "detail": "There is nothing."})

    def __enter__(self) -> Self:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        parts = urlsplit(self.path)
        reply = server.api.next_reply(
            Asked(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query)),
                {name.lower(): value for name, value in self.headers.items()},
                json.loads(raw) if raw else None,
            )
        )
        body = reply.document
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(reply.status)
        for name, value in {
            "Content-Length": str(len(content)),
            **reply.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - http.server looks for these

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
