"""Who may keep what the gateway answers."""

import pytest

from tests.fakes.bridge import Bridge
from tests.fakes.caller import calling


@pytest.mark.parametrize("path", ["/rooms", "/nowhere", "/in/nowhere", "/docs"])
async def test_no_cache_keeps_an_answer(path: str) -> None:
    """A proxy would show it to others, or a 404 once there is something."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get(path)

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
