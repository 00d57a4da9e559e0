"""The sender's connections: kept, found dead, given up, and asked at once."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.delivery.ports import Request
from gateway.domain.model import ErrorClass
from gateway.egress.guard import EgressPolicy
from gateway.egress.names import SocketAddress
from gateway.egress.sender import HttpSender
from gateway.system import SystemClock
from tests.egress.names import answering
from tests.fakes.receiver import Answer, Receiver, hang, leave, reset

DEVELOPMENT = EgressPolicy().for_development()
PATIENCE_S = 5
SHORT = timedelta(milliseconds=100)  # The time-out of a test that runs into it.


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    """Open a sender that may call this machine."""
    async with HttpSender(DEVELOPMENT, SystemClock()) as opened:
        yield opened


def a_request(url: str, body: bytes = b"{}") -> Request:
    """Return a request."""
    return Request(url, {"webhook-id": "evt_1"}, body)


@pytest.mark.parametrize("behave", [leave, reset])
async def test_a_kept_connection_that_died_is_replaced_once(
    sender: HttpSender, behave: object
) -> None:
    """The request is written again, to a new connection, under the same id."""
    async with Receiver(200, Answer(behave=behave)) as receiver:  # type: ignore[arg-type]  # as parametrized
        await sender.send(a_request(receiver.url))

        outcome = await sender.send(a_request(receiver.url))

        assert [each.connection for each in receiver.requests] == [1, 1, 2]
        assert {each.headers["webhook-id"] for each in receiver.requests} == {"evt_1"}
    assert (outcome.status, outcome.error_class) == (200, None)


async def test_a_new_connection_that_dies_is_not_replaced(sender: HttpSender) -> None:
    """Whoever closes each connection without an answer is asked twice at most."""
    gone = Answer(behave=leave)
    async with Receiver(200, gone, gone) as receiver:
        await sender.send(a_request(receiver.url))

        outcome = await sender.send(a_request(receiver.url))

        assert len(receiver.requests) == 3
    assert outcome.error_class is ErrorClass.CONNECTION_RESET


async def test_an_answer_that_began_is_not_asked_for_again(sender: HttpSender) -> None:
    """A kept connection that said a byte was alive; its failure counts."""

    async def stammer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"H")
        await writer.drain()

    async with Receiver(200, Answer(behave=stammer)) as receiver:
        await sender.send(a_request(receiver.url))

        outcome = await sender.send(a_request(receiver.url))

        assert len(receiver.requests) == 2
    assert (outcome.status, outcome.error_class) == (None, ErrorClass.CONNECTION_RESET)


async def test_a_request_given_up_closes_its_connection(sender: HttpSender) -> None:
    """Whoever cancels leaves nothing open, and the next has a connection of its own."""
    async with Receiver(Answer(behave=hang)) as receiver, asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(sender.send(a_request(receiver.url)))
        await receiver.received()

        sending.cancel()
        outcome = await sender.send(a_request(receiver.url))

        assert receiver.connections == 2
    assert sending.cancelled()
    assert outcome.status == 200


async def test_closing_ends_what_is_under_way() -> None:
    """A request whose sender is closed has an outcome too."""
    async with (
        Receiver(Answer(behave=hang)) as receiver,
        asyncio.TaskGroup() as tasks,
        HttpSender(DEVELOPMENT, SystemClock()) as sender,
    ):
        sending = tasks.create_task(sender.send(a_request(receiver.url)))
        await receiver.received()

    assert sending.result().error_class is ErrorClass.CONNECTION_RESET


async def test_a_body_of_megabytes_arrives(sender: HttpSender) -> None:
    """What the socket does not take at once is sent as it can be."""
    body = bytes(range(256)) * 20_000
    async with Receiver() as receiver:
        outcome = await sender.send(a_request(receiver.url, body))

        assert receiver.requests[0].body == body
    assert outcome.status == 200


async def test_an_early_answer_counts(sender: HttpSender) -> None:
    """A receiver need not read a request to refuse it; the rest of it is not sent."""

    async def refuse(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await gone.wait()
        writer.transport.abort()
        left.set()

    gone, left = asyncio.Event(), asyncio.Event()
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        outcome = await sender.send(
            a_request(f"http://127.0.0.1:{port}/", bytes(20_000_000))
        )
        gone.set()
        await left.wait()

    assert outcome.status == 413


async def test_many_are_asked_at_once(sender: HttpSender) -> None:
    """Requests to one receiver do not wait for each other."""
    together = asyncio.Event()
    answer = Answer(when=together)
    async with Receiver(default=answer) as receiver, asyncio.TaskGroup() as tasks:
        sending = [
            tasks.create_task(sender.send(a_request(receiver.url))) for _ in range(50)
        ]
        await receiver.received(50)
        together.set()

    assert [each.result().status for each in sending] == [200] * 50


async def test_the_time_out_covers_the_lookup() -> None:
    """Name servers that do not answer end with the time of the request."""
    may_answer = threading.Event()

    def look_up(_: str, port: int) -> list[SocketAddress]:
        may_answer.wait(PATIENCE_S)
        return [("127.0.0.1", port)]

    async with HttpSender(DEVELOPMENT, SystemClock(), look_up=look_up) as sender:
        request = replace(a_request("http://slow.example:9/"), timeout=SHORT)

        outcome = await sender.send(request)
        may_answer.set()

    assert outcome.error_class is ErrorClass.TIMEOUT_TOTAL


async def test_names_that_share_an_address_share_no_connection() -> None:
    """A connection belongs to the name that it was dialled for."""
    names = answering("127.0.0.1")
    async with (
        Receiver() as receiver,
        HttpSender(DEVELOPMENT, SystemClock(), look_up=names) as sender,
    ):
        for host in ("a.example", "b.example", "a.example"):
            await sender.send(a_request(f"http://{host}:{receiver.port}/"))

        assert [each.connection for each in receiver.requests] == [1, 2, 1]
        assert receiver.requests[1].headers["host"] == f"b.example:{receiver.port}"
