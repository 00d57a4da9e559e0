"""Events as lines for a person."""

from collections.abc import Iterator
from datetime import date

import pytest

from gateway.cli.lines import coloured, parts, plain
from tests.fakes.stream_server import an_envelope
from tests.fakes.zones import zone

TODAY = date(2030, 1, 31)
OURS = {
    "id": "msg_1",
    "direction": "out",
    "type": "chat",
    "message": {"text": "hi"},
    "recipients": [{"name": "alice"}, {"name": None, "participant_id": "p-2"}],
}
ALICE = {"participant": {"id": "p-1", "name": "alice", "role": "user"}}
HOOK = {"webhook_id": "wh_1", "reason": "gone", "delivery_id": "dlv_1"}


@pytest.fixture(autouse=True)
def _in_utc() -> Iterator[None]:
    with zone("UTC"):
        yield


def a(kind: str, data: object) -> dict[str, object]:
    """Return an event in the lobby at three seconds past twelve."""
    return an_envelope(1) | {"type": kind, "data": data}


def test_a_message_is_a_line() -> None:
    """When, where, who, of what type, what."""
    assert plain(an_envelope(1), TODAY) == "12:00:03 lobby alice chat: hi"


def test_another_day_is_told() -> None:
    """Whoever reads back a week sees which."""
    line = plain(an_envelope(1), date(2030, 2, 1))

    assert line.startswith("2030-01-31 12:00:03 lobby")


def test_times_are_those_of_the_clock_here() -> None:
    """As on the wall, and the day is the one here too."""
    with zone("Asia/Tokyo"):
        assert plain(an_envelope(1), TODAY).startswith("21:00:03 ")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (a("message.sent", OURS), "→ alice, p-2 chat: hi"),
        (
            a("message.sent", OURS | {"recipients": None, "present": 7}),
            "→ everybody chat: hi",
        ),
        (
            a("message.failed", OURS | {"error": {"text": "too long"}}),
            "→ alice, p-2 failed (too long) chat: hi",
        ),
        (a("message.expired", OURS), "→ alice, p-2 expired chat: hi"),
        (a("participant.joined", ALICE), "alice joined"),
        (a("participant.left", {"participant": {"id": "p-1"}}), "p-1 left"),
        (
            a("participant.updated", ALICE | {"changed": {"team": 1, "away": True}}),
            "alice changed team, away",
        ),
        (a("room.connected", {}), "connected"),
        (a("room.disconnected", {"reason": "closed"}), "disconnected: closed"),
        (
            a("room.gap", {"from": "a", "to": "b"}),
            "gap: nobody told us what was said from a to b",
        ),
        (a("room.messaging_disabled", {}), "messaging is disabled"),
        (a("room.duplicate_gateway", ALICE), "another gateway uses our name"),
        (a("room.of_the_future", {"a": "é"}), 'room.of_the_future {"a":"é"}'),
        (a("new", None), "new {}"),
    ],
)
def test_every_event_is_readable(event: dict[str, object], line: str) -> None:
    """Also one that this version does not know."""
    assert plain(event, TODAY) == f"12:00:03 lobby {line}"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (a("webhook.failing", HOOK), "wh_1 webhook.failing: gone"),
        (a("webhook.recovered", HOOK), "wh_1 webhook.recovered: gone"),
        (a("delivery.dead", HOOK), "delivery.dead: dlv_1 to wh_1 is given up"),
    ],
)
def test_what_is_of_no_room_has_none(event: dict[str, object], line: str) -> None:
    """Its line begins with the time all the same."""
    assert plain(event | {"room": None}, TODAY) == f"12:00:03 {line}"


@pytest.mark.parametrize(
    ("message", "attachment", "said"),
    [
        ({"text": "hi"}, {"size": 9}, "hi [+ 9 bytes]"),
        ({"text": "hi", "to": 1}, None, '{"text":"hi","to":1}'),
        ({"a": [1]}, None, '{"a":[1]}'),
        ({"text": 1}, None, '{"text":1}'),
        ({"text": "one\r\ntwo"}, None, "one ⏎ two"),
        ({"text": "\x1b[2J\u202e"}, None, "\ufffd[2J\ufffd"),
    ],
)
def test_what_is_said_is_one_line(
    message: object, attachment: object, said: str
) -> None:
    """It steers no terminal, and nothing of it is cut off."""
    data = {"from": {"name": "al\nice"}, "type": "chat"}
    event = a(
        "message.received", {**data, "message": message, "attachment": attachment}
    )

    assert plain(event, TODAY) == f"12:00:03 lobby al ⏎ ice chat: {said}"


@pytest.mark.parametrize(
    "event", [{}, {"type": 1, "data": 1}, {"type": "message.sent"}, a("room.gap", [])]
)
def test_an_event_of_another_shape_is_a_line_too(event: dict[str, object]) -> None:
    """What it has not got is told so, and breaks nothing."""
    assert "\n" not in plain(event, TODAY)


@pytest.mark.parametrize(
    ("kind", "style"),
    [
        ("room.gap", "yellow"),
        ("room.disconnected", "yellow"),
        ("message.failed", "red"),
        ("message.expired", "yellow"),
        ("room.connected", "green"),
    ],
)
def test_what_a_person_should_see_stands_out(kind: str, style: str) -> None:
    """In the colour of a warning, or of worse."""
    assert style in {each for _, each in parts(a(kind, OURS), TODAY)}


def test_colours_change_nothing_of_the_text() -> None:
    """Nor does what looks like markup."""
    event = a(
        "message.received", {"from": {"name": "[red]"}, "message": {"text": ":+1:"}}
    )

    assert coloured(event, TODAY).plain == plain(event, TODAY)
