"""Starting, killing and restarting the server."""

import pytest
from websockets.exceptions import ConnectionClosedError

from gateway.emulator import EchoMember, Emulator, EmulatorServer, PortTaken
from tests.fakes.wire_client import dialled, joined, present


async def test_a_free_port_is_found_and_said() -> None:
    """Port 0 takes any; the addresses name the one that was taken."""
    async with EmulatorServer() as server:
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert server.ws_url == f"ws://127.0.0.1:{server.port}"


async def test_a_taken_port_is_one_clear_error(server: EmulatorServer) -> None:
    """The error names the address, and the first server goes on."""
    with pytest.raises(PortTaken, match=f"127.0.0.1:{server.port}") as caught:
        async with EmulatorServer(port=server.port):
            pass

    assert caught.value.port == server.port
    async with joined(server.ws_url, "a", server.emulator.mint("a", "b")) as client:
        assert client.id


async def test_a_killed_server_drops_everyone_without_a_close_frame(
    server: EmulatorServer,
) -> None:
    """Official Python clients come back only after such a loss."""
    token = server.emulator.mint("lobby", "alice")
    async with joined(server.ws_url, "lobby", token) as client:
        await server.kill()
        with pytest.raises(ConnectionClosedError) as caught:
            await client.next()

    assert caught.value.rcvd is None
    assert server.emulator.rooms["lobby"].members == ()


async def test_a_killed_server_listens_no_more(server: EmulatorServer) -> None:
    """Connecting fails until it is started again, and killing twice is once."""
    token = server.emulator.mint("lobby", "alice")
    await server.kill()
    await server.kill()

    with pytest.raises(ConnectionRefusedError):
        async with dialled(server.ws_url, "lobby", token):
            pass


async def test_a_restarted_server_keeps_its_port_and_renews_everybodys_id() -> None:
    """Tokens stay good; who was inside the process is back with another id."""
    emulator = Emulator()
    echo = EchoMember()
    emulator.add(echo, room="lobby")
    token = emulator.mint("lobby", "alice")
    async with EmulatorServer(emulator) as server:
        port, echo_id = server.port, echo.id
        session_id = emulator.rooms["lobby"].session_id
        async with present(server.ws_url, "lobby", token) as before:
            await server.restart()
        async with joined(server.ws_url, "lobby", token) as after:
            there = await after.enable()

        assert server.port == port
        assert after.id != before.id
        assert there == [echo.member.card]
        assert echo.id != echo_id
        assert emulator.rooms["lobby"].session_id != session_id


async def test_the_end_drops_whoever_is_connected() -> None:
    """Leaving the block closes every connection at once, idle HTTP ones included."""
    server = EmulatorServer()
    async with server:
        token = server.emulator.mint("lobby", "alice")
        client = dialled(server.ws_url, "lobby", token)
        entered = await client.__aenter__()
        await entered.welcomed()

    with pytest.raises(ConnectionClosedError):
        await entered.next()
    await client.__aexit__(None, None, None)
