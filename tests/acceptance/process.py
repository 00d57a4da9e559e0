"""The gateway as a process of its own, started as a user starts it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.acceptance.waiting import PATIENCE_S, until
from tests.fakes.bridge import KEY

COMMAND = Path(sys.executable).with_name("gateway")

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


def environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a run: those of the test, and nothing of the user's."""
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "GATEWAY_PORT": "0",
        "GATEWAY_EMULATOR_PORT": "0",
        "GATEWAY_DATA_DIR": "data",
        "GATEWAY_LOG_FORMAT": "json",
        **settings,
    }


async def ended(home: Path, *arguments: str, **settings: str) -> Ended:
    """Run a command to its end."""
    process = await asyncio.create_subprocess_exec(
        str(COMMAND),
        *arguments,
        cwd=home,
        env=environment(home, settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


class Process:
    """One `gateway` process; what it prints goes to files in its home."""

    def __init__(self, process: asyncio.subprocess.Process, home: Path) -> None:
        self._process = process
        self._home = home

    @classmethod
    @asynccontextmanager
    async def begun(
        cls, home: Path, *arguments: str, **settings: str
    ) -> AsyncIterator[Self]:
        """Begin a run, which is killed at the end of the block if it still runs."""
        with (home / "out").open("wb") as out, (home / "err").open("wb") as err:
            process = await asyncio.create_subprocess_exec(
                str(COMMAND),
                *arguments,
                cwd=home,
                env=environment(home, settings),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        try:
            yield cls(process, home)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    @classmethod
    @asynccontextmanager
    async def running(
        cls, home: Path, *arguments: str, **settings: str
    ) -> AsyncIterator[Self]:
        """Begin a run and wait until it takes requests."""
        async with cls.begun(home, *arguments, **settings) as process:
            await process.line("gateway.started")
            yield process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def printed(self) -> str:
        """What it has printed on stdout."""
        return (self._home / "out").read_text(encoding="utf-8")

    @property
    def log(self) -> str:
        """What it has printed on stderr."""
        return (self._home / "err").read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """Where it said that it listens."""
        return str(self.lines("gateway.started")[-1]["address"])

    def lines(self, event: str) -> list[Line]:
        """Return the log's lines of one name so far."""
        whole = [line for line in self.log.split("\n")[:-1] if line.startswith("{")]
        return [line for text in whole if (line := json.loads(text))["event"] == event]

    async def line(self, event: str, count: int = 1) -> Line:
        """Wait for the log's `count`-th line of one name."""

        def is_there() -> bool:
            assert self._process.returncode is None, self.log
            return len(self.lines(event)) >= count

        await until(is_there, f"no {event} in the log")
        return self.lines(event)[count - 1]

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def end(self) -> int:
        """Wait for it to end; return its exit status."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()

    async def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        self.signal()
        return await self.end()

    async def kill(self) -> None:
        """End it as a power cut does."""
        self.signal(signal.SIGKILL)
        await self.end()


def serving(room_url: str, api_key: str, **settings: str) -> dict[str, str]:
    """Return the settings of `gateway serve` for a room."""
    return {
        "MESHAGENT_ROOM": "lobby",
        "MESHAGENT_ROOM_URL": room_url,
        "MESHAGENT_API_KEY": api_key,
        "GATEWAY_API_KEYS": KEY,
        **settings,
    }
