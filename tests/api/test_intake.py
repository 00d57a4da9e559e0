"""Bytes as they come from a server, or do not."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from gateway.api import intake
from gateway.domain.errors import PayloadTooLarge

CHUNKED: Scope = {"headers": [(b"transfer-encoding", b"chunked")]}


def receiving(messages: Iterator[Message]) -> Receive:
    """Return the server's side of a request that has these messages."""

    async def receive() -> Message:
        return next(messages)

    return receive


def chunk(body: bytes, *, more: bool = True) -> Message:
    """Return a piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_pieces_is_one() -> None:
    """However it was cut."""
    coming = iter([chunk(b"ab"), chunk(b""), chunk(b"c", more=False)])

    assert await intake.read_bytes(receiving(coming), 3) == b"abc"


async def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    """What is beyond the limit is left where it is."""
    coming = iter([chunk(b"ab"), chunk(b"cd"), chunk(b"ef"), chunk(b"g", more=False)])

    with pytest.raises(PayloadTooLarge):
        await intake.read_bytes(receiving(coming), 3)

    assert next(coming) == chunk(b"ef")


async def test_a_caller_that_hangs_up_is_not_waited_for() -> None:
    """Half a body is nobody's request."""
    coming = iter([chunk(b"a"), {"type": "http.disconnect"}])

    with pytest.raises(ClientDisconnect):
        await intake.read_bytes(receiving(coming), 10)


async def test_a_stream_is_held_to_the_limit_as_well() -> None:
    """It ends where the limit is passed."""
    coming = iter([chunk(b"ab"), chunk(b"cd"), chunk(b"e", more=False)])
    seen: list[bytes] = []

    with pytest.raises(PayloadTooLarge):
        seen.extend([each async for each in intake.stream(receiving(coming), 3)])

    assert next(coming) == chunk(b"e", more=False)


async def test_a_body_is_spent_up_to_a_bound() -> None:
    """Whoever sends without end is not listened to without end."""
    size = intake.SPENT_BYTES // 2 + 1
    coming = iter([chunk(bytes(size))] * 10)

    await intake.spend(receiving(coming))

    assert len(list(coming)) == 8


async def test_a_body_is_spent_for_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends when the time is over, or before if nothing more comes."""
    monkeypatch.setattr(intake, "PAUSE_SECONDS", 0.01)

    async def never() -> Message:
        await asyncio.Event().wait()
        return chunk(b"")

    async with asyncio.timeout(5):
        await intake.spend(never, seconds=60)


async def test_spending_ends_with_whoever_hangs_up() -> None:
    """There is nobody left to answer."""
    coming = iter([chunk(b"a"), {"type": "http.disconnect"}, chunk(b"b")])

    await intake.spend(receiving(coming))

    assert next(coming) == chunk(b"b")


@pytest.mark.parametrize(
    ("headers", "announced", "is_over"),
    [
        ([], None, True),
        ([(b"content-length", b"0")], 0, True),
        ([(b"content-length", b"12")], 12, False),
        ([(b"transfer-encoding", b"chunked")], None, False),
    ],
)
async def test_a_head_tells_whether_a_body_will_come(
    headers: list[tuple[bytes, bytes]], announced: int | None, *, is_over: bool
) -> None:
    """And how large it is, unless it comes in chunks."""
    coming = intake.Incoming({"headers": headers}, receiving(iter([])))

    assert (coming.announced, coming.is_over) == (announced, is_over)


@pytest.mark.parametrize("last", [chunk(b"b", more=False), {"type": "http.disconnect"}])
async def test_a_body_is_over_with_its_last_piece(last: Message) -> None:
    """Or when whoever sent it hangs up."""
    coming = intake.Incoming(CHUNKED, receiving(iter([chunk(b"a"), last])))

    seen = [(await coming(), coming.is_over) for _ in range(2)]

    assert seen == [(chunk(b"a"), False), (last, True)]


async def test_an_early_answer_does_not_wait_for_the_body() -> None:
    """It is whole before the first piece is taken in; then the connection closes."""
    told: list[object] = []
    pieces = iter([chunk(b"a"), chunk(b"b", more=False)])

    async def receive() -> Message:
        told.append("a piece")
        return next(pieces)

    async def send(message: Message) -> None:
        told.append((message["type"], message.get("body"), message.get("more_body")))
        if "headers" in message:
            assert (b"connection", b"close") in message["headers"]

    answer = intake.Early(Response(b"no", 503), intake.Incoming(CHUNKED, receive))
    await answer(CHUNKED, receive, send)

    assert told == [
        ("http.response.start", None, None),
        ("http.response.body", b"no", True),
        "a piece",
        "a piece",
        ("http.response.body", b"", False),
    ]


async def test_what_is_here_already_is_not_timed() -> None:
    """A reading that awaits nothing has all the time there is."""
    coming = iter([chunk(b"abc", more=False)])

    assert await intake.in_time(intake.read_bytes(receiving(coming), 9), 0) == b"abc"


async def test_what_does_not_come_in_time_is_given_up() -> None:
    """And its reading is ended."""
    ended = asyncio.Event()

    async def never() -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return b""

    with pytest.raises(TimeoutError):
        await intake.in_time(never(), 0.01)

    assert ended.is_set()


async def test_the_time_of_a_reading_may_be_ended() -> None:
    """Before it is over; while it ends by itself that changes nothing."""
    ends: list[Callable[[], None]] = []

    async def never() -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            ends[0]()
        return b""

    def on_wait(end: Callable[[], None]) -> None:
        ends.append(end)
        asyncio.get_running_loop().call_soon(end)

    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            await intake.in_time(never(), 60, on_wait=on_wait)


async def test_a_reading_that_awaits_nothing_has_no_time_to_end() -> None:
    """Nobody is told of one."""
    ends: list[Callable[[], None]] = []
    coming = iter([chunk(b"abc", more=False)])
    reading = intake.read_bytes(receiving(coming), 9)

    assert await intake.in_time(reading, 60, on_wait=ends.append) == b"abc"
    assert ends == []
