"""`gateway dev` as its banner presents it to the official clients."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.interop.conftest import ROOM, missing, need_cli
from tests.interop.driver import Peer, Sdk, cli, listed, signed_by
from tests.interop.gateway_process import SECRET, Gateway, Json, Receiver

MESSAGE = {"text": "déjà vu 🦊"}
EXPORT = re.compile(r"export\s+(\w+)=(\S+)")

Run = Callable[..., Awaitable[str]]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who takes the gateway's webhooks."""
    async with Receiver.listening() as listening:
        yield listening


@pytest.fixture
async def gateway(receiver: Receiver, tmp_path: Path) -> AsyncIterator[Gateway]:
    """`gateway dev` in an empty directory, with one webhook."""
    webhook: Json = {"name": "all", "url": receiver.url, "secret": SECRET}
    webhook["events"] = ["message.received", "participant.*", "room.*"]
    home = tmp_path / "gateway"
    home.mkdir()
    settings = {
        "GATEWAY_EMULATOR_PORT": "0",
        "GATEWAY_WEBHOOKS": json.dumps([webhook]),
    }
    async with Gateway.running("dev", home, settings) as running:
        await receiver.event("room.connected")
        yield running


@pytest.fixture
def exported(gateway: Gateway) -> dict[str, str]:
    """The variables that the banner tells people to set."""
    found = EXPORT.findall(gateway.printed())
    return {name: value.strip("'\"") for name, value in found}


@pytest.fixture
def run(exported: dict[str, str], tmp_path: Path) -> Run:
    """The official CLI of someone who did what the banner says."""
    need_cli()
    home = tmp_path / "cli"
    home.mkdir()

    async def ran(*arguments: str) -> str:
        return await cli(home, exported, *arguments)

    return ran


async def test_the_cli_finds_gateway_and_echo(run: Run) -> None:
    """`messaging list` shows both who are there from the start."""
    printed = await run("room", "messaging", "list", "--room", ROOM)

    names = sorted(each["attributes"]["name"] for each in listed(printed))
    assert names == ["echo", "gateway"]


async def test_what_the_cli_sends_reaches_a_webhook(
    run: Run, gateway: Gateway, receiver: Receiver
) -> None:
    """`messaging send` to the gateway's id becomes an event."""
    _, room = await gateway.get(f"/rooms/{ROOM}")

    await run(
        *("room", "messaging", "send", "--room", ROOM),
        *("--to-participant-id", room["participant_id"]),
        *("--type", "question", "--data", json.dumps(MESSAGE)),
    )

    event = await receiver.event("message.received", type="question")
    assert event["data"]["message"] == MESSAGE


async def test_what_the_cli_broadcasts_reaches_a_webhook(
    run: Run, receiver: Receiver
) -> None:
    """`messaging broadcast` becomes an event of the CLI's own message type."""
    data = json.dumps(MESSAGE, ensure_ascii=False)

    await run("room", "messaging", "broadcast", "--room", ROOM, "--data", data)

    event = await receiver.event("message.received", type="chat.broadcast")
    assert event["data"]["message"] == MESSAGE


async def test_an_sdk_joins_with_what_the_banner_exports(
    exported: dict[str, str], gateway: Gateway, receiver: Receiver, sdk: Sdk
) -> None:
    """The key signs a token, the URL leads to the room, and HTTP reaches the SDK."""
    if not sdk.is_installed:
        missing(f"the official {sdk} SDK")
    key = exported["MESHAGENT_API_KEY"]
    token = await signed_by(sdk, key, room=ROOM, name="zoé")
    url = f"{exported['MESHAGENT_ROOM_URL']}/rooms/{ROOM}"

    async with Peer.join(sdk, url=url, token=token, name="zoé") as peer:
        await receiver.event("participant.joined")
        status, _ = await gateway.post("/send", {"to": "zoé", "message": MESSAGE})
        heard = await peer.event("message")

    assert (status, heard["message"]) == (200, MESSAGE)
