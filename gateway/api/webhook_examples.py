"""Examples of what may be asked of webhooks, for the description of the API."""

from collections.abc import Mapping
from typing import Any, Final

Examples = Mapping[str, Mapping[str, Any]]

WANTED: Final[Examples] = {
    "smallest": {
        "summary": "Every message received",
        "value": {"url": "https://example.com/hooks/meshagent"},
    },
    "chosen": {
        "summary": "What alice says in the lobby, tried for an hour",
        "value": {
            "url": "https://example.com/hooks/meshagent",
            "events": ["message.received"],
            "rooms": ["lobby"],
            "from": ["alice"],
            "headers": {"Authorization": "Bearer 5f2c"},
            "retry": {"schedule": [5, 30, 300, 3600]},
        },
    },
    "filtered": {
        "summary": "Urgent messages to a chat tool, one after the other",
        "value": {
            "url": "https://example.com/hooks/chat",
            "filter": "data.message.urgent",
            "template": {"text": "{{ from_name }}: {{ text }}"},
            "ordering": "room",
            "rate_limit": {"per_second": 1, "burst": 5},
        },
    },
    "subscription": {
        "summary": "A REST hook, as automation tools subscribe",
        "value": {
            "target_url": "https://example.com/hooks/17",
            "event": "message.received",
        },
    },
}
PATCHED: Final[Examples] = {
    "narrower": {
        "summary": "Only some events, and the default schedule again",
        "value": {"events": ["message.received", "room.*"], "retry": None},
    },
    "elsewhere": {
        "summary": "Another host: what waits is held, headers are given anew",
        "value": {
            "url": "https://hooks.example.net/meshagent",
            "headers": {"Authorization": "Bearer 77aa"},
        },
    },
}
ROTATED: Final[Examples] = {
    "minted": {"summary": "A new secret; the old one signs for a day", "value": {}},
    "leaked": {
        "summary": "The old secret is known to others: it stops at once",
        "value": {"grace_s": 0},
    },
}
RELEASED: Final[Examples] = {
    "all": {"summary": "Send all that was held", "value": {"release": "all"}},
    "recent": {
        "summary": "Send what happened in the last hour, and drop the rest",
        "value": {"release": "1h"},
    },
}
TRIED: Final[Examples] = {
    "named": {"summary": "A chosen event", "value": {"event": "message.received"}}
}
