"""There is a sample of every event, and it looks like the real one."""

import json
from random import Random

import pytest

from gateway.delivery.samples import ROOM, a_sample
from gateway.domain.formats import flat_json
from gateway.domain.ids import Ids
from gateway.domain.model import EventType
from gateway.domain.rendering import envelope
from tests.fakes.clock import NOON, FakeClock

LINK = {"state", "reason", "attempt"}
PARTICIPANT = {"participant"}
STANDING = {"webhook_id", "reason", "failing_since", "last_error"}
SHAPES = {
    EventType.PARTICIPANT_JOINED: PARTICIPANT,
    EventType.PARTICIPANT_LEFT: PARTICIPANT,
    EventType.PARTICIPANT_UPDATED: {*PARTICIPANT, "changed"},
    EventType.ROOM_CONNECTED: {*LINK, "participant_id"},
    EventType.ROOM_DISCONNECTED: {*LINK, "close_code"},
    EventType.ROOM_GAP: {"from", "to"},
    EventType.ROOM_MESSAGING_DISABLED: set[str](),
    EventType.ROOM_DUPLICATE_GATEWAY: PARTICIPANT,
    EventType.WEBHOOK_FAILING: STANDING,
    EventType.WEBHOOK_DISABLED: {"webhook_id", "reason", "delivery_id"},
    EventType.WEBHOOK_RECOVERED: STANDING,
    EventType.DELIVERY_DEAD: {"delivery_id", "webhook_id", "event_id"},
}


@pytest.mark.parametrize("event_type", EventType)
def test_every_event_has_a_sample(event_type: EventType) -> None:
    """The sample of each type is an envelope with data of its own."""
    ids = Ids(FakeClock(), Random(1))  # noqa: S311  # To be repeated.
    event, message = a_sample(event_type, ids, NOON)

    body = json.loads(envelope(event, message))

    assert (body["type"], body["seq"]) == (event_type, 0)
    assert set(body["data"]) >= SHAPES.get(event_type, {"id"})
    assert body["data"] or event_type is EventType.ROOM_MESSAGING_DISABLED


@pytest.mark.parametrize("event_type", EventType)
def test_a_sample_has_the_room_and_the_sender_that_real_ones_have(
    event_type: EventType,
) -> None:
    """What tells of webhooks has no room, and what nobody did has nobody's name."""
    ids = Ids(FakeClock(), Random(1))  # noqa: S311  # To be repeated.
    event, message = a_sample(event_type, ids, NOON)

    flat = json.loads(flat_json(event, message))

    kind = event_type.partition(".")[0]
    has_name = kind == "participant" or event_type in {
        EventType.MESSAGE_RECEIVED,
        EventType.ROOM_DUPLICATE_GATEWAY,
    }
    assert flat["room"] == (None if kind in {"webhook", "delivery"} else ROOM)
    assert flat["from_name"] == ("alice" if has_name else None)
