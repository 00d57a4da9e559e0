"""One gateway for all tests of a module that leave it as they found it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.acceptance.stage import Stage, a_stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A gateway in its room, shared by a module's tests."""
    async with a_stage(tmp_path_factory.mktemp("gateway")) as shared:
        yield shared
