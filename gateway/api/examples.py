"""What the description of `/send` and `/broadcast` shows: bodies, answers, words."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.api.bodies import FORM, JSON, MULTIPART
from gateway.api.repeats import MARK

SEND_DESCRIPTION: Final = """\
Only `to` and one of `message` and `text` are needed.

**200**: the room acknowledged it in time. **202**: accepted, and queued or of unknown
outcome; read `status`, and `GET /messages/{id}` later. **4xx**: nothing was or will be
said; with a `message_id` the refusal is on record. **5xx**: nothing was accepted, so
repeat it safely.

`status` is never "delivered": a room gives no receipt. `unknown` means that the link
was lost between writing and acknowledgement.
"""
BROADCAST_DESCRIPTION: Final = """\
As `POST /send`, to everybody who is in the room. The room tells no count, so the answer
has `present`: how many participants were known when it was dispatched.
"""

REPLY_DESCRIPTION: Final = """\
As `POST /send`, to whoever said the message of that id: to the participant if they are
still here, else to the only one of their name and role. While nobody of that name is
here the reply is held for `ttl`, unless `await_recipient` is false. A sender without a
name is answered only while they are here.

A webhook with `links` is given an address with `nonce`, `expires` and `signature`. It
needs no key, and is good for one reply: after that 409 `link_used` tells which.
"""

BATCH_DESCRIPTION: Final = """\
Up to 100 messages of one room, each as `POST /send` takes it or, without `to`, as
`POST /broadcast` does. They are judged together: if one may not be sent, none is, and
`errors` names every place that is wrong, such as `/messages/3/to`. They are stored in
one commit, and said in their order.

The answer has a result for each, in the same order. It does not wait for the room
unless asked to; then **200** says that all have come to an end. A message that failed
meanwhile is a result with `error`, not a refusal. `dry_run` says of each what would
become of it. One `Idempotency-Key` covers all.
"""

_MESSAGE_ID: Final = "msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"
_TIMES: Final = {
    "created_at": "2030-01-31T12:00:00.000Z",
    "expires_at": "2030-01-31T12:05:00.000Z",
    "next_retry_at": None,
}

SEND_BODIES: Final[Mapping[str, Any]] = {
    JSON: {
        "shortest": {
            "summary": "The shortest",
            "value": {"to": "alice", "text": "hi"},
        },
        "full": {
            "summary": "Everything that can be said",
            "value": {
                "to": ["alice", {"role": "agent"}],
                "type": "chat",
                "message": {"text": "hi"},
                "attachment": "aGVsbG8=",
                "room": "lobby",
                "match": "one",
                "ttl": 300,
                "await_recipient": False,
                "on_unknown": "report",
                "ref": "order-17",
            },
        },
    },
    FORM: {
        "curl": {
            "summary": "curl -d to=alice -d text=hi",
            "value": {"to": "alice", "text": "hi"},
        }
    },
    MULTIPART: {
        "file": {
            "summary": "curl -F to=alice -F text=hi -F attachment=@photo.jpg",
            "value": {"to": "alice", "text": "hi", "attachment": "(the file)"},
        }
    },
}
BROADCAST_BODIES: Final[Mapping[str, Any]] = {
    JSON: {
        "shortest": {"summary": "The shortest", "value": {"text": "hi all"}},
        "full": {
            "summary": "Everything that can be said",
            "value": {
                "type": "announcement",
                "message": {"text": "hi all"},
                "attachment": "aGVsbG8=",
                "room": "lobby",
                "ttl": 60,
                "ref": "order-17",
            },
        },
    },
    FORM: {"curl": {"summary": "curl -d text=hi", "value": {"text": "hi all"}}},
    MULTIPART: {
        "file": {
            "summary": "curl -F text=hi -F attachment=@photo.jpg",
            "value": {"text": "hi all", "attachment": "(the file)"},
        }
    },
}

REPLY_BODIES: Final[Mapping[str, Any]] = {
    JSON: {
        "shortest": {"summary": "The shortest", "value": {"text": "hi back"}},
        "full": {
            "summary": "Everything that can be said",
            "value": {
                "type": "chat",
                "message": {"text": "hi back"},
                "attachment": "aGVsbG8=",
                "ttl": 300,
                "await_recipient": True,
                "on_unknown": "report",
                "ref": "order-17",
            },
        },
    },
    FORM: {"curl": {"summary": "curl -d text='hi back'", "value": {"text": "hi back"}}},
    MULTIPART: {
        "file": {
            "summary": "curl -F text='hi back' -F attachment=@photo.jpg",
            "value": {"text": "hi back", "attachment": "(the file)"},
        }
    },
}


BATCH_BODIES: Final[Mapping[str, Any]] = {
    JSON: {
        "two": {
            "summary": "One to alice, one to everybody",
            "value": {
                "messages": [
                    {"to": "alice", "text": "hi", "ref": "order-17"},
                    {"text": "hi all"},
                ]
            },
        }
    }
}


def batch_receipts() -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` for a batch that was accepted."""
    sent = _example("send", "sent", waiting_for=None, attempts=1)
    queued = _example("send", "queued", waiting_for="order", attempts=0)
    return {
        200: _batch_receipt("They were waited for, and all have come to an end.", sent),
        202: _batch_receipt("Accepted; read the `status` of each.", queued),
    }


def _batch_receipt(description: str, example: dict[str, Any]) -> dict[str, Any]:
    answer = _receipt(description, example)
    content = {
        "schema": {"$ref": "#/components/schemas/BatchAnswer"},
        "example": {"results": [{"index": 0, **example}]},
    }
    headers = {
        name: each for name, each in answer["headers"].items() if name != "Location"
    }
    return {**answer, "headers": headers, "content": {JSON: content}}


def receipts(operation: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` for what was accepted."""
    return {
        200: _receipt(
            "The room acknowledged it in time; with `dry_run`, what would become of"
            " it.",
            _example(operation, "sent", waiting_for=None, attempts=1),
        ),
        202: _receipt(
            "Accepted: queued, or its outcome is not known yet.",
            _example(operation, "queued", waiting_for="room", attempts=0),
        ),
    }


def _example(
    operation: str, status: str, *, waiting_for: str | None, attempts: int
) -> dict[str, Any]:
    reach: dict[str, Any] = {"present": 7 if attempts else None}
    if operation == "send":
        recipient = {
            "name": "alice",
            "participant_id": "p-17",
            "status": status,
            "attempts": attempts,
        }
        reach = {"recipients": [recipient]}
    return {
        "id": _MESSAGE_ID,
        "status": status,
        "waiting_for": waiting_for,
        "room": "lobby",
        "type": "chat",
        "ref": "order-17",
        **reach,
        **_TIMES,
    }


def _receipt(description: str, example: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Receipt"}
    if example["status"] == "sent":
        schema = {"anyOf": [schema, {"$ref": "#/components/schemas/Rehearsed"}]}
    return {
        "description": description,
        "headers": {
            "Location": {
                "description": "Where the message can be read.",
                "schema": {"type": "string"},
                "example": f"/messages/{_MESSAGE_ID}",
            },
            "Preference-Applied": {
                "description": "The `wait` that was kept to, if `Prefer` asked.",
                "schema": {"type": "string"},
            },
            **MARK,
        },
        "content": {
            JSON: {
                "schema": schema,
                "example": example,
            }
        },
    }
