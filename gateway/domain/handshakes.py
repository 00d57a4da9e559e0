"""Requests that only ask whether we are there; nothing is said in the room of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.domain.arrivals import Arrival
from gateway.domain.model import Preset, Profile, Source

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"

# Slack's are some fifty characters of ASCII.
_CHALLENGE: Final = re.compile(r"[\x21-\x7e]{1,2000}", re.ASCII)
_ORIGIN: Final = re.compile(r"[A-Za-z0-9*._:/-]{1,253}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """What such a request is answered.

    Attributes:
        headers: Names in lower case; without Content-Type.
    """

    status: int
    body: str = ""
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


def handshake(
    source: Source, arrival: Arrival, payload: object = None
) -> Answer | None:
    """Return the answer to a handshake, or `None` if a request is none.

    Slack's `url_verification` gets its challenge back, GitHub's `ping` a pong. The
    OPTIONS of a sender of CloudEvents is signed by nobody and has no body: it is
    answered before anything is verified.

    Args:
        source: Where it came to.
        arrival: The request; verified, unless it is an OPTIONS.
        payload: What it says.

    Source: CloudEvents, "HTTP 1.1 Web Hooks for Event Delivery" §4.
    """
    if arrival.method == "OPTIONS":
        return _permission(source, arrival)
    if _is(source, Preset.SLACK, Profile.SLACK):
        return _challenge(payload)
    is_ping = arrival.headers.get("x-github-event") == "ping"
    if is_ping and _is(source, Preset.GITHUB, Profile.GITHUB):
        return Answer(200, '{"status":"pong"}', JSON)
    return None


def _is(source: Source, preset: Preset, profile: Profile) -> bool:
    return source.preset is preset or source.verify.profile is profile


def _challenge(payload: object) -> Answer | None:
    if not isinstance(payload, dict) or payload.get("type") != "url_verification":
        return None
    challenge = payload.get("challenge")
    if not isinstance(challenge, str) or not _CHALLENGE.fullmatch(challenge):
        return None
    return Answer(200, challenge)


def _permission(source: Source, arrival: Arrival) -> Answer | None:
    """Return that anybody who knows the address may send, as often as they like."""
    origin = arrival.headers.get("webhook-request-origin", "")
    if source.preset is not Preset.CLOUDEVENTS or not _ORIGIN.fullmatch(origin):
        return None
    headers = {
        "allow": "POST",
        "webhook-allowed-origin": origin,
        "webhook-allowed-rate": "*",
    }
    return Answer(200, headers=headers)
