"""Opening the WebSocket, and giving up on it."""

import asyncio

import pytest

from gateway.room.errors import JoinFailed, Unreachable, UpgradeRefused
from gateway.room.protocol.options import RoomOptions
from gateway.room.transport import Interruptible, dial
from tests.fakes.room_server import RoomServer

OPTIONS = RoomOptions(connect_timeout_s=0.2, close_timeout_s=0.2)


async def test_the_token_goes_into_the_header_only() -> None:
    """Query strings end up in logs."""
    async with RoomServer().running() as server:
        socket = await dial(server.url, "t.t.t", OPTIONS)
        visit = await server.visit()
        await socket.close()

        assert visit.authorization == "Bearer t.t.t"
        assert visit.path == "/rooms/lobby"


@pytest.mark.parametrize(
    ("header", "expected"),
    [("7", 7.0), ("999999", 3600.0), ("soon", None), ("-1", None), ("1.5", None)],
)
async def test_a_refusal_has_status_and_patience(
    header: str, expected: float | None
) -> None:
    """Only whole seconds are understood, and an hour is the most."""
    server = RoomServer()
    server.refuse(503, Retry_After=header)

    async with server.running():
        with pytest.raises(UpgradeRefused) as caught:
            await dial(server.url, "t", OPTIONS)

    assert (caught.value.status, caught.value.retry_after_s) == (503, expected)


async def test_a_refusal_may_name_no_time() -> None:
    """Most do not."""
    server = RoomServer()
    server.refuse(404)

    async with server.running():
        with pytest.raises(UpgradeRefused) as caught:
            await dial(server.url, "t", OPTIONS)

    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:1/", f"ws://{'a' * 64}.invalid/", "ftp://127.0.0.1/"]
)
async def test_what_cannot_be_reached_is_named(url: str) -> None:
    """A closed port, a name that is none, a URL that is none."""
    with pytest.raises(Unreachable):
        await dial(url, "t", OPTIONS)


async def test_a_server_that_speaks_no_http_is_unreachable() -> None:
    """So is one that hangs up."""

    class Rude(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:  # type: ignore[explicit-override] # typing.override needs 3.12
            transport.close()

    loop = asyncio.get_running_loop()
    async with await loop.create_server(Rude, "127.0.0.1", 0) as rude:
        port = rude.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable):
            await dial(f"ws://127.0.0.1:{port}", "t", OPTIONS)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (503, "Retry-After: 1\r\nRetry-After: 2\r\n"),
        (302, "Location: /a\r\nLocation: /b\r\n"),
        (302, "Location: ws://[not-an-address/\r\n"),
        (302, "Location: ws://127.0.0.1:99999999/\r\n"),
    ],
)
async def test_a_refusal_with_odd_headers_is_a_failed_attempt(
    status: int, headers: str
) -> None:
    """A header that comes twice, or leads nowhere, must not end the client."""
    answer = f"HTTP/1.1 {status} No\r\n{headers}Content-Length: 0\r\n\r\n".encode()

    class Odd(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:  # type: ignore[explicit-override] # typing.override needs 3.12
            assert isinstance(transport, asyncio.Transport)
            transport.write(answer)

    loop = asyncio.get_running_loop()
    async with await loop.create_server(Odd, "127.0.0.1", 0) as odd:
        port = odd.sockets[0].getsockname()[1]
        with pytest.raises(JoinFailed):
            await dial(f"ws://127.0.0.1:{port}/", "t", OPTIONS)


async def test_a_server_that_says_nothing_is_given_up() -> None:
    """The connect time-out covers the upgrade."""
    loop = asyncio.get_running_loop()
    async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="in time"):
            await dial(f"ws://127.0.0.1:{port}", "t", OPTIONS)


async def test_a_stretch_that_is_cut_ends_without_an_error() -> None:
    """What follows the wait in the block does not happen; cutting twice is once."""
    waiting = Interruptible()
    reached = []

    def cut() -> None:
        waiting.cut()

    async with asyncio.timeout(5), waiting:
        loop = asyncio.get_running_loop()
        loop.call_soon(cut)
        loop.call_soon(cut)
        await asyncio.Event().wait()
        reached.append("after the wait")

    assert reached == []


async def test_a_cut_outside_a_stretch_is_nothing() -> None:
    """It is not kept for the next one."""
    waiting = Interruptible()

    waiting.cut()
    async with waiting:
        pass
    waiting.cut()

    assert await waiting.__aexit__(None, None, None) is False


async def test_errors_leave_a_stretch_as_they_are() -> None:
    """Only the cut is swallowed."""
    with pytest.raises(TimeoutError):
        async with Interruptible():
            raise TimeoutError
