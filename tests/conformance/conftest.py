"""The stores that keep the same promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.storage.store import StoreOptions, open_store
from tests.conformance.ports import Ports
from tests.fakes.clock import FakeClock
from tests.fakes.memory_store import MemoryStore
from tests.fakes.meter import FakeMeter


@asynccontextmanager
async def a_store(kind: str, path: Path, clock: FakeClock) -> AsyncIterator[Ports]:
    """Open a store of one kind."""
    if kind == "memory":
        yield MemoryStore(clock)
        return
    options = StoreOptions(data_dir=path / "data")
    async with open_store(options, clock=clock, meter=FakeMeter()) as store:
        yield store


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands at noon."""
    return FakeClock()


@pytest.fixture(params=["memory", "sqlite"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Ports]:
    """Give each test a store of every kind."""
    async with a_store(request.param, tmp_path, clock) as opened:
        yield opened
