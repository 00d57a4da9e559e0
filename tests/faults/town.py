"""A gateway as a process among a room, a receiver and callers, and all that they saw.

The emulated room and the receiver live in the test's own process, so that they can be
broken by a call; the gateway is started as a user starts it, and may be killed.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from gateway.emulator import EmulatorServer, Heard, LocalMember
from gateway.emulator.residents import NobodyThere
from gateway.system import SystemClock

COMMAND = Path(sys.executable).with_name("gateway")
PATIENCE_S = 60.0
ROOM = "lobby"
FINAL = {"sent", "partial", "failed", "expired", "cancelled", "unknown"}

Json = dict[str, Any]
Door = Callable[[web.Request], Awaitable[web.StreamResponse]]
clock = SystemClock()


@dataclass
class Ledger:
    """What everybody did and saw.

    Attributes:
        accepted: Number of a message to the id that the gateway gave it.
        refused: Numbers that were refused, with the status.
        unanswered: Numbers whose request broke off: they may have been accepted.
        heard: How often the peer heard each number.
        spoken: When the peer said each number of its own.
        delivered: Webhook ids, with the bodies that came under each.
    """

    accepted: dict[int, str] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)
    unanswered: set[int] = field(default_factory=set)
    heard: Counter[int] = field(default_factory=Counter)
    spoken: dict[int, datetime] = field(default_factory=dict)
    delivered: dict[str, list[Json]] = field(default_factory=dict)

    def events(self, type_: str) -> list[Json]:
        """Return the events of a type that were delivered, each once, by `seq`."""
        found = [bodies[0] for bodies in self.delivered.values()]
        found = [body for body in found if body["type"] == type_]
        return sorted(found, key=lambda body: body["seq"])


class Town:
    """Everything, running. `ledger` is the account that tests settle.

    Attributes:
        lives: How often the gateway was started, if a test counts.
    """

    def __init__(self, home: Path, room: EmulatorServer, http: ClientSession) -> None:
        self.ledger = Ledger()
        self.lives = 1
        self.room = room
        self.url = ""
        self._home = home
        self._http = http
        self._hook = ""
        self._doors: dict[str, Door] = {}
        self._process: asyncio.subprocess.Process | None = None
        self.peer = LocalMember("peer", on_heard=self._hear)
        room.emulator.add(self.peer, room=ROOM)
        self._settings: dict[str, str] = {}

    async def start(self, **settings: str) -> None:
        """Start the gateway; settings given once hold for later starts too."""
        self._settings |= settings
        (self._home / "tmp").mkdir(exist_ok=True)
        environ = {
            "PATH": os.defpath,
            "HOME": str(self._home),
            "MESHAGENT_ROOM": ROOM,
            "MESHAGENT_ROOM_URL": self.room.ws_url,
            "MESHAGENT_API_KEY": self.room.emulator.api_key,
            "GATEWAY_AUTH": "none",
            "GATEWAY_DATA_DIR": str(self._home / "data"),
            "GATEWAY_PORT": self.url.rpartition(":")[2] or "0",
            "GATEWAY_LOG_FORMAT": "json",
            "GATEWAY_EGRESS_ALLOW_HOSTS": self._hook.removeprefix("http://").rstrip(
                "/"
            ),
        }
        with (self._home / "log").open("ab") as log:
            began_at = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                str(COMMAND),
                "serve",
                cwd=self._home,
                env=environ | self._settings,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.url = await self._started(began_at)

    async def _started(self, began_at: int) -> str:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for line in self.log()[began_at:].splitlines():
                    if "gateway.started" in line:
                        return str(json.loads(line)["address"])
                assert self.process.returncode is None, self.log()[began_at:]
                await clock.sleep(0.02)

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The gateway's process."""
        assert self._process is not None
        return self._process

    def log(self) -> str:
        """Return all that the gateway has written."""
        return (self._home / "log").read_text(encoding="utf-8")

    async def kill(self) -> None:
        """End the gateway as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """Ask the gateway to stop, and return its exit status."""
        self.process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    async def say(self, number: int, *, to: str = "peer", **fields: object) -> None:
        """Send a message with a number, and note what came of it."""
        body = {"to": to, "message": {"n": number}, "ttl": 600, **fields}
        self.ledger.unanswered.add(number)
        with suppress(ClientError, OSError, TimeoutError):
            async with self._http.post(f"{self.url}/send", json=body) as answer:
                found = await answer.json(content_type=None)
            self.ledger.unanswered.discard(number)
            message_id = found.get("id", found.get("message_id"))
            if message_id is None:
                self.ledger.refused[number] = answer.status
            else:
                self.ledger.accepted[number] = message_id

    def speak(
        self, number: int, *, by: LocalMember | None = None, type_: str = "chat"
    ) -> None:
        """Have the peer, or another, say a number to the gateway, if that is there."""
        now = datetime.now(UTC)  # noqa: TID251  # compared with the gateway's own
        with suppress(NobodyThere):
            (by or self.peer).send("gateway", type_, {"n": number})
            self.ledger.spoken[number] = now

    async def talk(self, first: int, count: int, *, per_second: float) -> None:
        """Let messages flow both ways at a rate, each way."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(first, first + count):
                tasks.create_task(self.say(number))
                self.speak(number)
                await clock.sleep(1 / per_second)

    async def get(self, path: str) -> Json:
        """Return what the gateway answers."""
        async with self._http.get(f"{self.url}{path}") as answer:
            found: Json = await answer.json(content_type=None)
            return found

    async def post(self, path: str, body: Mapping[str, object]) -> Json:
        """Post, and return the answer."""
        async with self._http.post(f"{self.url}{path}", json=body) as answer:
            found: Json = await answer.json(content_type=None)
            return found

    async def subscribe(self) -> None:
        """Have every event delivered to the receiver."""
        made = await self.post(
            "/webhooks",
            {"url": self._hook, "events": ["*"], "retry": {"schedule": [1] * 30}},
        )
        assert "id" in made, made

    async def open(self, name: str, door: Door, **terms: object) -> Json:
        """Have events delivered to a receiver of their own, and return the webhook."""
        self._doors[name] = door
        made = await self.post("/webhooks", {"url": f"{self._hook}{name}", **terms})
        assert "id" in made, made
        return made

    async def state(self, wanted: str) -> None:
        """Return when the room's state is the wanted one."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(ClientError, OSError):
                    found = await self.get(f"/rooms/{ROOM}")
                    if found["state"] == wanted:
                        return
                await clock.sleep(0.05)

    async def logged(self, event: str, **facts: object) -> None:
        """Return when the log tells of it: a state may be over before it is asked."""
        wanted = {"event": event, **facts}.items()
        async with asyncio.timeout(PATIENCE_S):
            while not any(wanted <= line.items() for line in self.lines()):
                await clock.sleep(0.05)

    def lines(self) -> list[Json]:
        """Return the whole lines that the gateway has written."""
        whole = [line for line in self.log().split("\n")[:-1] if line[:1] == "{"]
        return [json.loads(line) for line in whole]

    async def statuses(self) -> dict[int, str]:
        """Return the status of everything accepted, once each is final."""
        found: dict[int, str] = {}
        for number, message_id in self.ledger.accepted.items():
            async with asyncio.timeout(PATIENCE_S):
                message = await self.get(f"/messages/{message_id}?wait=30")
            assert message.get("status") in FINAL, message
            found[number] = message["status"]
        return found

    async def received(self) -> dict[str, Json]:
        """Return every message that the gateway has received, by id."""
        found: dict[str, Json] = {}
        cursor = ""
        while True:
            page = await self.get(f"/messages?direction=in&limit=200{cursor}")
            found |= {message["id"]: message for message in page["messages"]}
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def all_delivered(self) -> None:
        """Return when nothing is owed to the receiver any more."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                page = await self.get("/deliveries?status=pending,retrying,in_flight")
                if not page["deliveries"]:
                    return
                await clock.sleep(0.1)

    async def settle_accounts(self) -> None:
        """Assert that nothing was lost, nothing invented, nothing said twice."""
        ledger = self.ledger
        statuses = await self.statuses()
        await self.all_delivered()
        twice = {n for n, times in ledger.heard.items() if times > 1}
        assert not twice, f"said twice: {twice}"
        for number, status in statuses.items():
            if status == "sent":
                assert ledger.heard[number] == 1, f"{number} is sent but unheard"
            elif status != "unknown":
                assert ledger.heard[number] == 0, f"{number} is {status} but heard"
        known = ledger.accepted.keys() | ledger.unanswered
        invented = ledger.heard.keys() - known
        assert not invented, f"heard, but refused: {invented}"
        received = await self.received()
        told = {body["data"]["id"] for body in ledger.events("message.received")}
        assert told == received.keys()
        for webhook_id, bodies in ledger.delivered.items():
            assert all(body == bodies[0] for body in bodies)
            assert bodies[0]["id"] == webhook_id
        self._assert_missing_is_in_a_gap(received)

    def _assert_missing_is_in_a_gap(self, received: Mapping[str, Json]) -> None:
        numbers = Counter(m["message"]["n"] for m in received.values())
        assert max(numbers.values(), default=1) == 1, "received twice"
        gaps = [
            (_moment(gap["data"]["from"]), _moment(gap["data"]["to"]))
            for gap in self.ledger.events("room.gap")
        ]
        for number, at in self.ledger.spoken.items():
            if number not in numbers:
                # The gateway's own clock cuts to the millisecond.
                assert any(
                    begin <= at.replace(microsecond=999_999) and at <= end
                    for begin, end in gaps
                ), (number, at, gaps)

    def _hear(self, heard: Heard) -> None:
        number = heard.message.get("n") if isinstance(heard.message, dict) else None
        if heard.type == "chat" and isinstance(number, int):
            self.ledger.heard[number] += 1

    async def _take(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        webhook_id = request.headers["webhook-id"]
        self.ledger.delivered.setdefault(webhook_id, []).append(body)
        return web.Response(status=204)

    async def _knock(self, request: web.Request) -> web.StreamResponse:
        return await self._doors[request.match_info["name"]](request)

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Listen for webhooks."""
        application = web.Application()
        application.router.add_post("/", self._take)
        application.router.add_post("/{name}", self._knock)
        runner = web.AppRunner(application, shutdown_timeout=0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._hook = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            yield
        finally:
            await runner.cleanup()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@asynccontextmanager
async def a_town(
    home: Path, *, told: bool = True, **settings: str
) -> AsyncIterator[Town]:
    """Run a town with a gateway that is ready.

    Args:
        home: Where it keeps its data.
        told: Whether every event is delivered to the receiver.
        settings: Of the gateway.
    """
    connector = TCPConnector(force_close=True)
    timeout = ClientTimeout(total=40)
    async with (
        EmulatorServer() as room,
        ClientSession(connector=connector, timeout=timeout) as http,
    ):
        town = Town(home, room, http)
        async with town.receiving():
            try:
                await town.start(**settings)
                await town.state("ready")
                if told:
                    await town.subscribe()
                yield town
            finally:
                if town.process.returncode is None:
                    await town.kill()
