"""Presets: whatever comes in is said."""

import json

import pytest
from hypothesis import given

from gateway.domain.json_text import dumps
from gateway.domain.model import Preset
from gateway.domain.presets import message_of, outline, text_of
from tests.domain.arriving import arrival, json_values

PUSH = arrival(headers={"x-github-event": "push"})
PULL = {
    "action": "opened",
    "number": 7,
    "pull_request": {"number": 7, "html_url": "https://github.com/o/r/pull/7"},
    "repository": {"full_name": "o/r", "html_url": "https://github.com/o/r"},
    "sender": {"login": "alice"},
}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"a": [1]}, {"a": [1]}),
        ([1], {"value": [1]}),
        (None, {"value": None}),
        ("x", {"value": "x"}),
    ],
)
def test_without_a_preset_the_whole_is_said(payload: object, expected: object) -> None:
    """An object as it is; what is none under a name."""
    assert message_of(Preset.JSON, arrival(), payload) == expected
    assert text_of(Preset.JSON, arrival(), payload) is None


@pytest.mark.parametrize(
    ("preset", "payload", "members"),
    [
        (Preset.STRIPE, {"type": "invoice.paid"}, {"event": "invoice.paid"}),
        (Preset.ALERTMANAGER, {"status": "firing"}, {"status": "firing"}),
        (Preset.CLOUDEVENTS, {"type": "a.b", "source": "/c"}, {"source": "/c"}),
        (Preset.MESHAGENT, {"event": "room.ended"}, {"event": "room.ended"}),
        (Preset.SLACK, {"text": "*a*"}, {"text": "*a*", "markdown": "**a**"}),
        (
            Preset.GITHUB,
            PULL,
            {
                "event": "push",
                "action": "opened",
                "repository": "o/r",
                "sender": "alice",
                "number": 7,
                "url": "https://github.com/o/r/pull/7",
            },
        ),
    ],
)
def test_a_preset_says_text_and_facts(
    preset: Preset, payload: object, members: dict[str, object]
) -> None:
    """People read the text, agents the rest."""
    message = message_of(preset, PUSH, payload)

    assert message["text"] == text_of(preset, PUSH, payload)
    assert members.items() <= message.items()


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"a": 1, "b\n": 2}, "A JSON object: a, b"),
        ({str(n): n for n in range(30)}, "A JSON object: 0, 1, 2, "),
        ({}, "An empty JSON object"),
        ([1, 2], "A JSON array of 2"),
        ("hi", "hi"),
        (None, "Nothing"),
    ],
)
def test_what_is_odd_is_outlined(payload: object, expected: str) -> None:
    """So that there is always something to say."""
    assert outline(payload).startswith(expected)
    assert len(outline(payload)) < 1_000


@pytest.mark.parametrize("preset", list(Preset))
@given(
    json_values(
        *("type", "data", "object", "text", "alerts", "event", "action", "repository"),
        *("pull_request", "commits", "sender"),
    )
)
def test_whatever_comes_in_is_said(preset: Preset, payload: object) -> None:
    """No shape raises, no text is empty, and the message can be written."""
    text = text_of(preset, PUSH, payload)

    assert text is None if preset is Preset.JSON else text
    message = message_of(preset, PUSH, payload)
    assert json.loads(dumps(message).encode()) == message
