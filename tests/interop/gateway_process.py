"""The gateway as a user starts it, and somebody who takes its webhooks."""

import asyncio
import base64
import io
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from aiohttp import ClientSession, web
from standardwebhooks.webhooks import Webhook

from tests.interop.driver import PATIENCE_S

SECRET = "whsec_" + base64.b64encode(b"made up, and of 32 bytes in all!").decode()
LOG_LIMIT_BYTES = 4 * 1024 * 1024
COMMAND = Path(sys.executable).with_name("gateway")

Json = dict[str, Any]


class Answer(NamedTuple):
    """What came back of a request."""

    status: int
    body: Json


class Receiver:
    """Takes webhooks, and believes only those that a stranger's verifier believes."""

    def __init__(self) -> None:
        self.url = ""
        self._arrived: asyncio.Queue[Json] = asyncio.Queue()
        self._kept: list[Json] = []

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator[Self]:
        """Listen on a port of its own."""
        receiver = cls()
        application = web.Application(client_max_size=1024 * 1024)
        application.router.add_post("/hook", receiver._take)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            receiver.url = f"http://127.0.0.1:{port}/hook"
            yield receiver
        finally:
            await runner.cleanup()

    async def event(self, event: str, **facts: object) -> Json:
        """Wait for an event of that type, with these facts in its `data`."""
        for body in self._kept:
            if _is(body, event, facts):
                self._kept.remove(body)
                return body
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not _is(body := await self._arrived.get(), event, facts):
                    self._kept.append(body)
        except TimeoutError:
            types = [kept["type"] for kept in self._kept]
            message = f"no {event} with {facts} came, but {types}"
            raise AssertionError(message) from None
        return body

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(SECRET).verify(body, dict(request.headers))
        self._arrived.put_nowait(json.loads(body))
        return web.Response(status=204)


def _is(body: Json, event: str, facts: Mapping[str, object]) -> bool:
    data = body["data"]
    return body["type"] == event and all(data.get(k) == v for k, v in facts.items())


class Gateway:
    """One running `gateway` process."""

    def __init__(self, url: str, http: ClientSession, home: Path) -> None:
        self.url = url
        self._home = home
        self._http = http

    @classmethod
    @asynccontextmanager
    async def running(
        cls, command: str, home: Path, settings: Mapping[str, str]
    ) -> AsyncIterator[Self]:
        """Start it and wait until it takes requests; SIGTERM ends it, with exit 0.

        Args:
            command: `serve` or `dev`.
            home: An empty directory, for its data and nothing of the user's.
            settings: Environment variables beside those that every run has.
        """
        environment = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "GATEWAY_DATA_DIR": str(home / "data"),
            "GATEWAY_PORT": "0",
            "GATEWAY_LOG_FORMAT": "json",
            **settings,
        }
        # The log is read by the loop up to the limit: nobody has to empty the pipe.
        with (home / "stdout").open("wb") as stdout:
            process = await asyncio.create_subprocess_exec(
                str(COMMAND),
                command,
                cwd=home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                limit=LOG_LIMIT_BYTES,
            )
        try:
            url = await _address(process)
            async with ClientSession() as http:
                yield cls(url, http, home)
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(PATIENCE_S):
                _, log = await process.communicate()
            assert process.returncode == 0, log.decode()
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    def printed(self) -> str:
        """What it has said on stdout until now."""
        return (self._home / "stdout").read_text(encoding="utf-8")

    async def post(self, path: str, body: Json, *, wait_s: int = 30) -> Answer:
        """Post and give the answer, held so long for the room's acknowledgement."""
        headers = {"Prefer": f"wait={wait_s}", "Content-Type": "application/json"}
        data = io.BytesIO(json.dumps(body).encode())
        async with self._http.post(self.url + path, data=data, headers=headers) as said:
            return Answer(said.status, await said.json(content_type=None))

    async def get(self, path: str) -> Answer:
        """Get and give the answer."""
        async with self._http.get(self.url + path) as said:
            return Answer(said.status, await said.json(content_type=None))

    async def content(self, attachment: Json | None) -> bytes:
        """Give the bytes of an event's attachment, from within or by its link."""
        if attachment is None:
            return b""
        if "data" in attachment:
            return base64.b64decode(attachment["data"], validate=True)
        async with self._http.get(attachment["url"]) as said:
            assert said.status == 200
            return await said.read()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Read the log until the gateway says that it has started, and where."""
    assert process.stderr is not None
    log = b""
    async with asyncio.timeout(PATIENCE_S):
        while line := await process.stderr.readline():
            log += line
            if b"gateway.started" in line:
                found = re.search(rb"127\.0\.0\.1:(\d+)", line)
                assert found is not None, line
                return f"http://{found[0].decode()}"
    raise AssertionError(log.decode())
