"""Connections as they come to the gateway's port, from whomever."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.streaming import ABORT
from gateway.cli import connections, serving

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
UNREAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
HELLO = PlainTextResponse("hello")

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(app: ASGIApp) -> AsyncIterator[Peer]:
    """Serve an application, and connect to it."""
    started, listener = asyncio.Event(), serving.listen("127.0.0.1", 0)
    server = serving.UvicornServer(listener)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(app, started.set))
        await started.wait()
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()
            server.stop(1.0)


async def test_whoever_answers_may_end_a_connection_at_once() -> None:
    """It has no answer, and the peer notices at once."""

    async def app(scope: Scope, receive: Receive, _send: Send) -> None:
        scope["extensions"][ABORT]()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with connected(app) as (reader, writer):
        writer.write(REQUEST)
        said = await reader.read()

    assert said == b""


@pytest.mark.parametrize("begun", [b"", REQUEST[:-2], REQUEST + REQUEST[:9]])
async def test_a_head_that_does_not_come_ends_the_connection(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens many, and says little, holds none of them."""
    monkeypatch.setattr(connections, "HEAD_S", 0.01)

    async with connected(HELLO) as (reader, writer):
        writer.write(begun)
        said = await reader.read()

    assert said.count(b"hello") == begun.count(REQUEST)


async def test_a_request_that_came_has_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time of a head ends with the head."""
    monkeypatch.setattr(connections, "HEAD_S", 0.01)
    is_over = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().call_later(0.05, is_over.set)
        await is_over.wait()
        await HELLO(scope, receive, send)

    async with connected(app) as (reader, writer):
        writer.write(REQUEST)
        said = await reader.readuntil(b"hello")

    assert said.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "begun",
    [
        b"GET / HTTP/1.1\r\nA: ",
        b"GET / HTTP/1.1\r\nB: c\r\nA: ",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ",
    ],
)
async def test_a_head_or_a_trailer_without_end_ends_the_connection(
    begun: bytes,
) -> None:
    """It would be held in memory, before anybody knows who sends it."""

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async with connected(app) as (reader, writer):
        writer.write(begun)
        with suppress(ConnectionError):
            while True:
                writer.write(b"x" * connections.HEAD_BYTES)
                await writer.drain()
        said = b""
        with suppress(ConnectionError):
            said = await reader.read()

    assert b"HTTP/1.1 200 " not in said


async def test_a_large_body_is_none_of_these() -> None:
    """What it may be, whoever answers says."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await HELLO(scope, receive, send)

    size = 8 * connections.HEAD_BYTES
    async with connected(app) as (reader, writer):
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
        writer.write(head + b"x" * size)
        said = await reader.readuntil(b"hello")

    assert said.startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_drips_after_its_answer_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody reads it, so nobody else would notice."""
    async with connected(HELLO) as (reader, writer):
        writer.write(UNREAD)
        await reader.readuntil(b"hello")
        monkeypatch.setattr(connections, "HEAD_S", 0.01)
        writer.write(b"x")
        rest = await reader.read()

    assert rest == b""


async def test_a_body_that_came_after_its_answer_leaves_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What follows it is the next request, which may begin when it likes."""
    is_over = asyncio.Event()

    async with connected(HELLO) as (reader, writer):
        writer.write(UNREAD)
        await reader.readuntil(b"hello")
        monkeypatch.setattr(connections, "HEAD_S", 0.01)
        writer.write(b"xx")
        asyncio.get_running_loop().call_later(0.05, is_over.set)
        await is_over.wait()
        writer.write(REQUEST)
        said = await reader.readuntil(b"hello")

    assert said.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("asked", "more"), [(UNREAD, b"xx"), (REQUEST, b"\r\n"), (REQUEST, REQUEST)]
)
async def test_a_connection_that_rests_comes_to_its_end(
    monkeypatch: pytest.MonkeyPatch, asked: bytes, more: bytes
) -> None:
    """Whatever came last on it: the rest of a body, an empty line, a request."""
    monkeypatch.setattr(serving, "IDLE_S", 1)

    async with connected(HELLO) as (reader, writer):
        writer.write(asked)
        await reader.readuntil(b"hello")
        writer.write(more)
        await reader.read()

    assert reader.at_eof()


async def test_a_head_does_not_wait_for_its_body() -> None:
    """Whoever opens a stream knows that it is open before anything is said."""
    is_known = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await is_known.wait()
        await send({"type": "http.response.body", "body": b"hello"})

    async with connected(app) as (reader, writer):
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        is_known.set()
        body = await reader.readuntil(b"hello")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"hello" in body


