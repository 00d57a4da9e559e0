"""There is a sample of every event, and it looks like the real one."""

import json
from random import Random

import pytest

from gateway.delivery.samples import ROOM, a_sample
from gateway.domain.ids import Ids
from gateway.domain.model import EventType
from gateway.domain.rendering import envelope
from tests.fakes.clock import NOON, FakeClock


@pytest.mark.parametrize("event_type", EventType)
def test_every_event_has_a_sample(event_type: EventType) -> None:
    """The sample of each type is an envelope with data of its own."""
    ids = Ids(FakeClock(), Random(1))  # noqa: S311  # To be repeated.
    event, message = a_sample(event_type, ids, NOON)

    body = json.loads(envelope(event, message))

    assert (body["type"], body["room"], body["seq"]) == (event_type, ROOM, 0)
    assert body["data"]
