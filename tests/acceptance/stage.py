"""A room, people in it, a gateway beside it, callers and receivers of webhooks."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector

from gateway.emulator import EmulatorServer, Heard, LocalMember
from tests.acceptance.process import Process, serving
from tests.acceptance.waiting import PATIENCE_S, clock
from tests.fakes.caller import Answer, Caller
from tests.fakes.receiver import Answer as Scripted, Received, Receiver

ROOM = "lobby"
GLANCE_S = 0.02

Json = dict[str, Any]
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


class Person:
    """Somebody in the room, who remembers what was said to them."""

    def __init__(self, name: str, *, role: str, attributes: Json) -> None:
        self.heard: list[Heard] = []
        self._more = asyncio.Event()
        self.member = LocalMember(
            name, role=role, attributes=attributes, on_heard=self._hear
        )

    @property
    def id(self) -> str:
        """Their participant id."""
        return self.member.id

    async def hears(self, count: int = 1) -> list[Heard]:
        """Wait until so many messages were heard; return them all."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.heard) < count:
                self._more.clear()
                await self._more.wait()
        return self.heard

    def says(self, message: Json, attachment: bytes = b"", type_: str = "chat") -> None:
        """Say something to the gateway."""
        self.member.send("gateway", type_, message, attachment)

    def _hear(self, heard: Heard) -> None:
        if heard.type not in PRESENCE:
            self.heard.append(heard)
            self._more.set()


@dataclass
class Stage:
    """Everything; the gateway may be stopped and started by a test."""

    home: Path
    room: EmulatorServer
    settings: dict[str, str]
    process: Process
    http: ClientSession

    @property
    def url(self) -> str:
        """Where the gateway listens."""
        return self.process.url

    @property
    def call(self) -> Caller:
        """Somebody who calls the gateway, with its key."""
        return Caller(self.http, self.url)

    @asynccontextmanager
    async def person(
        self, name: str, *, role: str = "user", **attributes: object
    ) -> AsyncIterator[Person]:
        """Let somebody be in the room, known to the gateway, for a block."""
        person = Person(name, role=role, attributes=attributes)
        self.room.emulator.add(person.member, room=ROOM)
        try:
            await self.until(
                f"/participants/{person.id}", lambda answer: answer.status == 200
            )
            yield person
        finally:
            person.member.leave()

    async def send(self, wait_s: int | None = None, /, **body: object) -> Answer:
        """POST /send."""
        path = "/send" if wait_s is None else f"/send?wait={wait_s}"
        # aiohttp warns of large bodies that are not read from a file.
        content = io.BytesIO(json.dumps(body).encode())
        headers = {"Content-Type": "application/json"}
        return await self.call.post(path, data=content, headers=headers)

    async def ask(self, path: str) -> Json:
        """GET something that is there."""
        answer = await self.call.get(path)
        assert answer.status == 200, answer.content
        found: Json = answer.json
        return found

    async def until(self, path: str, is_so: Callable[[Answer], bool]) -> Answer:
        """GET until the answer is as wanted; return it."""
        answer = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    answer = await self.call.get(path)
                    if is_so(answer):
                        return answer
                    await clock.sleep(GLANCE_S)
        except TimeoutError:
            raise AssertionError(answer and answer.content) from None

    async def state(self, wanted: str) -> Json:
        """Wait for a state of the room; return the room as it is shown."""
        path = f"/rooms/{ROOM}"
        answer = await self.until(path, lambda a: bool(a.json["state"] == wanted))
        shown: Json = answer.json
        return shown

    async def final(self, answer: Answer) -> Json:
        """Wait for the end of a message that was accepted; return it."""
        assert answer.status in {200, 202}, answer.content
        return await self.ask(f"/messages/{answer.json['id']}?wait=10")

    @asynccontextmanager
    async def subscribed(
        self, *answers: int | Scripted, **body: object
    ) -> AsyncIterator["Subscriber"]:
        """Let a receiver that answers so have a webhook, for a block."""
        async with Receiver(*answers) as receiver:
            given = {"url": receiver.url, "retry": {"schedule": [1, 1]}, **body}
            answer = await self.call.post("/webhooks", json=given)
            assert answer.status == 201, answer.content
            try:
                yield Subscriber(receiver, answer.json)
            finally:
                await self.call("DELETE", f"/webhooks/{answer.json['id']}")

    async def away(self) -> None:
        """Let the room be away."""
        await self.room.kill()
        await self.state("reconnecting")

    async def back(self) -> None:
        """Let the room be there again, and the gateway in it."""
        await self.room.start()
        await self.call.post(f"/rooms/{ROOM}/reconnect")
        await self.state("ready")


@dataclass(frozen=True)
class Subscriber:
    """Somebody whose webhook tells them of events."""

    receiver: Receiver
    webhook: Json

    async def told(self, event: str, **data: object) -> Json:
        """Wait to be told of an event with this in its `data`."""
        return event_of(await self.request(event, **data))

    async def request(self, event: str, **data: object) -> Received:
        """Wait for the request that tells of an event with this in its `data`."""
        receiver = self.receiver
        try:
            async with asyncio.timeout(PATIENCE_S), receiver._more:
                while True:
                    for request in receiver.requests:
                        if is_about(event_of(request), event, data):
                            return request
                    await receiver._more.wait()
        except TimeoutError:
            came = [event_of(each) for each in receiver.requests]
            message = f"nobody told of {event} with {data}, but {came}"
            raise AssertionError(message) from None


def is_about(body: Json, event: str, data: Json) -> bool:
    """Say whether an event is of a type, with this in its `data`."""
    told = body["data"]
    return body["type"] == event and all(told.get(k) == v for k, v in data.items())


def event_of(request: Received) -> Json:
    """Return the event that a webhook's request tells of."""
    found: Json = json.loads(request.body)
    return found


@asynccontextmanager
async def a_stage(home: Path, **settings: str) -> AsyncIterator[Stage]:
    """Set everything up, with the gateway in the room; it must stop in order."""
    async with (
        EmulatorServer() as room,
        ClientSession(connector=TCPConnector(force_close=True)) as http,
    ):
        given = serving(room.ws_url, room.emulator.api_key, **EGRESS, **settings)
        async with Process.running(home, "serve", **given) as process:
            stage = Stage(home, room, given, process, http)
            await stage.state("ready")
            yield stage
            if process is stage.process and process._process.returncode is None:
                assert await process.stop() == 0, process.log
            assert "Traceback" not in process.log
