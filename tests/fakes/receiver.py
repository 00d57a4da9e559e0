"""A webhook's receiver on a real socket, which answers as a test scripts it.

It writes its bytes by hand, so that it can also misbehave: answer never, drip, break
off, never end its headers. How to add a misbehaviour: write a coroutine like those at
the end, and pass it as `Answer(behave=…)`.
"""

import asyncio
import gzip
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PATIENCE_S = 5.0  # How long a test waits for a request that should come.
DRIP_S = 0.02  # Between two bytes of a dripping body; the slowness is the subject.


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came.

    Attributes:
        headers: Their names in lower case.
        at_s: When it was complete, on the event loop's clock.
        connection: Number of the connection that it came over, from 1.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at_s: float
    connection: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer to one request.

    Attributes:
        when: An event to wait for before answering.
        behave: Writes to the connection in place of an orderly answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    when: asyncio.Event | None = None
    behave: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None


class Receiver:
    """Listens at 127.0.0.1, on a port of the system's choice, while it is entered.

    Args:
        answers: Statuses or answers to the first requests, in order.
        default: The answer to all further ones.
        tls: The server's certificate; plain HTTP if not given.
    """

    def __init__(
        self,
        *answers: int | Answer,
        default: int | Answer = 200,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._answers = deque(map(_answer, answers))
        self._default = _answer(default)
        self._tls = tls
        self._more = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port it listens at."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """The address to deliver to."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/hook"

    def script(self, *answers: int | Answer) -> None:
        """Add answers to the next requests."""
        self._answers.extend(map(_answer, answers))

    async def received(self, count: int = 1) -> list[Received]:
        """Return all requests once there are that many; `TimeoutError` if not."""
        async with asyncio.timeout(PATIENCE_S), self._more:
            await self._more.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def __aenter__(self) -> Self:
        """Start to listen."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._tls
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, whatever connections are still open."""
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            await self._converse(reader, writer, self.connections)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, OSError):
            pass  # The other side left, or the test is over.
        finally:
            self._open.discard(task)
            writer.close()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        while True:
            request = await _read(reader, number)
            async with self._more:
                self.requests.append(request)
                self._more.notify_all()
            answer = self._answers.popleft() if self._answers else self._default
            if answer.when is not None:
                await answer.when.wait()
            if answer.behave is not None:
                await answer.behave(writer)
                return
            writer.write(_head(answer) + answer.body)
            await writer.drain()


def refused_port() -> int:
    """Return a port of 127.0.0.1 at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def hang(_: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def leave(_: asyncio.StreamWriter) -> None:
    """Close the connection without an answer."""


async def reset(writer: asyncio.StreamWriter) -> None:
    """Answer with RST in place of a response."""
    _make_abrupt(writer)


async def reset_in_body(writer: asyncio.StreamWriter) -> None:
    """Promise a hundred bytes, send ten, and answer with RST."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789")
    await writer.drain()
    _make_abrupt(writer)


async def drip(writer: asyncio.StreamWriter) -> None:
    """Promise a body and send it one byte at a time."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await _pause()


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    """Answer with header after header, and never with a body."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-more: and more\r\n" * 1000)
        await writer.drain()


async def endless_body(writer: asyncio.StreamWriter) -> None:
    """Answer with a body that has no end."""
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 4096)
        await writer.drain()


async def not_http(writer: asyncio.StreamWriter) -> None:
    """Answer in another protocol."""
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


def gzip_bomb(size_bytes: int = 200_000_000) -> Answer:
    """Return an answer that is small on the wire and vast when unpacked."""
    return Answer(
        headers={"content-encoding": "gzip"},
        body=gzip.compress(bytes(size_bytes), compresslevel=9),
    )


def redirect(status: int, location: str) -> Answer:
    """Return an answer that leads elsewhere."""
    return Answer(status=status, headers={"location": location})


def _answer(answer: int | Answer) -> Answer:
    return answer if isinstance(answer, Answer) else Answer(status=answer)


def _head(answer: Answer) -> bytes:
    headers = {"content-length": str(len(answer.body)), **answer.headers}
    lines = [
        f"HTTP/1.1 {answer.status} As Scripted",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _read(reader: asyncio.StreamReader, connection: int) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    now_s = asyncio.get_running_loop().time()
    return Received(method, path, headers, body, now_s, connection)


def _make_abrupt(writer: asyncio.StreamWriter) -> None:
    """Have the connection end with RST: a linger of zero discards what is unsent."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _pause() -> None:
    ready = asyncio.get_running_loop().create_future()
    timer = asyncio.get_running_loop().call_later(DRIP_S, ready.set_result, None)
    try:
        await ready
    finally:
        timer.cancel()
