"""What the description of `GET /events` shows: readings, parameters, answers."""

import json
from typing import Any, Final

from gateway.api.bodies import JSON
from gateway.api.framing import NDJSON, SSE

DESCRIPTION: Final = """\
One durable log, several readings; `Accept` chooses. A reader is told of what follows
its place, in order and without a gap.

- `text/event-stream`: server-sent events, for browsers and long-lived readers. A cursor
  that is no longer held opens with `"recovered":false` and how many were `missed`, and
  goes on with the earliest that is held.
- `application/x-ndjson`: the same as lines, for `curl -N | jq`. Lines without an `id`
  are the stream's own.
- `application/json`: a page at a time. With `wait`, an empty page waits for an event.
  Give its `next` as `after`; with `more`, at once.

Without a cursor or `since`, a reading begins with what happens from now on.
"""

_CURSOR: Final = "5f3a9c1e-1042"
_ENVELOPE: Final[dict[str, Any]] = {
    "v": 1,
    "id": "evt_01J9ZC3V7M5E8Q2W4R6T8Y0ABC",
    "seq": 1043,
    "type": "message.received",
    "room": "lobby",
    "timestamp": "2030-01-31T12:00:00.000Z",
    "data": {
        "id": "msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABC",
        "from": {"id": "p-17", "name": "alice", "role": "user"},
        "type": "chat",
        "message": {"text": "hi"},
        "attachment": None,
    },
}
_OPENED: Final[dict[str, Any]] = {"head": _CURSOR, "recovered": True, "missed": 0}


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


_STREAM: Final = f"""\
retry: 2000
id: {_CURSOR}
event: stream.open
data: {_line(_OPENED)}

id: 5f3a9c1e-1043
event: message.received
data: {_line(_ENVELOPE)}

id: 5f3a9c1e-1043
event: stream.ping
data: {{}}

"""
_LINES: Final = f"""\
{_line({"type": "stream.open", "cursor": _CURSOR, **_OPENED})}
{_line(_ENVELOPE)}
{_line({"type": "stream.ping", "cursor": "5f3a9c1e-1043"})}
"""
_PAGE: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Page of events",
    "required": ["events", "next", "more"],
    "additionalProperties": False,
    "properties": {
        "events": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Envelopes as webhooks get them, oldest first.",
        },
        "next": {
            "type": "string",
            "description": "Give it as `after`. It moves on over what was left out.",
        },
        "more": {"type": "boolean", "description": "More is there: ask at once."},
    },
}


def _parameter(
    name: str, description: str, schema: dict[str, Any], **more: object
) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        **more,
    }


def _words(name: str, description: str) -> dict[str, Any]:
    word = {"type": "string", "minLength": 1}
    schema = {"type": "array", "items": word, "maxItems": 100}
    return _parameter(name, description, schema, style="form", explode=False)


_WORD: Final[dict[str, Any]] = {"type": "string", "minLength": 1}
PARAMETERS: Final = [
    _words("events", "Types of events, or `message.*`, comma-separated."),
    _words("types", "Of events about messages, only these message types."),
    _words("rooms", "Only events of these rooms, comma-separated."),
    _words("from", "Of events about messages, only from these names."),
    _parameter(
        "since",
        "Where to begin without a cursor: a time (RFC 3339), how long ago (`10m`),"
        " `earliest` or `latest`.",
        _WORD,
        example="10m",
    ),
    _parameter("after", "A cursor, or the id of an event: begin after it.", _WORD),
    _parameter("last_event_id", "The same, as the header `Last-Event-ID`.", _WORD),
    _parameter(
        "limit",
        "Most events in a page.",
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    ),
    _parameter(
        "wait",
        "Seconds to wait for an event, if there is none.",
        {"type": "integer", "minimum": 0, "maximum": 55, "default": 0},
    ),
    {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "As browsers send it that come back; goes before the query.",
        "schema": {"type": "string"},
    },
]


def answers() -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a reading, one for each form."""
    page = {"events": [_ENVELOPE], "next": "5f3a9c1e-1043", "more": False}
    return {
        200: {
            "description": "What follows the place asked for.",
            "content": {
                JSON: {"schema": _PAGE, "example": page},
                NDJSON: {"schema": {"type": "string"}, "example": _LINES},
                SSE: {"schema": {"type": "string"}, "example": _STREAM},
            },
        }
    }
