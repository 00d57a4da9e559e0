"""The server's side of one TCP connection."""

import asyncio
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosedError

from gateway.emulator import EmulatorServer, Heard, LocalMember, sockets
from tests.fakes.clock import settle
from tests.fakes.wire_client import PATIENCE_S, joined, present


def departures(gone: asyncio.Event) -> Callable[[Heard], None]:
    """A callback that notices when somebody leaves."""

    def notice(heard: Heard) -> None:
        if heard.type == "participant.disabled":
            gone.set()

    return notice


async def test_a_peer_that_answers_no_ping_is_dropped_without_a_close_frame() -> None:
    """Its place in the room is free, and it may come back."""
    gone = asyncio.Event()
    watch = LocalMember("watch", on_heard=departures(gone))
    async with EmulatorServer(ping_interval_s=0.02, ping_timeout_s=0.02) as server:
        server.emulator.add(watch, room="lobby")
        token = server.emulator.mint("lobby", "deaf")
        async with present(server.ws_url, "lobby", token) as client:
            client.socket.transport.pause_reading()
            async with asyncio.timeout(PATIENCE_S):
                await gone.wait()
            client.socket.transport.resume_reading()
            with pytest.raises(ConnectionClosedError) as caught:
                await client.next()

    assert caught.value.rcvd is None


async def test_a_peer_that_answers_pings_stays() -> None:
    """Several ping intervals later the connection still serves."""
    async with EmulatorServer(ping_interval_s=0.01, ping_timeout_s=5) as server:
        token = server.emulator.mint("lobby", "alice")
        async with joined(server.ws_url, "lobby", token) as client:
            for _ in range(5):
                async with asyncio.timeout(PATIENCE_S):
                    await (await client.socket.ping())

            assert (await client.send("nobody", {})).header["code"] == 1003


async def test_a_peer_that_reads_nothing_is_dropped_at_the_backlog(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recipient that is too far behind loses its connection, the sender keeps its."""
    monkeypatch.setattr(sockets, "BACKLOG_BYTES", 1024 * 1024)
    gone = asyncio.Event()
    source = LocalMember("source", on_heard=departures(gone))
    server.emulator.add(source, room="lobby")
    token = server.emulator.mint("lobby", "slow")
    async with present(server.ws_url, "lobby", token) as slow:
        slow.socket.transport.pause_reading()
        async with asyncio.timeout(PATIENCE_S):
            while not gone.is_set():
                source.broadcast("load", {}, bytes(512 * 1024))
                await settle(1)
        slow.socket.transport.resume_reading()

    assert source.room.members == (source.member,)


async def test_a_peer_that_does_not_read_is_read_no_more(
    server: EmulatorServer,
) -> None:
    """Requests wait in TCP while their answers do, and none is lost."""
    echo_to_self = 400
    body = "x" * 20_000
    token = server.emulator.mint("lobby", "alice")
    async with present(server.ws_url, "lobby", token) as alice:
        said = {
            "to_participant_id": alice.id,
            "type": "chat",
            "message_json": f'"{body}"',
        }

        async def insist() -> None:
            for _ in range(echo_to_self):
                await alice.invoke("send", said)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(insist())
            received = [await alice.next() for _ in range(2 * echo_to_self)]

    answers = [each for each in received if each.type == "__response__"]
    assert len(answers) == echo_to_self


async def test_tokens_stay_out_of_the_log(
    server: EmulatorServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the request line nor the headers of an upgrade are logged."""
    caplog.set_level(0)
    caplog.set_level(0, "uvicorn.error")
    token = server.emulator.mint("lobby", "alice")

    async with joined(server.ws_url, f"lobby?token={token}", token):
        pass

    from_server = [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith("websockets")
    ]
    assert not any(token in line for line in from_server)
