"""Official clients in processes of their own, told what to do by lines of JSON."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SDK_PYTHON = ROOT / ".venv-interop" / "bin" / "python"
CLI = ROOT / ".venv-interop" / "bin" / "meshagent"
NODE_SDK = HERE / "node" / "node_modules" / "@meshagent" / "meshagent"

PATIENCE_S = 30.0  # a 5 MiB attachment takes an SDK up to 5 s on a busy machine
LINE_LIMIT_BYTES = 4 * 1024 * 1024

Line = dict[str, Any]


class Sdk(StrEnum):
    """The official SDKs that join rooms here."""

    PYTHON = "python"
    TYPESCRIPT = "typescript"

    @property
    def peer(self) -> tuple[str, ...]:
        """What starts its peer; the room's URL and a token are to be added."""
        if self is Sdk.PYTHON:
            return (str(SDK_PYTHON), str(HERE / "peers" / "python_peer.py"))
        return ("node", str(HERE / "node" / "peer.cjs"))

    @property
    def signer(self) -> tuple[str, ...]:
        """What prints a token; an API key, a room and a name are to be added."""
        if self is Sdk.PYTHON:
            return (str(SDK_PYTHON), str(HERE / "peers" / "python_sign.py"))
        return ("node", str(HERE / "node" / "sign.cjs"))

    @property
    def is_installed(self) -> bool:
        """Whether `setup.sh` has put it here."""
        return (SDK_PYTHON if self is Sdk.PYTHON else NODE_SDK).exists()


class CallRefused(Exception):
    """The SDK raised its own error for a call."""

    def __init__(self, text: str, code: int | None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Peer:
    """One official client that has joined a room.

    What it tells is read only when somebody waits for it, so that nothing runs
    beside the test.
    """

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self.name = name
        self.id = ""
        self._process = process
        self._calls = 0
        self._heard: list[Line] = []

    @classmethod
    @asynccontextmanager
    async def join(
        cls, sdk: Sdk, *, url: str, token: str, name: str
    ) -> AsyncIterator[Self]:
        """Be in the room at `url` with messaging enabled; leave at the end."""
        process = await asyncio.create_subprocess_exec(
            *sdk.peer,
            url,
            token,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=LINE_LIMIT_BYTES,
        )
        peer = cls(process, name)
        try:
            await peer.event("joined")
            await peer.call("enable")
            await peer.enabled()
            yield peer
            await peer.leave()
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def enabled(self) -> Line:
        """Wait for the room's snapshot: the own id is new each time."""
        snapshot = await self.event("enabled")
        self.id = snapshot["id"]
        return snapshot

    async def call(self, do: str, **arguments: object) -> Any:  # noqa: ANN401  (JSON)
        """Have the SDK do something and wait for what it says.

        Raises:
            CallRefused: The SDK raised.
        """
        self._calls += 1
        asked = self._calls
        line = json.dumps({"call": asked, "do": do, **arguments}) + "\n"
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        await self._process.stdin.drain()
        reply = await self._line({"reply": asked})
        if "error" in reply:
            raise CallRefused(reply["error"]["text"], reply["error"]["code"])
        return reply["value"]

    async def event(self, event: str, **facts: object) -> Line:
        """Wait for an event with these facts; events that came before it are kept."""
        return await self._line({"event": event, **facts})

    async def leave(self) -> None:
        """Close with code 1000 and end the process; a second time does nothing."""
        if self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.write(b'{"do": "leave"}\n')
        await self.event("left")
        await self._process.communicate()
        assert self._process.returncode == 0

    async def _line(self, facts: Mapping[str, object]) -> Line:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._next(facts)
        except TimeoutError:
            message = f"{self.name} did not tell {facts}; it told {self._heard}"
            raise AssertionError(message) from None

    async def _next(self, facts: Mapping[str, object]) -> Line:
        for heard in self._heard:
            if _has(heard, facts):
                self._heard.remove(heard)
                return heard
        assert self._process.stdout is not None
        while told := await self._process.stdout.readline():
            line: Line = json.loads(told)
            if _has(line, facts):
                return line
            self._heard.append(line)
        message = f"{self.name} ended without telling {facts}; it told {self._heard}"
        raise AssertionError(message)


def _has(line: Line, facts: Mapping[str, object]) -> bool:
    return all(key in line and line[key] == fact for key, fact in facts.items())


async def signed_by(sdk: Sdk, api_key: str, *, room: str, name: str) -> str:
    """Have an SDK sign a participant token with an API key."""
    async with asyncio.timeout(PATIENCE_S):
        process = await asyncio.create_subprocess_exec(
            *sdk.signer, api_key, room, name, stdout=subprocess.PIPE
        )
        token, _ = await process.communicate()
    assert process.returncode == 0
    return token.decode()


async def cli(home: Path, settings: Mapping[str, str], *arguments: str) -> str:
    """Run the official CLI to its end, which must be with exit 0.

    Args:
        home: Where it may keep its own settings.
        settings: Environment variables that tell it where the room is.
        *arguments: What it is asked.

    Returns:
        What it printed on stdout.
    """
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    async with asyncio.timeout(PATIENCE_S):
        process = await asyncio.create_subprocess_exec(
            str(CLI),
            *arguments,
            env={**environment, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return printed.decode()


def listed(printed: str) -> list[Line]:
    """The participants that `messaging list` printed after its first line."""
    first, _, rest = printed.partition("\n")
    assert first == "Connecting to room..."
    participants: list[Line] = json.loads(rest)
    return participants
