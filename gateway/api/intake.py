"""The bytes of a body as they come: whole or in parts, within a size and a time."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from contextlib import closing
from types import coroutine
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from gateway.api import problems

# A refused body is taken in up to these, so that its sender sees the refusal.
SPENT_BYTES: Final = 1024**2
SPENT_SECONDS: Final = 2.0


async def read_bytes(receive: Receive, limit: int) -> bytes:
    """Read a whole body; `PayloadTooLarge` as soon as it is over the limit."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        if len(whole) > limit:
            raise problems.too_large(limit, what="The body")
        return whole
    chunks = [_chunk(message)]
    size = len(chunks[0])
    while message.get("more_body", False):
        if size > limit:
            raise problems.too_large(limit, what="The body")
        message = await receive()
        chunks.append(_chunk(message))
        size += len(chunks[-1])
    if size > limit:
        raise problems.too_large(limit, what="The body")
    return b"".join(chunks)


async def stream(receive: Receive, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield a body as it comes; `PayloadTooLarge` as soon as it is over the limit."""
    size = 0
    more = True
    while more:
        message = await receive()
        chunk = _chunk(message)
        more = message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise problems.too_large(limit, what="The body")
        yield chunk
    yield b""


async def spend(receive: Receive) -> None:
    """Take in and forget what is left of a body, within reason.

    The server closes a connection that is not to be kept once it has answered; were
    the body still on its way, its sender would see that and not the answer.
    """
    size, more = 0, True
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(SPENT_SECONDS):
            while more and size <= SPENT_BYTES:
                message = await receive()
                size += len(_chunk(message))
                more = message.get("more_body", False)


async def in_time(reading: Coroutine[object, None, bytes], seconds: float) -> bytes:
    """Await a reading; `TimeoutError` if it does not end in time.

    Most bodies are here when they are asked for. The time is taken only of those that
    are not: to begin and end a time-out costs more than to parse a message.
    """
    try:
        awaited = reading.send(None)
    except StopIteration as done:
        whole: bytes = done.value
        return whole
    async with asyncio.timeout(seconds):
        return await _resumed(reading, awaited)


@coroutine
def _resumed(
    begun: Coroutine[object, None, bytes], awaited: object
) -> Generator[object, None, bytes]:
    """Go on with a coroutine that was begun, and awaits something already."""
    with closing(begun):  # as it is after its end; before, if we are cancelled
        yield awaited
        return (yield from begun.__await__())


def _chunk(message: Mapping[str, object]) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body = message.get("body", b"")
    return body if isinstance(body, bytes) else b""
