"""The tour of the README, walked as it is written."""

import asyncio
import json
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.house import tree

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.timeout(90)


def commands() -> list[str]:
    """Return the shell blocks of the tour, in order."""
    tour = tree.text("README.md").split("## A tour in two minutes")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", tour, re.DOTALL)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run a command, and yield what it prints; it is ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.terminate()
        await process.communicate()


async def said_by(command: str) -> str:
    """Run a line of the tour in a shell to its end and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-euc", command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def line_with(stream: asyncio.StreamReader, word: str) -> str:
    """Read lines until one has the word."""
    async for line in stream:
        if word in line.decode():
            return line.decode()
    message = f"it ended without saying {word!r}"
    raise AssertionError(message)


def test_the_tour_starts_with_the_gateway() -> None:
    """`make dev` is what the next test runs in its stead."""
    assert commands()[0] == "make dev\n"
    assert "\n\t@$(BIN)/gateway dev $(ARGS)\n" in tree.text("Makefile")


async def test_the_tour_ends_with_a_webhook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever follows the README line by line sees the echo's answer arrive."""
    if shutil.which("curl") is None:
        pytest.skip("the tour is walked with curl, and there is none")
    gateway, receiver = free_port(), free_port()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_PORT", str(gateway))
    monkeypatch.setenv("GATEWAY_EMULATOR_PORT", str(free_port()))
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))
    _, look, receive, say = (
        block.replace(":8080", f":{gateway}").replace(":9000", f":{receiver}")
        for block in commands()
    )
    assert receive.split() == [".venv/bin/gateway", "receive"]

    async with (
        asyncio.timeout(60),
        running(f"{BIN}/gateway", "dev") as dev,
        running(
            f"{BIN}/gateway", "receive", "--port", str(receiver), "--json"
        ) as received,
    ):
        await line_with(dev, str(gateway))
        await said_by(
            f"curl -sS --retry 40 --retry-delay 1 --retry-connrefused "
            f"http://127.0.0.1:{gateway}/readyz"
        )
        present = json.loads(await said_by(look.replace("curl", "curl -sS")))
        await said_by(say.replace("curl", "curl -sS --fail-with-body"))
        arrived = await line_with(received, "message.received")

    assert [one["name"] for one in present["participants"]] == ["echo"]
    assert "hello" in arrived
