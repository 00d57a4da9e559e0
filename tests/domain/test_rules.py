"""Which message types may be said by anybody."""

import pytest

from gateway.domain.rules import is_reserved


@pytest.mark.parametrize(
    "message_type",
    [
        "messaging.enabled",
        "participant.enabled",
        "participant.disabled",
        "participant.attributes",
        "dismiss",
    ],
)
def test_the_rooms_own_types_are_reserved(message_type: str) -> None:
    """What the room's server says cannot be said by a participant."""
    reserved = is_reserved(message_type)

    assert reserved


def test_other_types_are_free() -> None:
    """A type that only looks like one of the room's is not reserved."""
    reserved = is_reserved("participant.said")

    assert not reserved
