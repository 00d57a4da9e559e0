"""Processes that are measured, or measure, each on a core of its own kind."""

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

from gateway.system import SystemClock

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 120.0
KILL_AFTER_S = 15.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LAST_WORDS = 2000
_clock = SystemClock()


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core is whose; `None` where processes cannot be bound to one.

    Attributes:
        subject: Of what is measured, alone.
        others: Of the room server, the receiver and the load generator.
    """

    subject: int | None
    others: int | None

    @property
    def is_bound(self) -> bool:
        """Whether each has its own."""
        return self.subject is not None


def cores() -> Cores:
    """Return two cores of this machine, if it has two and can bind to them."""
    if shutil.which("taskset") is None or not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    first, *more = sorted(os.sched_getaffinity(0))
    return Cores(first, more[0]) if more else Cores(None, None)


class Child:
    """A process that was started here.

    Attributes:
        told: The line with which a servant begins.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self._log = log
        self.told: dict[str, Any] = {}

    async def ask(self, do: str, **arguments: object) -> Any:  # noqa: ANN401 - any JSON
        """Have a servant do something, and return its answer."""
        if self.process.stdin is None:
            raise AssertionError
        self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        return await self.line()

    async def line(self) -> Any:  # noqa: ANN401 - any JSON
        """Return a servant's next line."""
        if self.process.stdout is None:
            raise AssertionError
        async with asyncio.timeout(PATIENCE_S):
            line = await self.process.stdout.readline()
        if not line:
            raise self.death
        return json.loads(line)

    @property
    def death(self) -> ChildProcessError:
        """What to raise when it has ended before its time."""
        said = self._log.read_text(encoding="utf-8", errors="replace")
        return ChildProcessError(f"{self._log.stem} has ended: {said[-_LAST_WORDS:]}")

    @property
    def cpu_s(self) -> float | None:
        """The CPU time that it has used, where /proc tells."""
        with suppress(OSError):
            text = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
            fields = text.rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
        return None

    @property
    def rss_mib(self) -> float | None:
        """The memory that it holds, where /proc tells."""
        with suppress(OSError):
            status = Path(f"/proc/{self.process.pid}/status").read_text(
                encoding="utf-8"
            )
            for line in status.splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return None


@asynccontextmanager
async def running(
    command: Sequence[str],
    *,
    core: int | None,
    log: Path,
    settings: Mapping[str, str] | None = None,
    home: Path = ROOT,
) -> AsyncIterator[Child]:
    """Run a process for the time of a block.

    Args:
        command: What to run.
        core: Where, if it is to be bound.
        log: Where its stderr goes.
        settings: Its environment, beside `PATH` and `PYTHONPATH`.
        home: Its working directory.
    """
    bound = [] if core is None else ["taskset", "-c", str(core)]
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), **(settings or {})}
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *bound,
            *command,
            cwd=home,
            env=environment,
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
        )
    try:
        yield Child(process, log)
    finally:
        await _end(process)


@asynccontextmanager
async def servant(
    module: str, *, core: int | None, log: Path, greets: bool = True
) -> AsyncIterator[Child]:
    """Run a module of ours that does what it is asked."""
    command = [sys.executable, "-m", f"benchmarks.{module}"]
    async with running(command, core=core, log=log) as child:
        if greets:
            child.told = await child.line()
        yield child


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
    try:
        async with asyncio.timeout(KILL_AFTER_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()


def free_port() -> int:
    """Return a port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def listening(child: Child, port: int) -> None:
    """Return once a process accepts connections."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            if child.process.returncode is not None:
                raise child.death
            await _clock.sleep(0.01)
