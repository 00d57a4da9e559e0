"""Examples of what may be asked of sources, for the description of the API."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.api.bodies import FORM, JSON, MULTIPART

Examples = Mapping[str, Mapping[str, Any]]

WANTED: Final[Examples] = {
    "github": {
        "summary": "What happens in a repository, to everybody",
        "value": {
            "name": "our repository",
            "broadcast": True,
            "verify": {"profile": "github", "secret": "It's a Secret to Everybody"},
        },
    },
    "alertmanager": {
        "summary": "Alerts, to whoever is on call",
        "value": {
            "name": "alerts",
            "to": {"role": "on-call"},
            "verify": {"profile": "basic", "secret": "alertmanager:5f2c9a"},
            "format": "alertmanager",
        },
    },
    "templated": {
        "summary": "Orders over 100 from a shop that signs in its own way",
        "value": {
            "name": "orders",
            "room": "lobby",
            "to": "alice",
            "type": "order",
            "verify": {
                "profile": "hmac",
                "secrets": ["7c1e55f0"],
                "header": "X-Shop-Signature",
                "encoding": "base64",
            },
            "template": {"text": "Order {{ number }}: {{ total }} EUR"},
            "filter": "total > `100`",
            "dedup": "number",
        },
    },
    "slack": {
        "summary": "Whatever can post to Slack",
        "value": {
            "name": "slack",
            "broadcast": True,
            "verify": {"profile": "none"},
            "format": "slack",
        },
    },
}
PATCHED: Final[Examples] = {
    "reworded": {
        "summary": "Another template, and no filter",
        "value": {"template": {"text": "{{ webhook.text }}"}, "filter": None},
    },
    "silent": {"summary": "It takes nothing for now", "value": {"active": False}},
}
SECRETS: Final[Examples] = {
    "changed": {
        "summary": "A new secret; the former one counts until it is changed there",
        "value": {"secret": "9b41c7d2"},
    },
    "leaked": {
        "summary": "The former ones are known to others: they stop at once",
        "value": {"secret": "9b41c7d2", "keep": 0},
    },
}
SAMPLES: Final[Examples] = {
    "push": {
        "summary": "A star on GitHub",
        "value": {
            "headers": {"X-GitHub-Event": "star"},
            "body": {
                "action": "created",
                "repository": {"full_name": "octocat/hello-world"},
                "sender": {"login": "octocat"},
            },
        },
    },
}
DUPLICATE: Final[Mapping[str, Any]] = {
    "status": "duplicate",
    "id": "inb_01J9ZC3V7M5E8Q2W4R6T8Y0ABC",
}
_TOKEN: Final[Mapping[str, Any]] = {
    "name": "token",
    "in": "path",
    "required": True,
    "description": "That of the source's address; or its id, with an API key.",
    "schema": {"type": "string"},
}
# The token opens the address; whoever names the source by its id has a key.
_OPEN: Final[tuple[dict[str, list[str]], ...]] = (
    {},
    {"bearer": []},
    {"key": []},
    {"basic": []},
)
IN_QUERIED: Final[dict[str, Any]] = {
    "parameters": [dict(_TOKEN)],
    "security": [*_OPEN],
    "responses": {"200": {"content": {JSON: {"example": DUPLICATE}}}},
}
IN_POSTED: Final[dict[str, Any]] = {
    **IN_QUERIED,
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {}, "example": {"hello": "world"}},
            FORM: {"schema": {"type": "object"}},
            MULTIPART: {"schema": {"type": "object"}},
            "text/plain": {"schema": {"type": "string"}},
        },
    },
}
