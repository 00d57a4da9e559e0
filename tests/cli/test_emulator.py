"""The command `gateway emulator`."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli.emulator import emulator, greeting
from gateway.emulator import Emulator, EmulatorServer
from tests.fakes.wire_client import joined

PROGRAM = "import typer; from gateway.cli.emulator import emulator; typer.run(emulator)"
PATIENCE_S = 8.0

cli = typer.Typer(rich_markup_mode=None)
cli.command()(emulator)


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command in a process of its own, which is killed if it doesn't end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", PROGRAM, *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def said(process: asyncio.subprocess.Process) -> dict[str, str]:
    """Read up to the project's id; give what is to be exported."""
    assert process.stdout is not None
    exported: dict[str, str] = {}
    while "MESHAGENT_PROJECT_ID" not in exported:
        line = (await process.stdout.readline()).decode()
        assert line, "it ended before it said everything"
        name, _, value = line.strip().removeprefix("export ").partition("=")
        exported[name] = value
    return exported


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """What it says to export leads to a room, and a stop is exit status 0."""
    async with running("--port", "0") as process:
        exported = await said(process)
        token = Emulator(api_key=exported["MESHAGENT_API_KEY"]).mint("lobby", "alice")
        async with joined(exported["MESHAGENT_ROOM_URL"], "lobby", token):
            process.send_signal(number)
            status = await process.wait()

    assert status == 0
    assert exported["MESHAGENT_API_URL"].startswith("http://127.0.0.1:")


async def test_a_taken_port_is_one_sentence(server: EmulatorServer) -> None:
    """Exit status 2 and no traceback."""
    command = [sys.executable, "-c", PROGRAM, "--port", str(server.port)]
    process = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE
    )

    async with asyncio.timeout(PATIENCE_S):
        _, spoken = await process.communicate()

    assert process.returncode == 2
    start = f"gateway emulator: cannot listen at 127.0.0.1:{server.port}: "
    assert spoken.decode().startswith(start)
    assert spoken.count(b"\n") == 1


def test_a_bad_api_key_is_one_sentence() -> None:
    """Exit status 2; the key is not repeated."""
    result = CliRunner().invoke(cli, ["--api-key", "sk-my-secret"])

    assert result.exit_code == 2
    assert "sk-my-secret" not in result.output
    assert result.stderr.startswith("gateway emulator: ")


def test_the_port_is_read_from_the_environment() -> None:
    """A number that is no port is refused, and named by its variable."""
    environment = {"GATEWAY_EMULATOR_PORT": "99999"}

    result = CliRunner().invoke(cli, [], env=environment)

    assert result.exit_code == 2
    assert "GATEWAY_EMULATOR_PORT" in result.stderr


async def test_the_fault_token_is_said_only_if_there_is_one(
    server: EmulatorServer,
) -> None:
    """Without `--faults` nothing hints at them."""
    assert "/faults/lobby" in greeting(server, "let-things-break")
    assert "let-things-break" in greeting(server, "let-things-break")
    assert "faults" not in greeting(server, None).lower()


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    """A server that holds a port."""
    async with EmulatorServer() as running_server:
        yield running_server
