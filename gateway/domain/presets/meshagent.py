"""What MeshAgent tells of its rooms: started, ended, and called."""

from collections.abc import Mapping
from typing import Final

from gateway.domain.arrivals import Arrival
from gateway.domain.presets.reading import a_line, at, without_nothing

HEADER: Final = "meshagent-webhook"

_SENTENCES: Final[Mapping[str, str]] = {
    "room.started": "Room {room} started.",
    "room.ended": "Room {room} ended.",
    "room.call": "Room {room} calls for an agent.",
}


def is_in_a_header(arrival: Arrival) -> bool:
    """Whether a request says in its header what others say in their body.

    Beside a body the header counts for nothing: it would be the one that is signed, and
    the body the one that is kept.
    """
    return not arrival.body and HEADER in arrival.headers


def content(arrival: Arrival) -> bytes:
    """Return the JSON of a request, from its body or from its header."""
    if not is_in_a_header(arrival):
        return arrival.body
    value = arrival.headers[HEADER]
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:  # It is a sample, and did not come as bytes.
        return value.encode("utf-8", "replace")


def said(payload: object) -> str:
    """Return what happened, in a sentence."""
    event = a_line(at(payload, "event"))
    room = a_line(at(payload, "data", "room_name"))
    sentence = _SENTENCES.get(event)
    if sentence is not None and room:
        return sentence.replace("{room}", room)
    told = f"MeshAgent event {event}" if event else "MeshAgent event"
    return f"{told} in room {room}" if room else told


def facts(payload: object) -> dict[str, object]:
    """Return the event, the room and its address; never the token of a call."""
    return without_nothing(
        {
            "event": a_line(at(payload, "event")),
            "room": a_line(at(payload, "data", "room_name")),
            "url": a_line(at(payload, "data", "room_url"), 1_000),
        }
    )
