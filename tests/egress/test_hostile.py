"""Hostile receivers on real sockets: each costs a bounded time and little memory."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from gateway.delivery.ports import Request
from gateway.domain.model import ErrorClass
from gateway.egress.answer import MAX_ANSWER_BYTES
from gateway.egress.guard import EgressPolicy
from gateway.egress.sender import HttpSender
from gateway.system import SystemClock
from tests.fakes.receiver import Answer, Receiver, gzip_bomb, redirect

DEVELOPMENT = EgressPolicy().for_development()
SHORT = timedelta(milliseconds=200)  # The time-out of a test that runs into it.
LONGER = timedelta(seconds=1)  # Enough for what is said before it.
PATIENCE_S = 10
FLAT_BYTES = 4_000_000  # What an answer may cost; each of them would be endless.

OK = b"HTTP/1.1 200 OK\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    """Open a sender that may call this machine."""
    async with HttpSender(DEVELOPMENT, SystemClock()) as opened:
        yield opened


def a_request(url: str, timeout: timedelta = timedelta(seconds=PATIENCE_S)) -> Request:
    """Return a request."""
    return Request(url, {"webhook-id": "evt_1"}, b"{}", timeout)


@dataclass(slots=True)
class Torrent:
    """Says one thing and then another for ever, and notes when it is left.

    Attributes:
        said_bytes: How much it could say before that.
        is_left: Set when the other side has closed the connection.
    """

    first: bytes
    then: bytes
    said_bytes: int = 0
    is_left: asyncio.Event = field(default_factory=asyncio.Event)

    async def behave(self, writer: asyncio.StreamWriter) -> None:
        """Write until nobody reads."""
        writer.write(self.first)
        try:
            while True:
                writer.write(self.then)
                await writer.drain()
                self.said_bytes += len(self.then)
        except ConnectionError:
            self.is_left.set()


def saying(data: bytes) -> Behaviour:
    """Return a receiver that says this and closes the connection."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return behave


