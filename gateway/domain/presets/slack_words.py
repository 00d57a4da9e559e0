"""The words in which a Slack-compatible source accepts and refuses.

Source: Slack, "Sending messages using incoming webhooks", and its changelog of
2016-05-17.
"""

from collections.abc import Mapping
from typing import Final

from gateway.domain.errors import GatewayError, Invalid, Unavailable

ACCEPTED: Final = "ok"
REASON: Final = "reason"  # The fact of an `Invalid` that has its own word.

_WORDS: Final[Mapping[str, tuple[int, str]]] = {
    "malformed_json": (400, "invalid_payload"),
    "validation": (400, "invalid_payload"),
    "unsupported_media_type": (400, "invalid_payload"),
    "payload_too_large": (413, "invalid_payload"),
    "not_verified": (403, "invalid_token"),
    "source_disabled": (403, "action_prohibited"),
    "not_found": (404, "channel_not_found"),
    "gone": (410, "channel_is_archived"),
}


def refusal(word: str) -> Invalid:
    """Return the refusal of a payload that has a word of its own, such as `no_text`."""
    return Invalid(_SENTENCES[word], facts={REASON: word})


def word_of(error: GatewayError) -> tuple[int, str]:
    """Return the status and the word with which an error is answered.

    503 `rollup_error` for what may be sent again.
    """
    reason = error.facts.get(REASON)
    if isinstance(reason, str) and reason in _SENTENCES:
        return 400, reason
    if isinstance(error, Unavailable):
        return 503, "rollup_error"
    return _WORDS.get(error.code, (403, "action_prohibited"))


_SENTENCES: Final[Mapping[str, str]] = {
    "invalid_payload": "It should be an object with text, blocks or attachments.",
    "invalid_blocks": "Blocks are an array of objects, at most 50.",
    "no_text": "There is nothing to say: no text, blocks or attachments.",
    "too_many_attachments": "There are more than 100 attachments.",
}
