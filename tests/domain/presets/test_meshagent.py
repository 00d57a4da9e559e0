"""MeshAgent in words."""

import pytest
from hypothesis import given

from gateway.domain.presets import meshagent
from tests.domain.arriving import arrival, json_values

CALL = {
    "event": "room.call",
    "data": {
        "room_name": "lobby",
        "room_url": "wss://rooms.example/lobby",
        "token": "a secret of the room",
    },
}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (CALL, "Room lobby calls for an agent."),
        ({**CALL, "event": "room.started"}, "Room lobby started."),
        ({**CALL, "event": "room.ended"}, "Room lobby ended."),
        ({**CALL, "event": "room.moved"}, "MeshAgent event room.moved in room lobby"),
        ({"event": "room.ended"}, "MeshAgent event room.ended"),
        ({}, "MeshAgent event"),
    ],
)
def test_an_event_is_a_sentence(payload: dict[str, object], expected: str) -> None:
    """Of what happened in which room; others are named."""
    assert meshagent.said(payload) == expected


@pytest.mark.parametrize(
    ("body", "header", "expected"),
    [
        (b"{}", None, b"{}"),
        (b"{}", "[]", b"{}"),
        (b"", "[]", b"[]"),
        (b"", "\xe9", b"\xe9"),
        (b"", "€", "€".encode()),
        (b"", "\ud800", b"?"),
        (b"", None, b""),
    ],
)
def test_a_header_stands_in_for_a_body(
    body: bytes, header: str | None, expected: bytes
) -> None:
    """It counts if there is none."""
    headers = {} if header is None else {meshagent.HEADER: header}

    assert meshagent.content(arrival(body, headers=headers)) == expected


def test_the_token_of_a_call_is_never_said() -> None:
    """Whoever is in the room could join another with it."""
    assert meshagent.facts(CALL) == {
        "event": "room.call",
        "room": "lobby",
        "url": "wss://rooms.example/lobby",
    }


@given(json_values("event", "data", "room_name"))
def test_any_event_has_a_short_text(payload: object) -> None:
    """Whatever stands where, there is something to say."""
    text = meshagent.said(payload)

    assert text.strip()
    assert len(text) <= 500
    assert isinstance(meshagent.facts(payload), dict)
