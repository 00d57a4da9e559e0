"""The bytes of a body as they come: whole or in parts, within a size and a time."""

import asyncio
import contextlib
from collections.abc import (
    AsyncGenerator,
    Callable,
    Coroutine,
    Generator,
    Mapping,
)
from contextlib import closing
from functools import partial
from types import coroutine
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from gateway.api import problems

# A refused body is taken in up to these, so that its sender sees the refusal.
SPENT_BYTES: Final = 1024**2
SPENT_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 5.0  # without a byte, after which no more is waited for
# What is left of one that was refused early is taken in up to these: the largest that
# is read anywhere, in the time that it would have had.
LEFT_BYTES: Final = 25 * 1024**2
LEFT_SECONDS: Final = 60.0

_CLOSED: Final = (b"connection", b"close")


class Incoming:
    """A body as it comes; called, it gives the server's next message of it.

    Attributes:
        announced: How many bytes its head says it has; `None` if it does not say.
        is_over: Whether all has come, or nothing more will.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        is_chunked = b"transfer-encoding" in headers
        self.announced = int(length) if length.isdigit() and not is_chunked else None
        self.is_over = not (self.announced or is_chunked)
        self._receive = receive

    async def __call__(self) -> Message:
        """Return the next message."""
        message = await self._receive()
        self.is_over = not message.get("more_body", False)
        return message


class Early(Response):
    """An answer to a request whose body has yet to come.

    It is sent at once: whoever asked before sending it (RFC 9110 §10.1.1), or looks
    while sending it, is spared the rest. What comes of it all the same is taken in and
    forgotten, and then the connection is closed: were that done before, most senders
    would see the end of the connection and not the answer.

    Args:
        answer: The answer.
        coming: The body.
        seconds: For how long what comes of it is taken in.
    """

    def __init__(
        self, answer: Response, coming: Incoming, *, seconds: float = LEFT_SECONDS
    ) -> None:
        super().__init__(answer.body, answer.status_code)
        self.raw_headers = [*answer.raw_headers, _CLOSED]
        self._spend = partial(spend, coming, size=LEFT_BYTES, seconds=seconds)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers = self.status_code, self.raw_headers
        kind = "http.response.start", "http.response.body"
        await send({"type": kind[0], "status": status, "headers": headers})
        await send({"type": kind[1], "body": self.body, "more_body": True})
        await self._spend()
        await send({"type": kind[1], "body": b"", "more_body": False})


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


async def spend(
    receive: Receive, *, size: int = SPENT_BYTES, seconds: float = SPENT_SECONDS
) -> None:
    """Take in and forget what is left of a body, within reason.

    The server closes a connection that is not to be kept once it has answered; were
    the body still on its way, its sender would see that and not the answer.

    Args:
        receive: Where it comes from.
        size: How many bytes of it are taken in at most.
        seconds: For how long, if there is no pause of `PAUSE_SECONDS` before.
    """
    spent, more = 0, True
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(seconds):
            while more and spent <= size:
                async with asyncio.timeout(PAUSE_SECONDS):
                    message = await receive()
                spent += len(_chunk(message))
                more = message.get("more_body", False)


async def in_time(
    reading: Coroutine[object, None, bytes],
    seconds: float,
    *,
    on_wait: Callable[[Callable[[], None]], None] | None = None,
) -> bytes:
    """Await a reading; `TimeoutError` if it does not end in time.

    Args:
        reading: The reading.
        seconds: The time.
        on_wait: Given, if the reading has to be waited for, what ends its time at once.

    Most bodies are here when they are asked for. The time is taken only of those that
    are not: to begin and end a time-out costs more than to parse a message.
    """
    try:
        awaited = reading.send(None)
    except StopIteration as done:
        whole: bytes = done.value
        return whole
    async with asyncio.timeout(seconds) as limit:
        if on_wait is not None:
            on_wait(partial(_end, limit))
        return await _resumed(reading, awaited)


def _end(limit: asyncio.Timeout) -> None:
    if not limit.expired():  # By itself, at the same moment.
        limit.reschedule(asyncio.get_running_loop().time())


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
