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
from typing import Any

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
async def running(command: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run a line in a shell, and yield what it prints; it is ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-euc", f"exec {command}"), stdout=asyncio.subprocess.PIPE
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


def receipt(answer: str) -> dict[str, Any]:
    """Return the body of an answer that has its headers before it."""
    found: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return found


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


@pytest.fixture
async def tour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[str]]:
    """Give the blocks after `make dev` while the gateway runs, at ports of the test."""
    if shutil.which("curl") is None:
        pytest.skip("the tour is walked with curl, and there is none")
    gateway, receiver = free_port(), free_port()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_PORT", str(gateway))
    monkeypatch.setenv("GATEWAY_URL", f"http://127.0.0.1:{gateway}")
    monkeypatch.setenv("GATEWAY_EMULATOR_PORT", str(free_port()))
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))
    async with asyncio.timeout(60), running(f"{BIN}/gateway dev") as dev:
        await line_with(dev, str(gateway))
        await said_by(
            f"curl -sS --retry 40 --retry-delay 1 --retry-connrefused "
            f"http://127.0.0.1:{gateway}/readyz"
        )
        yield [
            block.replace(":8080", f":{gateway}")
            .replace(":9000", f":{receiver}")
            .replace("gateway receive", f"gateway receive --json --port {receiver}")
            .replace(".venv/bin", str(BIN))
            .replace("curl", "curl -sS --fail-with-body")
            for block in commands()[1:]
        ]


async def test_the_tour_is_as_the_readme_says(tour: list[str]) -> None:
    """Line by line: the stream, the repeat, the tail and the webhook tell of it."""
    look, watch, say, tail, receive, deliver = tour

    present = json.loads(await said_by(look))
    async with running(watch) as stream:
        await line_with(stream, "stream.open")
        said = await said_by(say.replace("-sS", "-isS"))
        streamed = await line_with(stream, "message.received")
        again = await said_by(say.replace("-sS", "-isS"))
    async with running(tail) as tailed:
        line = await line_with(tailed, "echo chat")
    async with running(receive) as received:
        await said_by(deliver)
        arrived = await line_with(received, "message.received")

    assert [one["name"] for one in present["participants"]] == ["echo"]
    assert "message.received" in streamed
    assert "idempotent-replayed: true" not in said
    assert "idempotent-replayed: true" in again
    assert receipt(again)["id"] == receipt(said)["id"]
    assert "hello" in line
    assert "hello again" in arrived
