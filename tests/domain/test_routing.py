"""Routing: which webhooks want which events."""

from dataclasses import replace

import pytest

from gateway.domain.model import Attachment, EventType, Ordering
from gateway.domain.routing import (
    Envelope,
    accepts,
    is_subscribed,
    match,
    order_key,
    seen,
    wants,
)
from tests.domain.nouns import INCOMING, RECEIVED, WEBHOOK

JOINED = replace(
    RECEIVED,
    type=EventType.PARTICIPANT_JOINED,
    message_id=None,
    message_type=None,
    from_name=None,
)
DISABLED = replace(JOINED, type=EventType.WEBHOOK_DISABLED, room=None)


FLAGGED = replace(WEBHOOK, filter="data.message.text == 'hi'")


class Shown:
    """An envelope that counts how often it was asked for."""

    def __init__(self, **data: object) -> None:
        self.asked = 0
        self._data = data

    def __call__(self) -> Envelope:
        """Give the envelope."""
        self.asked += 1
        return {"data": self._data}


@pytest.mark.parametrize(
    ("pattern", "event_type", "expected"),
    [
        ("message.received", "message.received", True),
        ("message.received", "message.sent", False),
        ("message.*", "message.received", True),
        ("message.*", "participant.joined", False),
        ("room.*", "room.messaging_disabled", True),
        ("*", "delivery.dead", True),
        ("message", "message.received", False),
        ("mess*", "message.received", False),
        ("message*", "message.received", False),
        ("*.received", "message.received", False),
        ("", "message.received", False),
    ],
)
def test_a_pattern_is_a_type_a_prefix_or_a_star(
    pattern: str, event_type: str, *, expected: bool
) -> None:
    """A pattern fits its exact type, all under its prefix, or everything."""
    assert is_subscribed([pattern], event_type) is expected


def test_nothing_subscribed_is_nothing_wanted() -> None:
    """A webhook without patterns gets no event."""
    assert not is_subscribed([], "message.received")


@pytest.mark.parametrize("event_type", EventType)
def test_a_star_takes_every_event_type(event_type: EventType) -> None:
    """No event type escapes `*`, or its own name."""
    assert is_subscribed(["*"], event_type)
    assert is_subscribed([event_type.value], event_type)


@pytest.mark.parametrize(
    ("rooms", "types", "senders", "expected"),
    [
        (None, None, None, True),
        (("lobby",), ("chat",), ("alice",), True),
        (("attic", "lobby"), ("file", "chat"), ("bob", "alice"), True),
        (("attic",), None, None, False),
        (None, ("file",), None, False),
        (None, None, ("bob",), False),
        ((), None, None, False),
        (None, (), None, False),
        (None, None, (), False),
    ],
)
def test_a_message_must_fit_every_list(
    rooms: tuple[str, ...] | None,
    types: tuple[str, ...] | None,
    senders: tuple[str, ...] | None,
    *,
    expected: bool,
) -> None:
    """Rooms, types and senders all have to name the message; an empty list has none."""
    webhook = replace(WEBHOOK, rooms=rooms, types=types, senders=senders)

    assert wants(webhook, RECEIVED) is expected


def test_a_message_of_a_nameless_sender_is_nobodys() -> None:
    """A list of senders leaves out a message whose sender has no name."""
    webhook = replace(WEBHOOK, senders=("alice",))

    assert not wants(webhook, replace(RECEIVED, from_name=None))


def test_types_and_senders_leave_other_events_alone() -> None:
    """An event not about a message is not asked for a message's type or sender."""
    webhook = replace(WEBHOOK, events=("*",), types=("chat",), senders=("alice",))

    assert wants(webhook, JOINED)


def test_an_event_of_no_room_is_not_of_the_rooms_listed() -> None:
    """A webhook for some rooms does not hear of what happens in none."""
    webhook = replace(WEBHOOK, id="wh_2", events=("*",), rooms=("lobby",))

    assert not wants(webhook, DISABLED)


def test_a_webhook_is_not_told_of_itself() -> None:
    """An event about a webhook goes to the others that want it, never to that one."""
    first = replace(WEBHOOK, events=("*",))
    second = replace(WEBHOOK, id="wh_2", events=("webhook.*",))

    matched = match(replace(DISABLED, webhook_id="wh_1"), [first, second], Shown())

    assert matched == [second]


def test_an_inactive_webhook_is_owed_its_events() -> None:
    """A disabled webhook is matched, so that its deliveries can be held."""
    webhook = replace(WEBHOOK, active=False)

    assert match(RECEIVED, [webhook], Shown()) == [webhook]


def test_webhooks_are_matched_in_the_order_given() -> None:
    """The answer keeps the order of the question."""
    webhooks = [replace(WEBHOOK, id=f"wh_{number}") for number in (3, 1, 2)]

    assert match(RECEIVED, webhooks, Shown()) == webhooks


def test_a_filter_decides_last_and_once_is_enough() -> None:
    """The envelope is made for those a filter is left to decide on, and only once."""
    shown = Shown(message={"text": "hi"})
    other = replace(FLAGGED, id="wh_2", filter="data.message.text == 'ho'")
    elsewhere = replace(FLAGGED, id="wh_3", rooms=("attic",))

    assert match(RECEIVED, [WEBHOOK, elsewhere], shown) == [WEBHOOK]
    assert shown.asked == 0
    assert match(RECEIVED, [WEBHOOK, FLAGGED, other], shown) == [WEBHOOK, FLAGGED]
    assert shown.asked == 1


def test_a_filter_that_cannot_be_read_wants_nothing() -> None:
    """What another release took for a filter does not let everything through."""
    assert not accepts(replace(WEBHOOK, filter="data["), {})
    assert accepts(WEBHOOK, {})


def test_a_filter_sees_what_readers_get() -> None:
    """An event is shown with its message, and an attachment as facts only."""
    message = replace(INCOMING, body='{"text":"hi"}', attachment=Attachment(3, "x"))

    shown = seen(replace(RECEIVED, seq=7), message)

    assert shown["seq"] == 7
    assert shown["type"] == "message.received"
    data = shown["data"]
    assert isinstance(data, dict)
    assert data["message"] == {"text": "hi"}
    assert data["attachment"] == {"size": 3, "sha256": "x"}


@pytest.mark.parametrize("body", ["9" * 5000, "[" * 100_000 + "]" * 100_000])
def test_what_cannot_be_parsed_is_seen_as_empty(body: str) -> None:
    """A number or a depth beyond the parser harms nobody."""
    assert seen(RECEIVED, replace(INCOMING, body=body)) == {}


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        (Ordering.NONE, (None, None, None)),
        (Ordering.ROOM, ("lobby", "lobby", "")),
        (Ordering.SENDER, ("lobby\x1falice", "lobby\x1f", "\x1f")),
    ],
)
def test_an_order_is_of_a_room_or_of_a_sender_there(
    ordering: Ordering, expected: tuple[str | None, ...]
) -> None:
    """What is about no room, or from nobody, has an order of its own."""
    webhook = replace(WEBHOOK, ordering=ordering)

    keys = tuple(order_key(webhook, event) for event in (RECEIVED, JOINED, DISABLED))

    assert keys == expected
