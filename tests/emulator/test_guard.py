"""Pages of other origins and foreign host names are kept out."""

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from gateway.emulator import Emulator, EmulatorServer, Options
from tests.fakes.wire_client import dialled


async def status_of(server: EmulatorServer, *headers: str) -> int:
    """The status that `GET /health` gets with such headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = ["GET /health HTTP/1.1", *headers, "Connection: close", "", ""]
    writer.write("\r\n".join(lines).encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split()[1])


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:8080"],
)
async def test_a_page_of_this_machine_may_join(
    server: EmulatorServer, origin: str
) -> None:
    """Loopback origins are let in."""
    token = server.emulator.mint("lobby", "page")

    async with dialled(
        server.ws_url, "lobby", token, headers={"Origin": origin}
    ) as client:
        await client.welcomed()

    assert client.id


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://example.com@evil.test",
        "file://localhost",
        "null",
        "",
        "http://[::1",
    ],
)
async def test_a_page_of_another_origin_is_refused(
    server: EmulatorServer, origin: str
) -> None:
    """A good token does not help a foreign page."""
    token = server.emulator.mint("lobby", "page")

    with pytest.raises(InvalidStatus) as caught:
        async with dialled(server.ws_url, "lobby", token, headers={"Origin": origin}):
            pass

    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8700", 200),
        ("127.0.0.1", 200),
        ("[::1]:8700", 200),
        ("evil.test", 421),
        ("127.0.0.1.evil.test:8700", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
async def test_only_loopback_hosts_are_served(
    server: EmulatorServer, host: str, status: int
) -> None:
    """A name that somebody points at this machine is not ours."""
    assert await status_of(server, f"Host: {host}") == status


async def test_a_foreign_origin_is_kept_from_the_rest_part(
    server: EmulatorServer,
) -> None:
    """Plain requests are looked at as WebSockets are."""
    origin = "Origin: https://example.com"

    assert await status_of(server, "Host: localhost", origin) == 403


async def test_further_hosts_can_be_named() -> None:
    """A server for a container network answers to its name there."""
    emulator = Emulator(options=Options(hosts=["rooms"]))

    async with EmulatorServer(emulator) as server:
        assert await status_of(server, "Host: rooms:8700") == 200
        assert await status_of(server, "Host: other") == 421