def saying_and_waiting(data: bytes) -> Behaviour:
    """Return a receiver that says this and then nothing more."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.Event().wait()

    return behave


@pytest.mark.parametrize(
    ("first", "then", "status", "expected"),
    [
        (OK + b"\r\n", bytes(1000), 200, None),
        (OK + b"Content-Length: 9999999999\r\n\r\n", bytes(1000), 200, None),
        (CHUNKED, b"1\r\nx\r\n" * 1000, 200, None),
        (CHUNKED, b"3e8\r\n" + bytes(1000) + b"\r\n", 200, None),
        (CHUNKED + b"1;", b"x" * 1000, 200, ErrorClass.CONNECTION_RESET),
        (CHUNKED + b"0\r\n", b"X: y\r\n" * 100, 200, ErrorClass.CONNECTION_RESET),
        (CHUNKED + b"0\r\nX: ", b"y" * 1000, 200, ErrorClass.CONNECTION_RESET),
        (CHUNKED, b"0" * 1000, 200, ErrorClass.CONNECTION_RESET),
        (OK, b"X: y\r\n" * 100, None, ErrorClass.HTTP_STATUS),
        (OK + b"X: ", b"y" * 1000, None, ErrorClass.HTTP_STATUS),
        (OK, b"x" * 1000, None, ErrorClass.HTTP_STATUS),
        (b"HTTP/1.1 200 ", b"O" * 1000, None, ErrorClass.HTTP_STATUS),
        (b"", b"\r\n" * 1000, None, ErrorClass.HTTP_STATUS),
        (b"", CONTINUE * 40, None, ErrorClass.HTTP_STATUS),
        (b"", HINTS * 40, None, ErrorClass.HTTP_STATUS),
        (b"", b"SSH-2.0-OpenSSH_9.2\r\n" * 50, None, ErrorClass.HTTP_STATUS),
        (b"", b"\0" * 1000, None, ErrorClass.HTTP_STATUS),
    ],
)
async def test_what_never_ends_is_left(
    sender: HttpSender,
    first: bytes,
    then: bytes,
    status: int | None,
    expected: ErrorClass | None,
) -> None:
    """Long before time is up the connection is closed, and little was kept."""
    torrent = Torrent(first, then)
    async with Receiver(Answer(behave=torrent.behave)) as receiver:
        tracemalloc.start()
        outcome = await sender.send(a_request(receiver.url))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        async with asyncio.timeout(PATIENCE_S):
            await torrent.is_left.wait()
    assert (outcome.status, outcome.error_class) == (status, expected)
    assert len(outcome.body) <= MAX_ANSWER_BYTES
    assert peak_bytes < FLAT_BYTES


async def test_a_gzip_bomb_is_left_as_it_is(sender: HttpSender) -> None:
    """Of 200 MB in 194 kB, 16 KiB are read, nothing is unpacked, and we are gone."""
    bomb = gzip_bomb().body
    head = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    torrent = Torrent(OK + head + bomb, bomb)
    async with Receiver(Answer(behave=torrent.behave)) as receiver:
        tracemalloc.start()
        outcome = await sender.send(a_request(receiver.url))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        async with asyncio.timeout(PATIENCE_S):
            await torrent.is_left.wait()
    assert (outcome.status, outcome.error_class) == (200, None)
    assert outcome.body == bomb[:MAX_ANSWER_BYTES]
    assert peak_bytes < FLAT_BYTES


@pytest.mark.parametrize(
    ("data", "status", "expected"),
    [
        (OK + b"\r\nwhole", 200, None),
        (b"HTTP/1.0 200 OK\r\n\r\nwhole", 200, None),
        (OK + b"Content-Length: 9\r\n\r\nwhole", 200, ErrorClass.CONNECTION_RESET),
        (CHUNKED + b"5\r\nwhole\r\n", 200, ErrorClass.CONNECTION_RESET),
        (CHUNKED + b"5\r\nwholesome\r\n", 200, ErrorClass.CONNECTION_RESET),
        (CHUNKED + b"zz\r\nwhole\r\n", 200, ErrorClass.CONNECTION_RESET),
        (CHUNKED + b"-5\r\nwhole\r\n", 200, ErrorClass.CONNECTION_RESET),
        (
            OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nwhole",
            None,
            ErrorClass.HTTP_STATUS,
        ),
        (
            OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nwhole",
            None,
            ErrorClass.HTTP_STATUS,
        ),
        (OK + b"X: " + b"y" * 9000 + b"\r\n\r\n", None, ErrorClass.HTTP_STATUS),
        (b"HTTP/1.1 OK 200\r\n\r\n", None, ErrorClass.HTTP_STATUS),
        (b"HTTP/1.1 20\r\n\r\n", None, ErrorClass.HTTP_STATUS),
        (b"<html>", None, ErrorClass.HTTP_STATUS),
        (b"\x15\x03\x01\x00\x02\x02\x0a", None, ErrorClass.HTTP_STATUS),
        (OK + b"X: y", None, ErrorClass.CONNECTION_RESET),
        (CONTINUE, None, ErrorClass.CONNECTION_RESET),
    ],
)
async def test_what_is_said_and_left_has_its_class(
    sender: HttpSender, data: bytes, status: int | None, expected: ErrorClass | None
) -> None:
    """Each answer has the one class that it will always have."""
    async with Receiver(Answer(behave=saying(data))) as receiver:
        outcome = await sender.send(a_request(receiver.url))

    assert (outcome.status, outcome.error_class) == (status, expected)


async def test_what_stops_in_the_middle_is_left_when_time_is_up(
    sender: HttpSender,
) -> None:
    """Wherever an answer stops, the time-out of the whole ends it."""
    stops = {
        b"": None,
        b"HTTP/1.1": None,
        OK: None,
        OK + b"X: y\r\n": None,
        CONTINUE: None,
        OK + b"Content-Length: 2\r\n\r\na": 200,
        OK + b"\r\na": 200,
        CHUNKED + b"1\r\na\r\n": 200,
    }

    async with AsyncExitStack() as stack:
        receivers = [
            await stack.enter_async_context(
                Receiver(Answer(behave=saying_and_waiting(data)))
            )
            for data in stops
        ]
        outcomes = await asyncio.gather(
            *(sender.send(a_request(each.url, LONGER)) for each in receivers)
        )

    assert [each.status for each in outcomes] == list(stops.values())
    assert {each.error_class for each in outcomes} == {ErrorClass.TIMEOUT_TOTAL}


async def test_a_request_that_nobody_reads_is_left_when_time_is_up(
    sender: HttpSender,
) -> None:
    """A receiver that takes the connection and nothing else does not keep it."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"

        outcome = await sender.send(Request(url, {}, bytes(30_000_000), SHORT))

        assert sender._pool is not None
        assert not any(each.is_open for each in sender._pool._open)
    assert outcome.error_class is ErrorClass.TIMEOUT_TOTAL


async def test_a_redirect_inside_is_not_followed(sender: HttpSender) -> None:
    """Also where the target might be called, a redirect is an answer and no more."""
    async with Receiver() as inner:
        answers = [
            redirect(302, inner.url),
            redirect(307, f"//127.0.0.1:{inner.port}/"),
            Answer(status=200, headers={"Refresh": f"0; url={inner.url}"}),
            Answer(status=300, headers={"Alt-Svc": f'h2="127.0.0.1:{inner.port}"'}),
        ]
        async with Receiver(*answers) as receiver:
            outcomes = [await sender.send(a_request(receiver.url)) for _ in answers]

        assert inner.connections == 0
    assert [each.status for each in outcomes] == [302, 307, 200, 300]


async def test_an_answer_for_the_next_request_is_not_taken(sender: HttpSender) -> None:
    """A receiver that sends two answers at once cannot answer in advance."""
    two = OK + b"Content-Length: 0\r\n\r\n" + b"HTTP/1.1 201 Next\r\n\r\n"
    async with Receiver(Answer(behave=saying_and_waiting(two)), 500) as receiver:
        first = await sender.send(a_request(receiver.url))
        second = await sender.send(a_request(receiver.url))

        assert receiver.connections == 2
    assert (first.status, second.status) == (200, 500)
