"""A gateway's streams on a real socket, which break off as a test scripts it."""

import json
import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from tests.fakes.threaded import Listener, Threaded

GONE: Final = {"title": "Unauthenticated", "detail": "There are no more visits."}


@dataclass(frozen=True, slots=True)
class Came:
    """A request as it came.

    Attributes:
        headers: Their names in lower case.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Visit:
    """What becomes of one connection.

    Attributes:
        content: The answer's body, sent in chunks that end where a frame does.
        later: What follows it once the server's `gate` is set.
        is_whole: Whether the end of the answer is said; else the connection is cut.
        holds: Whether it stays open after the content, for as long as the server.
        status: The HTTP status; `None` cuts the connection without an answer.
    """

    content: bytes = b""
    later: bytes = b""
    is_whole: bool = False
    holds: bool = False
    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def problem(status: int, document: Mapping[str, object], **headers: str) -> Visit:
    """Return a visit that is answered with a problem; `_` in a header's name is `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = {"Content-Type": "application/problem+json"}
    content = json.dumps(document).encode()
    return Visit(content, is_whole=True, status=status, headers={**kind, **named})


def frame(cursor: str | None, kind: str, data: object) -> bytes:
    """Return a frame of SSE; bytes are data as they are, others are JSON."""
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    head = b"" if cursor is None else f"id: {cursor}\n".encode()
    return head + f"event: {kind}\n".encode() + b"data: " + text + b"\n\n"


def opened(cursor: str, *, recovered: bool = True, missed: int | None = 0) -> bytes:
    """Return the frame that a stream opens with."""
    data = {"head": cursor, "recovered": recovered, "missed": missed}
    return frame(cursor, "stream.open", data)


def said(seq: int, text: str = "hi", **other: object) -> bytes:
    """Return the frame of a message from alice."""
    return frame(f"e-{seq}", "message.received", an_envelope(seq, text, **other))


def an_envelope(seq: int, text: str = "hi", **other: object) -> dict[str, object]:
    """Return the event of a message from alice."""
    return {
        "v": 1,
        "id": f"evt_{seq}",
        "seq": seq,
        "type": "message.received",
        "room": "lobby",
        "timestamp": "2030-01-31T12:00:03.000Z",
        "data": {
            "id": f"msg_{seq}",
            "from": {"id": "p-1", "name": "alice", "role": "user"},
            "type": "chat",
            "message": {"text": text},
            "attachment": None,
        },
        **other,
    }


class StreamServer(Threaded):
    """Streams in turn what is scripted.

    Args:
        visits: What becomes of each connection; further ones get 401, which ends
            whoever reads on and on.
    """

    def __init__(self, *visits: Visit) -> None:
        super().__init__(_Handler)
        self.came: list[Came] = []
        self.gate = threading.Event()
        self.over = threading.Event()
        self._visits = deque(visits)

    def next_visit(self, came: Came) -> Visit:
        """Remember a request and return what becomes of it."""
        self.came.append(came)
        return self._visits.popleft() if self._visits else problem(401, GONE)

    @override
    def stop(self) -> None:
        """Listen no more, and let go of whoever is held."""
        self.over.set()
        self.gate.set()
        super().stop()


class _Handler(StreamRequestHandler):
    @override
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Listener)
        assert isinstance(server.fake, StreamServer)
        visit = server.fake.next_visit(self._came())
        if visit.status is None:
            return
        head = {
            "Content-Type": "text/event-stream",
            "Transfer-Encoding": "chunked",
            **visit.headers,
        }
        lines = [f"HTTP/1.1 {visit.status} x", *(f"{k}: {v}" for k, v in head.items())]
        try:
            self.wfile.write("\r\n".join([*lines, "", ""]).encode())
            self._write(visit.content)
            if visit.later:
                server.fake.gate.wait()
                self._write(visit.later)
            if visit.holds:
                server.fake.over.wait()
            if visit.is_whole:
                self.wfile.write(b"0\r\n\r\n")
        except ConnectionError:
            return  # Whoever asked has gone.

    def _write(self, content: bytes) -> None:
        for piece in re.findall(rb"(?s).+?(?:\n\n|$)", content):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def _came(self) -> Came:
        method, target, _ = self.rfile.readline().decode().split(" ", 2)
        headers: dict[str, str] = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", "0")))
        parts = urlsplit(target)
        return Came(method, parts.path, dict(parse_qsl(parts.query)), headers, body)
