"""Routing: which webhooks want which events."""

from dataclasses import replace

import pytest

from gateway.domain.model import EventType
from gateway.domain.routing import is_subscribed, match, wants
from tests.domain.nouns import RECEIVED, WEBHOOK

JOINED = replace(
    RECEIVED,
    type=EventType.PARTICIPANT_JOINED,
    message_id=None,
    message_type=None,
    from_name=None,
)
DISABLED = replace(JOINED, type=EventType.WEBHOOK_DISABLED, room=None)


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

    matched = match(replace(DISABLED, webhook_id="wh_1"), [first, second])

    assert matched == [second]


def test_an_inactive_webhook_is_owed_its_events() -> None:
    """A disabled webhook is matched, so that its deliveries can be held."""
    webhook = replace(WEBHOOK, active=False)

    assert match(RECEIVED, [webhook]) == [webhook]


def test_webhooks_are_matched_in_the_order_given() -> None:
    """The answer keeps the order of the question."""
    webhooks = [replace(WEBHOOK, id=f"wh_{number}") for number in (3, 1, 2)]

    assert match(RECEIVED, webhooks) == webhooks
