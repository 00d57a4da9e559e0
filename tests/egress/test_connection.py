"""Connections: what the other side does between and within answers."""

import asyncio
import ssl
from typing import cast

import pytest
from typing_extensions import override

from gateway.domain.model import ErrorClass
from gateway.egress.answer import Answer
from gateway.egress.connection import Connection
from gateway.egress.faults import BROKEN_OFF, NO_ANSWER, RESET, TIMEOUT_TOTAL, Failed
from gateway.egress.target import Origin

ORIGIN = Origin(is_tls=False, host="a.example", port=80)
LATER_S = 1e9  # Never, on the clock of an event loop.
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class Wire(asyncio.Transport):
    """A transport whose other side is the test."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.unsent_bytes = 0
        self.is_cut = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    @override
    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes

    @override
    def abort(self) -> None:
        self.is_cut = True


class Told:
    """Whoever is told of lost connections."""

    def __init__(self) -> None:
        self.lost: list[Connection] = []

    def connected(self) -> tuple[Connection, Wire]:
        """Return a connection on a wire."""
        connection, wire = Connection(ORIGIN, self.lost.append), Wire()
        connection.connection_made(wire)
        return connection, wire


async def test_a_request_is_one_write_and_its_answer_ends_it() -> None:
    """What is sent is what was given; the connection is then free again."""
    connection, wire = Told().connected()
    answer = Answer()

    waiting = connection.exchange(b"POST / HTTP/1.1\r\n\r\n", answer, until_s=LATER_S)
    busy = connection.is_reusable
    connection.data_received(NO_CONTENT)

    assert (wire.sent, busy) == (b"POST / HTTP/1.1\r\n\r\n", False)
    assert waiting.done()
    assert answer.status == 204
    assert connection.is_reusable


async def test_bytes_that_nobody_asked_for_close_it() -> None:
    """An answer before its request is not kept for the next one."""
    connection, wire = Told().connected()
    await _answered(connection)

    connection.data_received(NO_CONTENT)

    assert wire.is_cut
    assert not connection.is_open


async def test_what_comes_before_it_is_made_closes_it() -> None:
    """Whoever speaks as soon as TLS is agreed on has answered nobody."""
    connection, wire = Connection(ORIGIN, Told().lost.append), Wire()

    connection.data_received(NO_CONTENT)
    connection.connection_made(wire)

    assert wire.is_cut
    assert not connection.is_open


async def test_a_request_not_yet_sent_whole_keeps_it_from_use() -> None:
    """An answer before the end of the request leaves the rest of it on the way."""
    connection, wire = Told().connected()
    wire.unsent_bytes = 1

    await _answered(connection)

    assert not connection.is_reusable


@pytest.mark.parametrize(
    ("heard", "expected"), [(b"", NO_ANSWER), (b"HTTP/1.1 2", BROKEN_OFF)]
)
async def test_the_end_of_the_stream_fails_a_request(
    heard: bytes, expected: object
) -> None:
    """A connection that is closed is told by whether anything was heard."""
    connection, wire = Told().connected()
    waiting = connection.exchange(b"", Answer(), until_s=LATER_S)

    connection.data_received(heard)
    connection.eof_received()

    assert _failure(waiting).fault is expected
    assert wire.is_cut


@pytest.mark.parametrize(
    ("heard", "expected"), [(b"", RESET), (b"HTTP/1.1 2", BROKEN_OFF)]
)
async def test_a_broken_connection_fails_a_request(
    heard: bytes, expected: object
) -> None:
    """So is one that is reset; whoever keeps connections is told."""
    told = Told()
    connection, _ = told.connected()
    waiting = connection.exchange(b"", Answer(), until_s=LATER_S)

    connection.data_received(heard)
    connection.connection_lost(ConnectionResetError())

    assert _failure(waiting).fault is expected
    assert told.lost == [connection]
    assert connection.lost.done()


async def test_an_answer_without_length_ends_with_a_lost_connection() -> None:
    """TLS that is closed without a word ends such an answer too."""
    connection, _ = Told().connected()
    answer = Answer()
    waiting = connection.exchange(b"", answer, until_s=LATER_S)

    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nab")
    connection.connection_lost(None)
    await waiting

    assert (answer.status, bytes(answer.body)) == (200, b"ab")


async def test_a_request_ends_when_time_is_up() -> None:
    """What came before that is in the answer, and the connection is of no more use."""
    connection, _ = Told().connected()
    answer = Answer()

    waiting = connection.exchange(b"", answer, until_s=0.0)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
    with pytest.raises(Failed) as caught:
        await waiting

    assert caught.value.fault is TIMEOUT_TOTAL
    assert (answer.status, bytes(answer.body)) == (200, b"a")
    assert not connection.is_reusable


async def test_the_time_of_an_earlier_request_ends_no_later_one() -> None:
    """A timer that was set for the one leaves the other its own time."""
    connection, _ = Told().connected()
    await _answered(connection, until_s=0.0)
    waiting = connection.exchange(b"", Answer(), until_s=LATER_S)
    loop = asyncio.get_running_loop()
    rung = loop.create_future()

    loop.call_at(0.0, rung.set_result, None)  # After the timer of the first.
    await rung

    assert not waiting.done()
    connection.data_received(NO_CONTENT)
    await waiting


async def test_a_request_with_less_time_than_the_one_before_has_less() -> None:
    """It does not wait for a timer that was set for the other."""
    connection, _ = Told().connected()
    await _answered(connection)

    waiting = connection.exchange(b"", Answer(), until_s=0.0)

    async with asyncio.timeout(10):
        with pytest.raises(Failed) as caught:
            await waiting
    assert caught.value.fault is TIMEOUT_TOTAL


async def test_tls_that_fails_late_is_a_tls_error() -> None:
    """A receiver that misses our certificate says so after the handshake."""
    connection, _ = Told().connected()
    waiting = connection.exchange(b"", Answer(), until_s=LATER_S)

    connection.connection_lost(ssl.SSLError("certificate required"))

    with pytest.raises(ssl.SSLError):
        await waiting


async def test_a_lost_connection_takes_no_request() -> None:
    """The failure is the same as if it had been lost a moment later."""
    connection, _ = Told().connected()
    await _answered(connection)
    connection.eof_received()

    waiting = connection.exchange(b"", Answer(), until_s=LATER_S)

    assert _failure(waiting).fault is NO_ANSWER
    assert not connection.has_heard


async def test_a_request_that_was_given_up_keeps_it_from_use() -> None:
    """Its answer may still come, and must not be taken for the next one's."""
    connection, _ = Told().connected()
    waiting = connection.exchange(b"", Answer(), until_s=LATER_S)

    waiting.cancel()

    assert not connection.is_reusable
    connection.data_received(NO_CONTENT)


async def _answered(connection: Connection, *, until_s: float = LATER_S) -> None:
    waiting = connection.exchange(b"", Answer(), until_s=until_s)
    connection.data_received(NO_CONTENT)
    await waiting


def _failure(waiting: asyncio.Future[None]) -> Failed:
    failed = waiting.exception()
    assert cast("Failed", failed).fault.error_class is ErrorClass.CONNECTION_RESET
    return cast("Failed", failed)
