"""One gateway of all its parts, in this process, with a server that only waits."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from gateway import settings
from gateway.app import Replaced, Surroundings, run
from gateway.emulator import EmulatorServer
from gateway.emulator.admission import new_api_key
from gateway.settings import BadSettings
from gateway.storage.lock import held
from gateway.system import SystemClock
from tests.storage.opening import Listener

PATIENCE_S = 8.0


class WaitingServer:
    """Satisfies `Server`: serves nothing, until it is told to stop."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.calls: list[str] = []
        self.patience_s = 0.0
        self._stopped = asyncio.Event()

    async def serve(self, app: ASGIApp, started: Callable[[], None]) -> None:
        """Wait."""
        self.app = app
        started()
        await self._stopped.wait()
        self.calls.append("served")

    def stop(self, within_s: float) -> None:
        """End the wait."""
        self.calls.append("stop")
        self.patience_s = within_s
        self._stopped.set()


class Run:
    """A gateway under way, with what it wrote to its log."""

    def __init__(self, home: Path, **environ: str) -> None:
        given = {
            "MESHAGENT_ROOM": "lobby",
            "MESHAGENT_ROOM_URL": "ws://127.0.0.1:9",
            "GATEWAY_DATA_DIR": str(home / "data"),
            "GATEWAY_API_KEYS": "correct-horse",
            **environ,
        }
        self.meter = Listener()
        self.server = WaitingServer()
        self.started = asyncio.Event()
        self.around = Surroundings(
            settings=settings.load(given, env_file=None),
            telemetry=self.meter,
            server=self.server,
            address=("127.0.0.1", 8080),
            stop=asyncio.Event(),
            started=self.started.set,
        )


async def test_it_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """Started once it serves; at the end the room is left and the log says so."""
    async with EmulatorServer() as room, asyncio.timeout(PATIENCE_S):
        given = Run(
            tmp_path,
            MESHAGENT_ROOM_URL=room.ws_url,
            MESHAGENT_API_KEY=room.emulator.api_key,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run(given.around))
            await given.started.wait()
            given.around.stop.set()

    events = [event for _, event, _ in given.meter.lines]
    assert events.index("gateway.started") < events.index("gateway.draining")
    assert events[-1] == "gateway.stopped"
    assert given.server.calls == ["stop", "served"]
    limit = given.around.settings.gateway_shutdown_timeout
    assert 0.0 < given.server.patience_s <= limit.total_seconds()


async def test_it_stops_while_it_waits_for_another_gateway_to_end(
    tmp_path: Path,
) -> None:
    """A standby that is told to stop does so at once, and in order."""
    given = Run(
        tmp_path, MESHAGENT_API_KEY=new_api_key().encode(), GATEWAY_LOCK_WAIT="1h"
    )
    given.around.settings.gateway_data_dir.mkdir()
    holding = held(
        given.around.settings.gateway_data_dir / "gateway.lock",
        wait_s=0,
        clock=SystemClock(),
    )

    async with asyncio.timeout(PATIENCE_S), holding, asyncio.TaskGroup() as tasks:
        tasks.create_task(run(given.around))
        await given.meter.heard("store.lock_awaited")
        given.around.stop.set()

    assert [event for _, event, _ in given.meter.lines][-1] == "gateway.stopped"
    assert given.server.calls == []


async def test_what_it_logs_at_the_start_holds_no_secret(tmp_path: Path) -> None:
    """Only whether there is one."""
    async with EmulatorServer() as room, asyncio.timeout(PATIENCE_S):
        key = room.emulator.api_key
        token = room.emulator.mint("lobby", "gateway")
        given = Run(tmp_path, MESHAGENT_API_KEY=key, MESHAGENT_TOKEN=token)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run(given.around))
            await given.started.wait()
            given.around.stop.set()

    started = given.meter.named("gateway.started")[0]
    assert started["room_api_key_configured"] is True
    assert started["room_token_configured"] is True
    assert given.meter.named("room_token.ignored")
    assert key not in str(given.meter.lines)
    assert token not in str(given.meter.lines)
    assert "correct-horse" not in str(given.meter.lines)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "No way into the room"),
        ({"MESHAGENT_API_KEY": "ma-x"}, "MESHAGENT_API_KEY"),
        ({"GATEWAY_EGRESS_ALLOW_PORTS": "0"}, "GATEWAY_EGRESS_ALLOW_PORTS"),
    ],
)
async def test_nothing_is_made_for_a_bad_configuration(
    tmp_path: Path, environ: dict[str, str], sentence: str
) -> None:
    """It is found before the store is opened."""
    given = Run(tmp_path, **environ)

    with pytest.raises(BadSettings, match=sentence):
        await run(given.around)

    assert not (tmp_path / "data").exists()


async def test_it_ends_when_another_gateway_took_the_store(tmp_path: Path) -> None:
    """It must not write any more, and says why it ends."""
    async with EmulatorServer() as room, asyncio.timeout(PATIENCE_S):
        given = Run(
            tmp_path,
            MESHAGENT_ROOM_URL=room.ws_url,
            MESHAGENT_API_KEY=room.emulator.api_key,
        )
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(how_it_ended(given))
            await given.started.wait()
            store = sqlite3.connect(tmp_path / "data" / "gateway.db")
            store.execute("UPDATE log_head SET owner = 'another'")
            store.commit()
            store.close()
            room.emulator.faults("lobby").close(1012)

    ended = ending.result()
    assert ended.subgroup(Replaced) is not None
    assert given.meter.named("store.lost")


async def how_it_ended(given: Run) -> BaseExceptionGroup[BaseException]:
    """Run a gateway, and return what ended it."""
    try:
        await run(given.around)
    except BaseExceptionGroup as group:
        return group
    message = "it ended in order"
    raise AssertionError(message)
