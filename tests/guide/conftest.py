"""A gateway for all tests of a module, somebody in its room, a shell beside it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.stage import Person, Stage, a_stage
from tests.guide.pages import Shell


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A gateway in its room, shared by a module's tests."""
    async with a_stage(tmp_path_factory.mktemp("gateway")) as shared:
        yield shared


@pytest_asyncio.fixture(loop_scope="module")
async def alice(stage: Stage) -> AsyncIterator[Person]:
    """Somebody in the room."""
    async with stage.person("alice") as alice:
        yield alice


@pytest_asyncio.fixture(loop_scope="module")
async def shell(stage: Stage, tmp_path: Path) -> Shell:
    """Give a shell beside the file that curl reads the key from."""
    return await Shell.prepared(tmp_path, stage)
