"""An emulator on a free port."""

from collections.abc import AsyncIterator

import pytest

from gateway.emulator import Emulator, EmulatorServer, Options

FAULT_TOKEN = "let-things-break"


@pytest.fixture
async def server() -> AsyncIterator[EmulatorServer]:
    """A server whose fault API is open."""
    emulator = Emulator(options=Options(fault_token=FAULT_TOKEN))
    async with EmulatorServer(emulator) as running:
        yield running
