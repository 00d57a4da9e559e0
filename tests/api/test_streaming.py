"""What is written to a reader until it ends, over a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from starlette.types import Message, Scope

from gateway.api.framing import ServerSentEvents
from gateway.api.streaming import ABORT, PIECE_BYTES, Streaming
from gateway.bridge.places import Start
from gateway.bridge.streams import StreamOptions
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import EventType
from gateway.domain.routing import EVERYTHING
from tests.fakes.bridge import KEY, LineMeter
from tests.fakes.clock import settle
from tests.fakes.event_source import streaming
from tests.fakes.log_server import readers, serving
from tests.fakes.reading_log import ReadLog, reading

NDJSON = "application/x-ndjson"
LARGE = "x" * 200_000


async def test_a_replay_comes_before_what_is_live() -> None:
    """Each event once, while others are appended."""
    log = ReadLog()
    for number in range(150):
        await log.say(str(number))
    async with (
        serving(log) as call,
        streaming(f"{call.url}/events?since=earliest") as source,
    ):
        await source.next()
        for number in range(150, 300):
            await log.say(str(number))
        heard = await source.texts(300)

    assert heard == [str(number) for number in range(300)]


async def test_a_large_event_is_written_in_pieces() -> None:
    """No more waits in memory for a slow reader than one of them."""
    log = ReadLog()
    async with serving(log) as call, streaming(f"{call.url}/events") as source:
        await source.next()
        await log.say(LARGE)
        heard = await source.texts(1)

    assert heard == [LARGE]
    assert len(LARGE) > 2 * PIECE_BYTES


async def test_a_silent_stream_is_pinged_with_where_it_is() -> None:
    """So that a reader of whom all is filtered out comes back to the right place."""
    log = ReadLog()
    async with (
        serving(log) as call,
        streaming(f"{call.url}/events?events=message.*") as source,
    ):
        await source.next()
        await readers(log, 1)
        await log.happen(EventType.ROOM_CONNECTED)
        await log.clock.advance(16)
        heard = await source.next()

    assert (heard.event, heard.id, heard.data) == ("stream.ping", "memory-1", "{}")


async def test_a_silent_stream_of_lines_is_pinged_too() -> None:
    """A line without an `id`."""
    log = ReadLog()
    async with serving(log) as call, streaming(f"{call.url}/events", NDJSON) as source:
        await source.line()
        await readers(log, 1)
        await log.clock.advance(16)

        assert await source.line() == {"type": "stream.ping", "cursor": "memory-0"}


@pytest.mark.parametrize("accept", ["text/event-stream", NDJSON])
async def test_a_stop_says_goodbye(accept: str) -> None:
    """At once, and the answer is whole."""
    log = ReadLog()
    async with serving(log) as call, streaming(f"{call.url}/events", accept) as source:
        await readers(log, 1)
        log.draining.set()
        rest = await source.rest()

    assert b"stream.close" in rest
    assert rest.rstrip().endswith(b'"reason":"shutting_down"}')
    assert len(log.streams) == 0


async def test_a_store_that_cannot_be_read_ends_the_stream() -> None:
    """Its reader comes back to where it was."""
    log = ReadLog()
    await log.say()
    log.store.history.error = StoreUnavailable("The store cannot be read.")
    async with (
        serving(log) as call,
        streaming(f"{call.url}/events?since=earliest") as source,
    ):
        await source.next()
        closed = await source.next()

    assert (closed.event, closed.id) == ("stream.close", "memory-0")
    assert closed.json == {"reason": "store_unavailable"}


class Slow:
    """A connection on which each write takes its time.

    Attributes:
        written: What went over it.
        is_over: Whether the answer came to its end.
    """

    def __init__(self, log: ReadLog, write_s: float) -> None:
        self.written = b""
        self.is_over = False
        self.aborted = asyncio.Event()
        self._log = log
        self._write_s = write_s

    async def send(self, message: Message) -> None:
        """Take a while."""
        if message["type"] == "http.response.body":
            await self._log.clock.sleep(self._write_s)
            self.written += message["body"]
            self.is_over = not message["more_body"]

    async def receive(self) -> Message:
        """Go when it is aborted."""
        await self.aborted.wait()
        return {"type": "http.disconnect"}

    async def stream(self) -> None:
        """Read the log over it from its beginning."""
        reader = self._log.streams.open("key_1", EVERYTHING, Start(0))
        framing = ServerSentEvents("memory")
        clock = self._log.clock
        answer = Streaming(reader, framing, Start(0), clock, LineMeter())
        extensions = {ABORT: self.aborted.set}
        scope: Scope = {"type": "http", "extensions": extensions}
        await answer(scope, self.receive, self.send)


async def test_whoever_stays_behind_the_tail_is_told_so_and_let_go() -> None:
    """The log still has what it missed, after the cursor that it is told."""
    log = ReadLog(StreamOptions(tail_events=2))
    slow = Slow(log, write_s=10)
    async with reading(log), asyncio.TaskGroup() as tasks:
        tasks.create_task(slow.stream())
        await log.clock.advance(12)
        for _ in range(6):
            await log.say(LARGE)
            await log.clock.advance(15)
        await log.clock.advance(60)

    assert slow.is_over
    *_, last = slow.written.decode().strip().split("\n\n")
    assert "event: stream.lagged\n" in last
    place = last.partition('{"cursor":"')[2].removesuffix('"}')
    assert last.startswith(f"id: {place}\n")


async def test_a_write_that_hangs_is_aborted() -> None:
    """What a server still has to write for it is not kept."""
    log = ReadLog()
    slow = Slow(log, write_s=1000)
    async with reading(log), asyncio.TaskGroup() as tasks:
        tasks.create_task(slow.stream())
        await log.clock.advance(29)
        is_early = slow.aborted.is_set()
        await log.clock.advance(3)

    assert (is_early, slow.aborted.is_set(), slow.written) == (False, True, b"")
    assert len(log.streams) == 0


async def test_a_reader_that_goes_is_let_go() -> None:
    """Its place is free, and the log says how many events it had."""
    log, meter = ReadLog(), LineMeter()
    async with serving(log, meter) as call:
        async with streaming(f"{call.url}/events") as source:
            await source.next()
            await log.say()
            await source.next()
        await readers(log, 0)

    (_, opened), (name, closed) = [
        line for line in meter.lines if line[0].startswith("stream.")
    ]
    assert opened["kind"] == "text/event-stream"
    assert (name, closed["reason"], closed["events"]) == ("stream.closed", "gone", 1)
    assert closed["cursor"] == "memory-1"


@asynccontextmanager
async def one_that_never_reads(url: str) -> AsyncIterator[socket.socket]:
    """Open a stream whose reader has a small buffer and takes nothing out of it."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    with socket.socket() as mute:
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        mute.setblocking(False)  # noqa: FBT003  # as sockets have it
        await loop.sock_connect(mute, (parts.hostname, parts.port))
        request = (
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {KEY}\r\nAccept: text/event-stream\r\n\r\n"
        )
        await loop.sock_sendall(mute, request.encode())
        yield mute


