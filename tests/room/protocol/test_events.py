"""What a client tells is made of values."""

import dataclasses
import typing

import pytest

from gateway.room.protocol.events import RoomEvent, RoomState


@pytest.mark.parametrize("kind", typing.get_args(RoomEvent))
def test_an_event_cannot_be_changed(kind: type) -> None:
    """Whoever gets it may keep it."""
    parameters = getattr(kind, "__dataclass_params__", None)

    assert dataclasses.is_dataclass(kind)
    assert parameters is not None
    assert parameters.frozen


def test_the_states_have_the_words_of_the_interface() -> None:
    """They are shown to people as they are."""
    assert [state.value for state in RoomState] == [
        "ready",
        "joining",
        "reconnecting",
        "stalled",
        "denied",
        "dismissed",
        "stopped",
    ]
