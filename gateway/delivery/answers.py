"""Replies that receivers give by return value, found in what they answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Never

from gateway.domain.model import Outcome

ANSWER_BYTES = 16_384  # No more is read of an answer: one as long may go on.

INVALID = "invalid"
TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A reply that cannot be sent, and why: `invalid` or `too_large`."""

    reason: str


def reply_in(outcome: Outcome) -> Mapping[str, object] | Skipped | None:
    """Return the `reply` of a JSON object that was answered; `None` if there is none.

    An answer that says it is JSON and cannot be read is `invalid`, or `too_large` if
    it is longer than 16 KiB. One that does not say what it is may be anything. Whether
    the reply itself keeps the rules of a message is not looked at.
    """
    media_type = outcome.headers.get("content-type", "").partition(";")[0]
    media_type = media_type.strip().lower()
    says_json = media_type == "application/json" or media_type.endswith("+json")
    if not outcome.body.strip() or (media_type and not says_json):
        return None
    try:
        answer = json.loads(outcome.body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _unread(outcome.body, says_json=says_json)
    if not isinstance(answer, dict) or answer.get("reply") is None:
        return None
    reply = answer["reply"]
    return reply if isinstance(reply, dict) else Skipped(INVALID)


def _unread(body: bytes, *, says_json: bool) -> Skipped | None:
    if len(body) >= ANSWER_BYTES and (says_json or body.lstrip().startswith(b"{")):
        return Skipped(TOO_LARGE)
    return Skipped(INVALID) if says_json else None


def _refuse(constant: str) -> Never:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(constant)