async def overflow(log: ReadLog) -> None:
    """Say so much that no buffer on the way holds it."""
    for _ in range(50):
        await log.say(LARGE)
        await settle(4)


async def test_one_that_never_reads_is_cut_off_and_nobody_waits_for_it() -> None:
    """Others have every event meanwhile; it is gone when its time is up."""
    log, meter = ReadLog(), LineMeter()
    async with (
        serving(log, meter) as call,
        one_that_never_reads(f"{call.url}/events") as mute,
        streaming(f"{call.url}/events") as source,
    ):
        await readers(log, 2)
        await source.next()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(overflow(log))
            heard = await source.texts(50)
        await log.clock.advance(45)
        await readers(log, 1)
        closed = [facts for name, facts in meter.lines if name == "stream.closed"]

        assert len(heard) == 50
        assert [each["reason"] for each in closed] == ["lagged"]
        assert mute.fileno() > 0


async def test_a_stop_does_not_wait_for_one_that_never_reads() -> None:
    """It is cut off when the time for a last word is over."""
    log = ReadLog()
    async with (
        serving(log) as call,
        one_that_never_reads(f"{call.url}/events"),
    ):
        await readers(log, 1)
        await overflow(log)
        log.draining.set()
        await log.clock.advance(0.4)
        await readers(log, 0)

    assert len(log.streams) == 0
