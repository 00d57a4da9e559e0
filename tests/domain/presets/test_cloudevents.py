"""CloudEvents in words: type, source, subject, and the beginning of the data."""

import pytest
from hypothesis import given

from gateway.domain.presets import cloudevents
from tests.domain.arriving import json_values

EVENT = {
    "specversion": "1.0",
    "id": "A234",
    "source": "/mycontext",
    "type": "com.example.uploaded",
    "subject": "photo.png",
    "time": "2026-03-14T12:00:00Z",
}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"size": 5, "é": [1]}, '{"size": 5, "é": [1]}'),
        ("a\nb", "> a b"),
        (0, "0"),
        (["x" * 1000], '["' + "x" * 297 + "…"),
    ],
)
def test_an_event_is_told_with_its_data(data: object, expected: str) -> None:
    """As much of it as makes a line."""
    assert cloudevents.said({**EVENT, "data": data}).splitlines() == [
        "com.example.uploaded from /mycontext: photo.png",
        expected,
    ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {"data_base64": "aGVsbG8=", "datacontenttype": "image/png"},
            "5 bytes of image/png",
        ),
        ({"data_base64": "A" * 4096}, "3,072 bytes of data"),
        ({"data": {"a": 1}, "data_base64": "aGVsbG8="}, '{"a": 1}'),
    ],
)
def test_binary_data_is_told_by_its_size(
    members: dict[str, object], expected: str
) -> None:
    """Nobody reads base64."""
    assert cloudevents.said({**EVENT, **members}).splitlines()[1:] == [expected]


def test_a_batch_of_one_is_told_as_that_one() -> None:
    """With its data."""
    event = {**EVENT, "data": 5}

    assert cloudevents.said([event]) == cloudevents.said(event)


def test_an_event_without_data_is_a_line() -> None:
    """Nothing is said of what is not there."""
    bare = {"type": "com.example.tick", "source": "/clock"}

    assert cloudevents.said(bare) == "com.example.tick from /clock"


def test_a_batch_is_counted_and_listed() -> None:
    """Ten of its events are told, a line each."""
    lines = cloudevents.said([EVENT] * 12).splitlines()

    assert lines[0] == "12 events"
    assert lines[1:11] == ["com.example.uploaded from /mycontext: photo.png"] * 10
    assert lines[11:] == ["and 2 more"]


def test_the_facts_are_attributes_and_data() -> None:
    """`event` is the event's type, as with the other presets; data is whole."""
    data = {"size": 5, "tags": [], "none": None}

    facts = cloudevents.facts({**EVENT, "data": data})

    assert facts == {
        "event": "com.example.uploaded",
        "id": "A234",
        "source": "/mycontext",
        "subject": "photo.png",
        "time": "2026-03-14T12:00:00Z",
        "data": data,
    }
    assert cloudevents.facts([EVENT]) == {"events": [EVENT]}


@given(json_values("type", "source", "subject", "data"))
def test_any_event_has_a_short_text(payload: object) -> None:
    """Whatever stands where, there is something to say."""
    text = cloudevents.said(payload)

    assert text.strip()
    assert len(text) <= cloudevents.MAX_TEXT
    assert isinstance(cloudevents.facts(payload), dict)
