"""The Zapier app of integrations/zapier, run by Zapier's own core."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from gateway.emulator import EmulatorServer, Heard, LocalMember
from tests.interop.conftest import ROOM, missing
from tests.interop.driver import PATIENCE_S, ROOT
from tests.interop.gateway_process import SECRET, Gateway, Json, Receiver

APP = ROOT / "integrations" / "zapier"
KEY = "mgw_of_the_zapier_tests_and_of_nobody_else"
EGRESS = {
    "GATEWAY_EGRESS_ALLOW_CIDRS": "127.0.0.0/8",
    "GATEWAY_EGRESS_ALLOW_PORTS": "1-65535",
    "GATEWAY_EGRESS_REQUIRE_HTTPS": "false",
}
PRESENCE = {
    "messaging.enabled",
    "participant.enabled",
    "participant.disabled",
    "participant.attributes",
}

Order = Callable[[Json], Awaitable[Json]]
Handler = Callable[[web.Request], Awaitable[web.Response]]


class People:
    """People in the room who do what they are told by POSTs of JSON.

    `/join`, `/leave`, `/say` and `/heard`, each with the `name` of who is meant. Who
    joins or leaves has done so, for the gateway too, when the answer comes.
    """

    def __init__(self, server: EmulatorServer, news: Receiver) -> None:
        self._server = server
        self._news = news
        self._there: dict[str, LocalMember] = {}
        self._heard: dict[str, asyncio.Queue[Heard]] = {}

    def routes(self) -> list[web.RouteDef]:
        """What they can be told."""
        orders = (self.join, self.leave, self.say, self.heard)
        return [web.post(f"/{order.__name__}", _answered(order)) for order in orders]

    async def join(self, asked: Json) -> Json:
        """Enter the room, with messaging enabled."""
        name: str = asked["name"]
        heard = self._heard[name] = asyncio.Queue()

        def hear(said: Heard) -> None:
            if said.type not in PRESENCE:
                heard.put_nowait(said)

        member = self._there[name] = LocalMember(name, role="user", on_heard=hear)
        self._server.emulator.add(member, room=ROOM)
        await self._known("participant.joined", member)
        return {"id": member.id}

    async def leave(self, asked: Json) -> Json:
        """Leave the room."""
        member = self._there.pop(asked["name"])
        member.leave()
        await self._known("participant.left", member)
        return {}

    async def say(self, asked: Json) -> Json:
        """Say something to the gateway."""
        member = self._there[asked["name"]]
        member.send("gateway", asked["type"], asked["message"])
        return {}

    async def heard(self, asked: Json) -> Json:
        """Wait for the next message."""
        async with asyncio.timeout(PATIENCE_S):
            heard = await self._heard[asked["name"]].get()
        return {"type": heard.type, "message": heard.message}

    async def _known(self, event: str, member: LocalMember) -> None:
        while True:
            news = await self._news.event(event)
            if news["data"]["participant"]["id"] == member.id:
                return


def _answered(order: Order) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response(await order(await request.json()))

    return handle


@pytest.fixture
async def news() -> AsyncIterator[Receiver]:
    """Somebody whom the gateway tells who comes and goes."""
    async with Receiver.listening() as listening:
        yield listening


@pytest.fixture
async def gateway(
    server: EmulatorServer, news: Receiver, tmp_path: Path
) -> AsyncIterator[Gateway]:
    """`gateway serve` with a key, in the room and ready."""
    webhook: Json = {"name": "news", "url": news.url, "secret": SECRET}
    webhook["events"] = ["participant.*", "room.connected"]
    settings = {
        "MESHAGENT_ROOM_URL": server.ws_url,
        "MESHAGENT_ROOM": ROOM,
        "MESHAGENT_API_KEY": server.emulator.api_key,
        "GATEWAY_API_KEYS": KEY,
        "GATEWAY_WEBHOOKS": json.dumps([webhook]),
        **EGRESS,
    }
    async with Gateway.running("serve", tmp_path, settings) as running:
        await news.event("room.connected")
        yield running


@pytest.fixture
async def people(server: EmulatorServer, news: Receiver) -> AsyncIterator[str]:
    """Give the address under which people in the room can be told what to do."""
    application = web.Application()
    application.add_routes(People(server, news).routes())
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_the_zapier_app_does_all_that_it_offers(
    gateway: Gateway, people: str
) -> None:
    """Every trigger and action, against a gateway and against answers gone wrong."""
    node = shutil.which("node")
    if node is None or not (APP / "node_modules" / "zapier-platform-core").is_dir():
        missing("zapier-platform-core")

    process = await asyncio.create_subprocess_exec(
        str(node),
        "--test",
        "--test-reporter=tap",
        cwd=APP,
        env={
            "PATH": "/usr/bin:/bin",
            "NODE_ENV": "test",
            "GATEWAY_URL": gateway.url,
            "GATEWAY_API_KEY": KEY,
            "ROOM_URL": people,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()

    text = said.decode()
    assert process.returncode == 0, text
    assert "# skipped 0" in text, text
