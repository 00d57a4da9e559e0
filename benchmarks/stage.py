"""Everything that takes part, running, and each process on its core."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from benchmarks import naive_setup, processes
from benchmarks.processes import Child, Cores
from gateway.system import SystemClock

KEY = "a-key-for-benchmarks"
IN_FLIGHT = 64
PATIENCE_S = 60.0
COMMAND = Path(sys.executable).with_name("gateway")
_clock = SystemClock()


class Stage:
    """Everything that takes part.

    Attributes:
        room: The room server.
        receiver: Where webhooks go.
        load: The load generator.
        hook: The receiver's address.
        subjects: What is measured, by its name.
        urls: Where a subject takes messages.
        rooms: The room that a subject is in.
        missing: Why a subject is not measured.
    """

    def __init__(self, home: Path, cores: Cores) -> None:
        self.home = home
        self.cores = cores
        self.subjects: dict[str, Child] = {}
        self.urls: dict[str, str] = {}
        self.rooms: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self.hook = ""
        self.room: Child
        self.receiver: Child
        self.load: Child

    @property
    def others(self) -> list[Child]:
        """All processes but the subjects."""
        return [self.room, self.receiver, self.load]

    def log(self, name: str) -> Path:
        """Return where a process writes what it has to say."""
        return self.home / f"{name}.log"

    def gateway_settings(self, data: Path, port: int, room: str) -> dict[str, str]:
        """Return the environment of a gateway."""
        return {
            "HOME": str(self.home),
            "MESHAGENT_ROOM": room,
            "MESHAGENT_ROOM_URL": self.room.told["url"],
            "MESHAGENT_API_KEY": self.room.told["key"],
            "GATEWAY_API_KEYS": KEY,
            "GATEWAY_DATA_DIR": str(data),
            "GATEWAY_PORT": str(port),
            "GATEWAY_LOG_FORMAT": "json",
            "GATEWAY_EGRESS_ALLOW_HOSTS": self.hook.split("/")[2],
        }


@asynccontextmanager
async def a_stage(home: Path) -> AsyncIterator[Stage]:
    """Have everything running.

    Args:
        home: A directory for data and logs, on a disk that is one.
    """
    stage = Stage(home, processes.cores())
    async with AsyncExitStack() as stack:
        for name, greets in (("room", True), ("receiver", True), ("load", False)):
            servant = processes.servant(
                name, core=stage.cores.others, log=stage.log(name), greets=greets
            )
            setattr(stage, name, await stack.enter_async_context(servant))
        stage.hook = f"http://127.0.0.1:{stage.receiver.told['port']}/"
        for add in (_add_gateway, _add_bare, _add_raw, _add_naive):
            await add(stage, stack)
        yield stage


async def _add_gateway(stage: Stage, stack: AsyncExitStack) -> None:
    port = processes.free_port()
    settings = stage.gateway_settings(stage.home / "data", port, "bench")
    await stage.room.ask("furnish", room="bench")
    child = await _started(stage, stack, "gateway", [str(COMMAND), "serve"], settings)
    url = f"http://127.0.0.1:{port}"
    await ready(child, url)
    webhook = {
        "url": stage.hook,
        "events": ["message.received"],
        "max_in_flight": IN_FLIGHT,
    }
    async with (
        aiohttp.ClientSession(headers={"X-API-Key": KEY}) as http,
        http.post(f"{url}/webhooks", json=webhook) as answer,
    ):
        if answer.status != 201:  # noqa: PLR2004
            raise AssertionError(await answer.text())
    stage.urls["gateway"] = f"{url}/send"
    stage.rooms["gateway"] = "bench"


async def _add_bare(stage: Stage, stack: AsyncExitStack) -> None:
    port = processes.free_port()
    command = [sys.executable, "-m", "benchmarks.bare", str(port)]
    child = await _started(stage, stack, "bare", command, {})
    await processes.listening(child, port)
    stage.urls["bare"] = f"http://127.0.0.1:{port}/send"


async def _add_raw(stage: Stage, stack: AsyncExitStack) -> None:
    command = [sys.executable, "-m", "benchmarks.raw"]
    await _started(stage, stack, "raw", command, {})


async def _add_naive(stage: Stage, stack: AsyncExitStack) -> None:
    problem = await asyncio.to_thread(naive_setup.install)
    if problem is not None:
        stage.missing["naive"] = problem
        return
    port = processes.free_port()
    await stage.room.ask("furnish", room="naive")
    token = await stage.room.ask("mint", room="naive", name="naive")
    command = [
        *(str(naive_setup.PYTHON), str(processes.ROOT / "benchmarks" / "naive.py")),
        *(str(port), f"{stage.room.told['url']}/rooms/naive", token, stage.hook),
    ]
    settings = {"PYTHONPATH": str(naive_setup.EXTRAS)}
    child = await _started(stage, stack, "naive", command, settings)
    await processes.listening(child, port)
    stage.urls["naive"] = f"http://127.0.0.1:{port}/send"
    stage.rooms["naive"] = "naive"


async def _started(
    stage: Stage,
    stack: AsyncExitStack,
    name: str,
    command: list[str],
    settings: Mapping[str, str],
) -> Child:
    running = processes.running(
        command, core=stage.cores.subject, log=stage.log(name), settings=settings
    )
    child = stage.subjects[name] = await stack.enter_async_context(running)
    return child


async def ready(child: Child, url: str) -> None:
    """Return once a gateway is ready to send into its room."""
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError):
                async with http.get(f"{url}/readyz?rooms=all") as answer:
                    if answer.ok:
                        return
            if child.process.returncode is not None:
                raise child.death
            await _clock.sleep(0.01)
