"""An HTTP API on a real socket, which answers as a test scripts it."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from tests.fakes.threaded import Listener, Threaded


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


class ApiServer(Threaded):
    """Answers in turn what is scripted.

    Args:
        replies: The answers, in order; further requests get 404.
    """

    def __init__(self, *replies: Reply) -> None:
        super().__init__(_Handler)
        self.asked: list[Asked] = []
        self._replies = deque(replies)

    def next_reply(self, asked: Asked) -> Reply:
        """Remember a request and return what to answer to it."""
        self.asked.append(asked)
        if self._replies:
            return self._replies.popleft()
        return Reply(404, {"title": "Not found", "detail": "There is nothing."})


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        server = self.server
        assert isinstance(server, Listener)
        assert isinstance(server.fake, ApiServer)
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        parts = urlsplit(self.path)
        reply = server.fake.next_reply(
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
