"""A refusal reaches whoever is still writing."""

import asyncio
from urllib.parse import urlsplit

from tests.fakes.bridge import Bridge
from tests.fakes.caller import calling
from tests.fakes.clock import settle

BODY = b"x" * 800_000
REQUEST = (
    b"POST /send HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    b"Origin: http://evil.example\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 800000\r\n\r\n"
)


async def test_whoever_is_refused_in_the_middle_of_a_body_sees_why() -> None:
    """A connection that is not kept is not closed before its request has come."""
    async with calling(Bridge().services()) as caller, asyncio.timeout(5):
        port = urlsplit(caller.url).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        await writer.drain()
        await settle()  # The server's turn, to answer too soon.
        for start in range(0, len(BODY), 100_000):
            writer.write(BODY[start : start + 100_000])
            await writer.drain()
        answer = await reader.readline()
        writer.close()

    assert answer == b"HTTP/1.1 403 Forbidden\r\n"


async def test_whoever_asks_before_sending_a_body_is_refused_at_once() -> None:
    """Without being told to go on, and the connection ends (RFC 9110 §10.1.1)."""
    asking = REQUEST.replace(b"Connection: close", b"Expect: 100-continue")

    async with calling(Bridge().services()) as caller, asyncio.timeout(5):
        port = urlsplit(caller.url).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asking)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()

    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"\r\nconnection: close\r\n" in head.lower()
