"""What Slack itself tells is told with whom it is from."""

import pytest
from hypothesis import given

from gateway.domain.presets.slack_events import event_said, is_event
from tests.domain.arriving import json_values

FILE = {"name": "a.pdf", "title": "Plan", "permalink": "https://x.example/F1"}


def told(event: object) -> dict[str, object]:
    """Return an event as Slack's Events API tells it."""
    return {"type": "event_callback", "event": event}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (told({"type": "message", "user": "U1", "text": "hey <@U2>"}), "U1: hey @U2"),
        (
            told({"type": "message", "user": "U1", "text": "see", "files": [FILE]}),
            "U1: see\n\nPlan (https://x.example/F1)",
        ),
        (
            told({"type": "message", "user": "U1", "files": [{"name": "b"}, {}, 1]}),
            "U1: b",
        ),
        (
            told(
                {
                    "type": "message",
                    "subtype": "message_changed",
                    "message": {"user": "U1", "text": "new"},
                    "previous_message": {"user": "U1", "text": "old"},
                }
            ),
            "U1 (edited): new",
        ),
        (
            told({"type": "message", "subtype": "message_deleted"}),
            "Slack event message_deleted",
        ),
        (
            told({"type": "reaction_added", "user": "U1"}),
            "Slack event reaction_added by U1",
        ),
        (
            told({"type": "team_join", "user": {"id": "U1", "name": "zoe"}}),
            "Slack event team_join by zoe",
        ),
        (
            {"command": "/deploy", "text": "web *now*", "user_name": "zoe"},
            "zoe: /deploy web *now*",
        ),
        ({"type": "app_rate_limited"}, "Slack event app_rate_limited"),
        (
            {
                "type": "block_actions",
                "user": {"id": "U1", "username": "zoe"},
                "message": {"text": "Deploy?"},
                "actions": [{"action_id": "a", "text": {"text": "Approve"}}],
            },
            "zoe: Approve",
        ),
        (
            {"type": "shortcut", "user": {"id": "U1"}, "callback_id": "new_task"},
            "U1: new_task",
        ),
        (
            {"type": "view_submission", "view": {"title": {"text": "Order"}}},
            "Order",
        ),
        ({"type": "view_closed"}, "view_closed"),
    ],
)
def test_an_event_is_told(payload: dict[str, object], expected: str) -> None:
    """Messages in their words, with files; the rest by name."""
    assert is_event(payload)
    assert event_said(payload).text == expected


@pytest.mark.parametrize(
    "payload",
    [{}, {"type": "message"}, {"type": []}, {"command": "deploy"}, {"command": 1}],
)
def test_what_is_posted_to_slack_is_no_event(payload: dict[str, object]) -> None:
    """Messages of others are not from Slack."""
    assert not is_event(payload)


@given(
    json_values(
        *("type", "event", "message", "user", "files", "actions", "view", "text"),
        *("title", "name", "permalink", "command", "callback_id", "subtype"),
    )
)
def test_any_event_is_told(value: object) -> None:
    """Nothing that strangers send raises."""
    for kind in ("event_callback", "block_actions", value):
        payload = value if isinstance(value, dict) else {}
        said = event_said({**payload, "type": kind, "event": value})

        assert (said.text + said.markdown).encode() is not None
