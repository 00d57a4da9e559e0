"""What an operator wants of a room is done, and kept over restarts."""

import pytest

from gateway.bridge.controls import Controls
from gateway.bridge.ports import Refused
from gateway.domain.errors import NotFound, RoomDenied, RoomRejected
from tests.bridge.conftest import Scene


def controls(scene: Scene) -> Controls:
    """Return the controls of a scene's room."""
    return Controls(scene.registry, scene.store.log, clock=scene.clock, ids=scene.ids)


async def test_a_room_is_left_and_joined_on_request() -> None:
    """From any state."""
    scene = Scene()

    await controls(scene).reconnect("lobby")

    assert scene.link.asked == ["reconnect"]


async def test_a_room_that_is_not_ours_is_not_found() -> None:
    """Its name is in the answer."""
    with pytest.raises(NotFound, match="attic"):
        await controls(Scene()).reconnect("attic")


async def test_messaging_is_disabled_and_told() -> None:
    """The wish is kept, and the log says it."""
    scene = Scene()

    await controls(scene).disable("lobby")

    assert not scene.link.messaging
    assert not scene.store.records["lobby"].messaging_enabled
    assert scene.happened() == ["room.messaging_disabled"]


async def test_messaging_is_enabled_again() -> None:
    """And the wish is kept."""
    scene = Scene()
    await controls(scene).disable("lobby")

    await controls(scene).enable("lobby")

    assert scene.link.messaging
    assert scene.store.records["lobby"].messaging_enabled


@pytest.mark.parametrize(
    ("code", "error"), [(1001, RoomDenied), (1008, RoomRejected), (None, RoomRejected)]
)
async def test_a_room_may_refuse_to_enable(
    code: int | None, error: type[Exception]
) -> None:
    """Its own code goes along, and nothing is kept."""
    scene = Scene()
    scene.link.refusal = Refused(code, "no")

    with pytest.raises(error, match="no") as caught:
        await controls(scene).enable("lobby")

    assert getattr(caught.value, "facts", None) == {"upstream_code": code}
    assert scene.store.records == {}


async def test_attributes_are_set_and_kept() -> None:
    """`None` clears one."""
    scene = Scene()
    await controls(scene).set_attributes("lobby", {"mood": "good", "team": "blue"})

    await controls(scene).set_attributes("lobby", {"mood": None})

    assert scene.store.records["lobby"].attributes == {"team": "blue"}
    assert scene.link.attributes == {"mood": None, "team": "blue"}
