"""Joining over a real WebSocket: credentials, welcome, refusals, presence."""

from datetime import UTC, datetime

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from gateway.emulator import (
    EchoMember,
    Emulator,
    EmulatorServer,
    Options,
    RefusalForm,
    Rights,
)
from gateway.emulator.app import PACKET_BYTES
from tests.fakes.wire_client import Dialling, dialled, joined, present

PAST = datetime(2001, 1, 1, tzinfo=UTC)


async def test_a_session_begins_with_ready_and_connected(
    server: EmulatorServer,
) -> None:
    """Both messages have every key that an SDK needs, and ids from 0."""
    token = server.emulator.mint("lobby", "zoë 🦊", "agent")
    async with dialled(server.ws_url, "lobby", token) as client:
        ready, connected = await client.next(), await client.next()

    room = server.emulator.rooms["lobby"]
    assert (ready.id, ready.type) == (0, "room_ready")
    assert ready.header == {
        "room_name": "lobby",
        "room_url": f"{server.ws_url}/rooms/lobby",
        "session_id": room.session_id,
    }
    assert (connected.id, connected.type) == (1, "connected")
    assert set(connected.header) == {"type", "participantId", "attributes"}
    assert connected.header["type"] == "init"
    assert connected.header["attributes"] == {"name": "zoë 🦊"}


async def test_a_token_is_taken_from_the_query(server: EmulatorServer) -> None:
    """Older clients put it there, with their version beside it."""
    token = server.emulator.mint("lobby", "alice")

    async with dialled(server.ws_url, f"lobby?v=0.39.9&token={token}") as client:
        await client.welcomed()

    assert client.id


async def test_a_token_is_taken_from_the_subprotocol_which_is_echoed(
    server: EmulatorServer,
) -> None:
    """Browsers have no other way, and fail without the echo."""
    item = f"meshagent-room.{server.emulator.mint('lobby', 'alice')}"

    async with dialled(server.ws_url, "lobby", subprotocol=item) as client:
        await client.welcomed()

    assert client.socket.subprotocol == item


async def test_double_slashes_are_mended(server: EmulatorServer) -> None:
    """A base that ends in a slash leads to the same room."""
    token = server.emulator.mint("lobby", "alice")

    async with joined(f"{server.ws_url}/", "lobby", token) as client:
        assert client.id


async def test_compression_is_negotiated_when_offered(server: EmulatorServer) -> None:
    """Clients that offer permessage-deflate get it."""
    token = server.emulator.mint("lobby", "alice")

    async with dialled(server.ws_url, "lobby", token, compression="deflate") as client:
        await client.welcomed()
        await client.enable()
        answer = await client.send(client.id, {"text": "é" * 9000})

        assert client.socket.protocol.extensions
        assert answer.header == {"type": "empty"}
        assert (await client.next()).event[2] == {"text": "é" * 9000}


@pytest.mark.parametrize(
    ("token_room", "expires_at", "status"),
    [("attic", None, 403), ("lobby", PAST, 401), (None, None, 401)],
)
async def test_a_bad_token_is_refused_by_status(
    server: EmulatorServer,
    token_room: str | None,
    expires_at: datetime | None,
    status: int,
) -> None:
    """Clients that survive an HTTP answer get the one that the hosted room gives."""
    token = None
    if token_room is not None:
        token = server.emulator.mint(token_room, "alice", expires_at=expires_at)

    with pytest.raises(InvalidStatus) as caught:
        async with dialled(server.ws_url, "lobby", token):
            pass

    assert caught.value.response.status_code == status


async def test_a_room_that_cannot_be_is_not_found(server: EmulatorServer) -> None:
    """Names outside the rule are 404."""
    token = server.emulator.mint("Lobby", "alice")

    with pytest.raises(InvalidStatus) as caught:
        async with dialled(server.ws_url, "Lobby", token):
            pass

    assert caught.value.response.status_code == 404
    assert "Lobby" not in server.emulator.rooms


@pytest.mark.parametrize("agent", [None, "node", "undici"])
async def test_a_node_client_is_refused_by_a_close(
    server: EmulatorServer, agent: str | None
) -> None:
    """Anything but 101 would end the process of the official TypeScript SDK."""
    async with dialled(server.ws_url, "lobby", user_agent=agent) as client:
        with pytest.raises(ConnectionClosedError) as caught:
            await client.next()

    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008


