"""An answer that goes on: what is written to a reader of the log until it ends."""

import asyncio
from typing import TYPE_CHECKING, Final, assert_never

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gateway.api.framing import Framing
from gateway.bridge.places import Start
from gateway.bridge.ports import Clock, Meter
from gateway.bridge.reader import Chunk, Ended, Ping, Reader, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

# What a server may offer in the scope's extensions: to end a connection at once,
# without writing out what is left. A reader that does not read would hold it for ever.
ABORT: Final = "gateway.abort"
PIECE_BYTES: Final = 65_536  # Written at a time; more would wait in memory.


class Streaming(Response):
    """Writes events until the reader leaves, lags or the gateway stops.

    Args:
        reader: Who reads; it is closed at the end.
        framing: How events are written.
        begin: Where it begins.
        clock: Says since when something is being written.
        meter: Where it is told how it ended.
        is_head: Whether the headers are all that is asked for.
    """

    def __init__(
        self,
        reader: Reader,
        framing: Framing,
        begin: Start,
        clock: Clock,
        meter: Meter,
        *,
        is_head: bool = False,
    ) -> None:
        super().__init__(
            headers={"X-Accel-Buffering": "no"},
            media_type=framing.media_type,
        )
        del self.headers["content-length"]
        # As it is: of text, Starlette would name the charset, and this type has one.
        self.headers["content-type"] = framing.media_type
        self._reader = reader
        self._framing = framing
        self._begin = begin
        self._clock = clock
        self._meter = meter
        self._is_head = is_head

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reader = self._reader
        facts = {
            "kind": self._framing.media_type,
            "key_id": scope.get("state", {}).get("key_id"),
        }
        self._meter.info("stream.opened", **facts, cursor=reader.cursor)
        try:
            await self._serve(scope, receive, send)
        finally:
            reader.close()
            self._meter.info(
                "stream.closed",
                **facts,
                cursor=reader.cursor,
                reason=reader.reason or Reason.GONE,
                events=reader.events,
            )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        abort: Callable[[], None] | None = scope.get("extensions", {}).get(ABORT)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch(receive, self._reader))
            try:
                async with asyncio.timeout(None) as limit:
                    loop = asyncio.get_running_loop()
                    self._reader.on_cut = lambda: limit.reschedule(loop.time())
                    await self._write(send)
            except TimeoutError:  # Nothing more can be written.
                if abort is not None:
                    abort()
                    await watching
            finally:
                self._reader.on_cut = None
                watching.cancel()

    async def _write(self, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        if self._is_head:
            await self._put(send, b"", is_last=True)
            return
        reader = self._reader
        opened = {
            "head": reader.head,
            "recovered": self._begin.is_recovered,
            "missed": self._begin.missed,
        }
        await self._say(send, "stream.open", opened)
        while True:
            following = await reader.next(self._framing)
            match following:
                case Chunk():
                    await self._put(send, following.content)
                case Ping():
                    await self._say(send, "stream.ping", {})
                case Ended(Reason.GONE):
                    return
                case Ended(Reason.LAGGED):
                    await self._say(
                        send, "stream.lagged", {"cursor": reader.cursor}, is_last=True
                    )
                    return
                case Ended(reason):
                    await self._say(
                        send, "stream.close", {"reason": reason.value}, is_last=True
                    )
                    return
                case _:
                    assert_never(following)

    async def _say(
        self, send: Send, name: str, facts: dict[str, object], *, is_last: bool = False
    ) -> None:
        line = self._framing.control(name, self._reader.cursor, facts)
        await self._put(send, line, is_last=is_last)

    async def _put(self, send: Send, content: bytes, *, is_last: bool = False) -> None:
        """Write, in pieces: the next is begun when there is room for it."""
        for first in range(0, len(content) or 1, PIECE_BYTES):
            self._reader.writes(self._clock.monotonic())
            piece = content[first : first + PIECE_BYTES]
            more = not is_last or first + PIECE_BYTES < len(content)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
        self._reader.writes(None)


async def watch(receive: Receive, reader: Reader) -> None:
    """End a reading when its connection does."""
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.end(Reason.GONE)
