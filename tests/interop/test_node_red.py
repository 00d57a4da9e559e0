"""The flow of integrations/node-red, run by Node-RED."""

import asyncio
import base64
import hmac
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import ClientSession
from yarl import URL

from gateway.emulator import EmulatorServer, Heard, LocalMember
from tests.guide.deliveries import SECRET, answer_to, forged, genuine
from tests.interop.conftest import ROOM, missing
from tests.interop.driver import PATIENCE_S, ROOT
from tests.interop.gateway_process import SECRET as ROOM_SECRET, Gateway, Json, Receiver

FOLDER = ROOT / "integrations" / "node-red"
NODE_RED = FOLDER / "node_modules" / "node-red" / "red.js"
KEY = "mgw_of_the_node_red_tests_and_of_nobody_else"


class Room(NamedTuple):
    """A room with the gateway and alice in it, and what she hears.

    Attributes:
        port: Where Node-RED may listen: the gateway may call it there.
    """

    port: int
    gateway: Gateway
    alice: LocalMember
    heard: asyncio.Queue[Heard]
    news: Receiver

    async def next_heard(self) -> object:
        """Wait for the next message to alice."""
        async with asyncio.timeout(PATIENCE_S):
            return (await self.heard.get()).message

    async def post(self, path: str, body: Json) -> Json:
        """Ask the gateway as somebody who has its key."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with (
            ClientSession(headers=headers) as http,
            http.post(self.gateway.url + path, json=body) as answer,
        ):
            assert answer.status < 300, await answer.text()
            made: Json = await answer.json()
            return made


def a_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@asynccontextmanager
async def node_red(
    home: Path, *, port: int, variables: Mapping[str, str]
) -> AsyncIterator[str]:
    """Let Node-RED run the flow; give its address. It is ended with the block."""
    node = shutil.which("node")
    if node is None or not NODE_RED.exists():
        missing("Node-RED")
    shutil.copy(FOLDER / "flow.json", home)
    process = await asyncio.create_subprocess_exec(
        *(str(node), str(NODE_RED), "--userDir", str(home)),
        *("--settings", str(FOLDER / "settings.js")),
        cwd=home,
        env={"PATH": os.defpath, "HOME": str(home), "PORT": str(port), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        await _started(process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.communicate()


async def _started(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    said = []
    async with asyncio.timeout(PATIENCE_S):
        async for line in process.stdout:
            said.append(line.decode())
            if "Started flows" in said[-1]:
                return
    raise AssertionError("".join(said))


@pytest.fixture
async def room(server: EmulatorServer, tmp_path: Path) -> AsyncIterator[Room]:
    """`gateway serve` with a key, alice, and somebody who knows what happens."""
    heard: asyncio.Queue[Heard] = asyncio.Queue()

    def hear(said: Heard) -> None:
        if said.type == "chat":
            heard.put_nowait(said)

    home = tmp_path / "gateway"
    home.mkdir()
    port = a_port()
    async with Receiver.listening() as news:
        told: Json = {"name": "news", "url": news.url, "secret": ROOM_SECRET}
        settings = {
            "MESHAGENT_ROOM_URL": server.ws_url,
            "MESHAGENT_ROOM": ROOM,
            "MESHAGENT_API_KEY": server.emulator.api_key,
            "GATEWAY_API_KEYS": KEY,
            "GATEWAY_WEBHOOKS": json.dumps([told | {"events": ["*"]}]),
            "GATEWAY_EGRESS_ALLOW_HOSTS": f"127.0.0.1:{port},{URL(news.url).authority}",
        }
        async with Gateway.running("serve", home, settings) as gateway:
            await news.event("room.connected")
            alice = LocalMember("alice", role="user", on_heard=hear)
            server.emulator.add(alice, room=ROOM)
            await news.event("participant.joined")
            yield Room(port, gateway, alice, heard, news)


async def test_the_flow_answers_who_says_something(room: Room, tmp_path: Path) -> None:
    """Once for each event, however often that is delivered."""
    url = f"http://127.0.0.1:{room.port}/meshagent"
    await room.post("/webhooks", {"url": url, "secret": ROOM_SECRET})
    variables = {
        "WEBHOOK_SECRET": ROOM_SECRET,
        "GATEWAY_URL": room.gateway.url,
        "GATEWAY_API_KEY": KEY,
    }

    async with node_red(tmp_path, port=room.port, variables=variables):
        room.alice.send("gateway", "chat", {"text": "hello"})
        answer = await room.next_heard()
        event = await room.news.event("message.received")
        again = genuine(
            event["id"], body=json.dumps(event).encode(), secrets=[ROOM_SECRET]
        )
        repeated = await answer_to(url, again)
        room.alice.send("gateway", "chat", {"text": "still there?"})
        next_answer = await room.next_heard()

    assert answer == {"text": "You said: hello"}
    assert repeated == 204
    assert next_answer == {"text": "You said: still there?"}


async def test_a_button_of_the_flow_says_something(room: Room, tmp_path: Path) -> None:
    """What Node-RED has to say is heard by everybody."""
    variables = {"GATEWAY_URL": room.gateway.url, "GATEWAY_API_KEY": KEY}

    async with (
        node_red(tmp_path, port=a_port(), variables=variables) as editor,
        ClientSession() as http,
        http.post(f"{editor}/inject/mgw_button") as pressed,
    ):
        heard = await room.next_heard()

    assert pressed.status == 200
    assert heard == {"text": "The kettle boils."}


async def test_the_flow_believes_nothing_forged(tmp_path: Path) -> None:
    """Whoever does not know the secret has nothing said in the room."""
    nobody = f"http://127.0.0.1:{a_port()}"
    variables = {"WEBHOOK_SECRET": SECRET, "GATEWAY_URL": nobody}

    async with node_red(tmp_path, port=a_port(), variables=variables) as url:
        answers = {
            flaw: await answer_to(f"{url}/meshagent", sent)
            for flaw, sent in forged().items()
        }
        unanswered = await answer_to(f"{url}/meshagent", genuine())

    assert {flaw: status for flaw, status in answers.items() if status != 401} == {}
    assert unanswered == 503


async def test_without_a_secret_the_flow_believes_nobody(tmp_path: Path) -> None:
    """An empty secret is one that everybody knows."""
    sent = genuine("evt_1")
    signed = b"evt_1." + sent.headers["webhook-timestamp"].encode() + b"." + sent.body
    digest = hmac.digest(b"", signed, "sha256")
    empty = sent.having(signature="v1," + base64.b64encode(digest).decode())

    async with node_red(tmp_path, port=a_port(), variables={}) as url:
        status = await answer_to(f"{url}/meshagent", empty)

    assert status == 503
