"""Events: the names that they go by."""

from gateway.domain.model import EventType


def test_every_event_is_named_for_its_noun_and_what_happened() -> None:
    """A subscription such as `message.*` reaches every event of its noun."""
    nouns = {"message", "participant", "room", "webhook", "delivery"}

    assert {event_type.partition(".")[0] for event_type in EventType} == nouns
