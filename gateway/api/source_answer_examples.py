"""Examples of what is answered about sources, for the description of the API."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from gateway.api.bodies import JSON

_ID: Final = "src_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"
_REQUEST_ID: Final = "inb_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"
_AT: Final = "2030-01-31T12:00:00.000Z"

SHOWN: Final[Mapping[str, Any]] = {
    "id": _ID,
    "name": "our repository",
    "room": "lobby",
    "verify": {"profile": "github", "tolerance": 300, "secret_count": 1},
    "to": None,
    "broadcast": True,
    "match": "one",
    "type": "webhook",
    "format": "github",
    "template": None,
    "filter": None,
    "dedup": None,
    "methods": ["POST"],
    "max_body": 1_048_576,
    "ttl": 86_400,
    "response": None,
    "description": None,
    "active": True,
    "created_at": _AT,
    "updated_at": _AT,
}
_PATH: Final = "/in/mzxw6ytboi4dsmbrgiztinjwg44dsylj"
ADDRESSED: Final[Mapping[str, Any]] = {
    **SHOWN,
    "url": f"https://gateway.example.com{_PATH}",
    "path": _PATH,
}
REQUEST: Final[Mapping[str, Any]] = {
    "id": _REQUEST_ID,
    "source_id": _ID,
    "status": "said",
    "reason": None,
    "message_id": "msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABC",
    "identity": "github:0b989ba4-242f-11e5-81e1-c7b6966d2516",
    "replay_of": None,
    "method": "POST",
    "query": "",
    "size": 271,
    "received_at": _AT,
}
_REFUSAL: Final[Mapping[str, Any]] = {
    "verified": False,
    "code": "not_verified",
    "reason": (
        "the signature fits none of the source's secrets, or the body was changed on"
        " its way"
    ),
    "method": "POST",
    "size": 271,
    "content_type": "application/json",
    "user_agent": "GitHub-Hookshot/044aadd",
    "received_at": _AT,
}
DETAILED: Final[Mapping[str, Any]] = {
    **SHOWN,
    "accepted": 0,
    "said": 17,
    "filtered": 0,
    "render_failed": 0,
    "refused": 0,
    "expired": 0,
    "waiting_since": None,
    "last_request": REQUEST,
    "last_refusal": _REFUSAL,
}
LISTED: Final[Mapping[str, Any]] = {
    "requests": [REQUEST],
    "next_cursor": None,
    "refused": [_REFUSAL],
}
SIMULATED: Final[Mapping[str, Any]] = {
    "status": "said",
    "room": "lobby",
    "to": None,
    "broadcast": True,
    "type": "webhook",
    "message": {
        "text": "octocat/hello-world: octocat starred the repository",
        "event": "star",
        "action": "created",
        "repository": "octocat/hello-world",
        "sender": "octocat",
    },
    "attachment_size": None,
    "reason": None,
    "identity": None,
}


def answered(model: type[BaseModel], example: Mapping[str, Any]) -> dict[str, Any]:
    """Return what OpenAPI is told of an answer: its shape, and one that is whole."""
    return {"model": model, "content": {JSON: {"example": example}}}
