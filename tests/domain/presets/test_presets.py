"""Presets: whatever comes in is said."""

import copy
import json
from collections.abc import Iterator
from unicodedata import category

import pytest
from hypothesis import given, strategies as st

from gateway.domain.json_text import dumps
from gateway.domain.model import Preset
from gateway.domain.presets import message_of, outline, text_of
from tests.domain.arriving import LEAVES, arrival, json_values

SAMPLES: list[tuple[Preset, object]] = [
    (
        Preset.STRIPE,
        {
            "id": "evt_1",
            "type": "customer.subscription.updated",
            "livemode": False,
            "data": {
                "object": {
                    "object": "subscription",
                    "id": "sub_1",
                    "customer": "cus_1",
                    "status": "active",
                    "currency": "usd",
                    "cancel_at": 1_702_339_200,
                    "items": {"data": [{"quantity": 2, "price": {"unit_amount": 5}}]},
                },
                "previous_attributes": {"status": "trialing", "cancel_at": None},
            },
        },
    ),
    (
        Preset.ALERTMANAGER,
        {
            "status": "firing",
            "externalURL": "http://alertmanager:9093",
            "truncatedAlerts": 2,
            "groupLabels": {"alertname": "DiskFull", "cluster": "eu"},
            "commonLabels": {"alertname": "DiskFull", "cluster": "eu"},
            "commonAnnotations": {"runbook_url": "https://runbooks.example/disk"},
            "alerts": [
                {
                    "status": "resolved",
                    "labels": {"alertname": "DiskFull", "device": "sda"},
                    "annotations": {"summary": "Disk is full"},
                    "startsAt": "2026-03-14T12:00:00.123456789Z",
                    "endsAt": "2026-03-14T14:30:00+02:00",
                    "values": {"A": 95.5},
                    "panelURL": "https://grafana.example/d/1",
                }
            ],
        },
    ),
    (
        Preset.CLOUDEVENTS,
        {"type": "a.b", "source": "/c", "subject": "d", "data": {"e": [1]}},
    ),
    (Preset.CLOUDEVENTS, {"type": "a.b", "data_base64": "aGVsbG8="}),
    (
        Preset.MESHAGENT,
        {"event": "room.call", "data": {"room_name": "lobby", "room_url": "wss://x"}},
    ),
]
# What somebody would send to be seen as another line, or to keep us busy.
HOSTILE = st.sampled_from(
    [
        *("x" * 70_000, "a\r\nb\x00c\u2028d\u202ee", "\u200b" * 5_000, "\n" * 5_000),
        *(10**30, -1, [None], {"a": None}, [["x"] * 99]),
    ]
)
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


@pytest.mark.parametrize(("preset", "sample"), SAMPLES)
@given(data=st.data())
def test_a_real_request_with_anything_in_it_is_said(
    preset: Preset, sample: object, data: st.DataObject
) -> None:
    """Members that are gone, null, of another type or huge leave a bounded text."""
    payload = copy.deepcopy(sample)
    for _ in range(3):
        holder, key = data.draw(st.sampled_from(list(members(payload))))
        value = data.draw(LEAVES | HOSTILE | json_values("name", "amount"))
        holder[key] = copy.deepcopy(value)  # It may be changed next.
        if data.draw(st.booleans()):
            del holder[key]

    text = text_of(preset, PUSH, payload)

    assert text
    assert text.strip()
    assert len(text) <= 4_000
    assert len(text.splitlines()) == len(text.split("\n")) <= 15
    assert not any(category(char) == "Cc" for char in text if char != "\n")
    assert "\u202e" not in text
    assert dumps(message_of(preset, PUSH, payload))


def members(value: object) -> Iterator[tuple[dict[str, object], str]]:
    """Yield every member of every object within, by its holder and its name."""
    inner = value if isinstance(value, list) else []
    if isinstance(value, dict):
        yield value, ""
        for key in value:
            yield value, key
        inner = list(value.values())
    for each in inner:
        yield from members(each)


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