@pytest.mark.parametrize(
    ("form", "how"),
    [
        (RefusalForm.STATUS, Dialling(user_agent=None)),
        (RefusalForm.CLOSE, Dialling(user_agent="Python/3.13 aiohttp/3.13")),
    ],
)
async def test_the_form_of_refusals_can_be_chosen(
    form: RefusalForm, how: Dialling
) -> None:
    """A form that was asked for holds for every client."""
    emulator = Emulator(options=Options(refusal=form))
    refused = ConnectionClosedError if form is RefusalForm.CLOSE else InvalidStatus

    async with EmulatorServer(emulator) as server:
        with pytest.raises(refused):
            async with dialled(server.ws_url, "lobby", **how) as client:
                await client.next()


async def test_two_participants_see_each_other_come_and_go(
    server: EmulatorServer,
) -> None:
    """Presence works both ways, and a lost socket is a departure."""
    mint = server.emulator.mint
    async with joined(server.ws_url, "lobby", mint("lobby", "alice")) as alice:
        await alice.enable()
        async with joined(server.ws_url, "lobby", mint("lobby", "bob", "agent")) as bob:
            there = await bob.enable()
            came = await alice.next()
        gone = await alice.next()

    alice_card = {"id": alice.id, "role": "user", "attributes": {"name": "alice"}}
    bob_card = {"id": bob.id, "role": "agent", "attributes": {"name": "bob"}}
    assert there == [alice_card]
    assert came.event == (bob.id, "participant.enabled", bob_card)
    assert gone.event == (bob.id, "participant.disabled", {"id": bob.id})


async def test_rooms_are_apart(server: EmulatorServer) -> None:
    """Nobody is told of another room, nor addressed from it."""
    mint = server.emulator.mint
    async with (
        present(server.ws_url, "lobby", mint("lobby", "alice")) as alice,
        present(server.ws_url, "attic", mint("attic", "bob")) as bob,
    ):
        answer = await alice.send(bob.id, {})

    assert answer.header["code"] == 1003
    assert {room.name for room in server.emulator.rooms} == {"lobby", "attic"}


async def test_an_echo_answers_over_the_wire(server: EmulatorServer) -> None:
    """A message with an attachment comes back, after its acknowledgement."""
    echo = EchoMember()
    server.emulator.add(echo, room="lobby")
    token = server.emulator.mint("lobby", "alice")
    async with joined(server.ws_url, "lobby", token) as alice:
        there = await alice.enable()
        answer = await alice.send(echo.id, {"text": "é🦊"}, attachment_base64="AP8=")
        echoed = await alice.next()

    assert isinstance(there, list)
    assert [card["attributes"]["name"] for card in there] == ["echo"]
    assert answer.header == {"type": "empty"}
    assert echoed.event == (echo.id, "echo", {"text": "é🦊"})
    assert echoed.trailer == b"\x00\xff"


async def test_a_token_without_list_shows_nobody(server: EmulatorServer) -> None:
    """Presence is told only to those who may list."""
    server.emulator.add(EchoMember(), room="lobby")
    token = server.emulator.mint("lobby", "blind", rights=Rights(list=False))

    async with joined(server.ws_url, "lobby", token) as client:
        assert await client.enable() == []


async def test_a_token_without_messaging_joins_and_may_call_nothing(
    server: EmulatorServer,
) -> None:
    """Joining needs the room grant alone, calling needs the section."""
    token = server.emulator.mint("lobby", "mute", rights=None)

    async with joined(server.ws_url, "lobby", token) as client:
        answer = await client.ask("enable", {})

    assert answer.header["code"] == 1001


@pytest.mark.parametrize("packet_bytes", [100, 1024, PACKET_BYTES])
async def test_large_messages_travel_in_packets_of_the_chosen_size(
    packet_bytes: int,
) -> None:
    """A quarter of a megabyte arrives whole, however it is cut."""
    emulator = Emulator(options=Options(packet_bytes=packet_bytes))
    body = bytes(range(256)) * 1024
    token = emulator.mint("lobby", "alice")
    async with (
        EmulatorServer(emulator) as server,
        present(server.ws_url, "lobby", token) as alice,
    ):
        echo = EchoMember()
        emulator.add(echo, room="lobby")
        await alice.next()
        echo.send(alice.id, "file", {}, body)
        received = await alice.next()

    assert received.trailer == body


async def test_a_key_and_project_can_be_given() -> None:
    """The key that callers know is the key that signs."""
    key = "ma-AAAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA-" + "s" * 40

    emulator = Emulator(api_key=key)

    assert emulator.api_key == key
    assert emulator.project_id == "00000000-0000-0000-0000-000000000000"
