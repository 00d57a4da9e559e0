"""The stores that keep the same promises."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.storage.store import StoreOptions, open_store
from tests.conformance.ports import Ports
from tests.fakes.clock import FakeClock
from tests.fakes.memory_store import MemoryStore
from tests.fakes.meter import FakeMeter
from tests.storage.opening import KEY
from tests.storage.server import Databases, databases, emptied


@pytest.fixture(scope="session")
def server() -> Iterator[Databases]:
    """Run a PostgreSQL for all tests that need one."""
    with databases() as running:
        yield running


@pytest.fixture(scope="session")
def made() -> list[str]:
    """Return where the database is that tests have one after the other."""
    return []


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands at noon."""
    return FakeClock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: FakeClock,
    made: list[str],
) -> AsyncIterator[Ports]:
    """Give each test a store of every kind."""
    if request.param == "memory":
        yield MemoryStore(clock)
        return
    options = StoreOptions(data_dir=tmp_path / "data")
    if request.param == "postgres":
        server: Databases = request.getfixturevalue("server")
        if not made:
            made.append(await server.new())
        await emptied(made[0])
        options = replace(options, url=made[0], master_keys=[KEY])
    async with open_store(options, clock=clock, meter=FakeMeter()) as opened:
        yield opened
