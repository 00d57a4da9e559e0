"""The emulator, and official clients that join it; run by `pytest tests/interop`."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from gateway.emulator import Emulator, EmulatorServer
from tests.acceptance.stage import Person, Stage, a_stage
from tests.interop.driver import CLI, HERE, Peer, Sdk

ROOM = "lobby"
SIZES = (0, 1024, 1024**2, 5 * 1024**2)
STORY_TIMEOUT_S = 120  # a test starts several processes, one after another


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here, and give it the time that real clients take."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.interop)
            item.add_marker(pytest.mark.timeout(STORY_TIMEOUT_S))


def missing(what: str) -> None:
    """Skip for want of a peer; in CI that is a failure."""
    reason = f"{what} is not installed; tests/interop/setup.sh installs it"
    is_ci = os.environ.get("CI") == "true"  # noqa: TID251  (whoever runs the tests)
    if is_ci:
        pytest.fail(reason)
    pytest.skip(reason)


def need_cli() -> None:
    """Go no further without the official command-line client."""
    if not CLI.exists():
        missing("the official CLI")


class Join(Protocol):
    """Lets an official client join a room, until the test ends."""

    async def __call__(
        self, sdk: Sdk, name: str, *, role: str = "user", room: str = ROOM
    ) -> Peer:
        """Give a peer that has joined with messaging enabled."""


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    """An emulator that listens on a port of its own."""
    async with EmulatorServer(Emulator(), port=0) as running:
        yield running


@pytest.fixture
async def join(server: EmulatorServer) -> AsyncIterator[Join]:
    """Official clients for the test's rooms."""
    async with AsyncExitStack() as stay:

        async def joined(
            sdk: Sdk, name: str, *, role: str = "user", room: str = ROOM
        ) -> Peer:
            if not sdk.is_installed:
                missing(f"the official {sdk} SDK")
            token = server.emulator.mint(room, name, role)
            url = f"{server.ws_url}/rooms/{room}"
            return await stay.enter_async_context(
                Peer.join(sdk, url=url, token=token, name=name)
            )

        yield joined


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A gateway in its room."""
    async with a_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
async def alice(stage: Stage) -> AsyncIterator[Person]:
    """Somebody in the room."""
    async with stage.person("alice") as alice:
        yield alice


@pytest.fixture(params=list(Sdk))
def sdk(request: pytest.FixtureRequest) -> Sdk:
    """Each official SDK in its turn."""
    chosen: Sdk = request.param
    return chosen


@pytest.fixture
def other(sdk: Sdk) -> Sdk:
    """The SDK that `sdk` is not."""
    return Sdk.TYPESCRIPT if sdk is Sdk.PYTHON else Sdk.PYTHON


@pytest.fixture(params=SIZES, ids=["0B", "1KiB", "1MiB", "5MiB"])
def attachment(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of each size that attachments are tried with."""
    return file_of(tmp_path, request.param)


def file_of(directory: Path, size: int) -> Path:
    """Make a file of so many bytes, a multiple of 1 KiB, no two KiB of it alike."""
    path = directory / f"{size}.bin"
    blocks = (number.to_bytes(4) * 256 for number in range(size // 1024))
    path.write_bytes(b"".join(blocks))
    return path