@pytest.mark.parametrize(
    ("method", "end"), [(b"GET", b"hello"), (b"HEAD", b"\r\n\r\n")]
)
async def test_an_answer_comes_before_the_end_of_its_connection(
    method: bytes, end: bytes
) -> None:
    """All of it, whether it has a body or not."""
    request = method + b" / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    async with connected(HELLO) as (reader, writer):
        writer.write(request)
        said = await reader.read()

    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(end)


async def test_what_is_asked_in_a_row_is_answered_in_that_order() -> None:
    """Head and body of each, although they are asked before the first is answered."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(f"<{scope['path']}>")(scope, receive, send)

    requests = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(50)]
    async with connected(app) as (reader, writer):
        writer.write(b"".join(requests))
        said = [await reader.readuntil(b">") for _ in requests]

    bodies = [each.partition(b"\r\n\r\n")[2] for each in said]
    assert bodies == [b"</%d>" % n for n in range(50)]


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"


@pytest.mark.parametrize(
    ("framing", "sent", "body"),
    [
        (b"Content-Length: 7", [b"a", b" body!"], b"a body!"),
        (b"Content-Length: 0", [], b""),
        (b"X-Nothing: 1", [], b""),
        (
            b"Transfer-Encoding: chunked",
            [b"2\r\na \r\n", b"1\r\nb\r\n0\r\n\r\n"],
            b"a b",
        ),
    ],
)
@pytest.mark.parametrize("is_at_once", [True, False])
async def test_who_asks_for_another_protocol_is_answered_in_this_one(
    framing: bytes, sent: list[bytes], body: bytes, *, is_at_once: bool
) -> None:
    """With its body, and so are further requests: the JDK's client asks each time."""
    asked = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        found = PlainTextResponse(b"<" + await Request(scope, receive).body() + b">")
        await found(scope, receive, send)

    head = b"POST / HTTP/1.1\r\nHost: a\r\n" + UPGRADE + framing + b"\r\n\r\n"
    async with connected(app) as (reader, writer):
        for _ in range(2):
            asked.clear()
            writer.write(b"".join([head, *sent]) if is_at_once else head)
            await asked.wait()
            for part in [] if is_at_once else sent:
                writer.write(part)
            said = await reader.readuntil(b"<" + body + b">")
            assert said.startswith(b"HTTP/1.1 200 ")


async def test_many_who_ask_for_another_protocol_at_once_are_answered() -> None:
    """One after the other, as they were sent."""
    request = b"GET / HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"\r\n"

    async with connected(HELLO) as (reader, writer):
        writer.write(request * 1_500)
        said = [await reader.readuntil(b"hello") for _ in range(1_500)]

    assert all(each.startswith(b"HTTP/1.1 200 ") for each in said)


async def test_what_is_not_http_is_refused() -> None:
    """And the connection ended."""
    async with connected(HELLO) as (reader, writer):
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        said = await reader.read()

    assert said.startswith(b"HTTP/1.1 400 ")


async def test_all_who_answer_learn_that_a_peer_has_gone() -> None:
    """Also whoever answers a request that another was sent after."""
    asked, left = asyncio.Event(), asyncio.Event()
    part = {"type": "http.response.body", "body": b"x", "more_body": True}

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        async def leaves() -> None:
            while (await receive())["type"] != "http.disconnect":
                asked.set()
            left.set()

        await send({"type": "http.response.start", "status": 200, "headers": []})
        async with asyncio.TaskGroup() as tasks:
            leaving = tasks.create_task(leaves())
            while not leaving.done():
                await send(part)
                await asyncio.wait({leaving}, timeout=0.01)

    async with connected(app) as (_, writer):
        writer.write(REQUEST)
        await asked.wait()
        writer.write(REQUEST)
        await writer.drain()
        writer.transport.abort()
        async with asyncio.timeout(10):
            await left.wait()

    assert left.is_set()


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not there")
async def test_to_write_to_a_peer_that_has_gone_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However much is still written before its end is told."""
    asked, written = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        asked.set()
        scope["extensions"][ABORT]()
        for _ in range(100):
            part = {"type": "http.response.body", "body": b"x" * 9, "more_body": True}
            await send(part)
        while (await receive())["type"] != "http.disconnect":
            pass
        written.set()

    async with connected(app) as (_, writer):
        writer.write(REQUEST)
        await asked.wait()
        await written.wait()

    loud = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert not loud
