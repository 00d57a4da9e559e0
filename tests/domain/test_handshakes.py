"""Handshakes: answered as their senders want it, and only those."""

import pytest
from hypothesis import given

from gateway.domain.handshakes import Answer, handshake
from gateway.domain.model import Preset, Profile
from tests.domain.arriving import a_source, arrival, json_values

CHALLENGE = {"type": "url_verification", "token": "t", "challenge": "3eZbrw1aB"}
PING = {"x-github-event": "ping"}


@pytest.mark.parametrize(
    ("preset", "profile"),
    [(Preset.SLACK, Profile.NONE), (Preset.JSON, Profile.SLACK)],
)
def test_slack_gets_its_challenge_back(preset: Preset, profile: Profile) -> None:
    """As plain text, so that it is nothing but text to whoever sees it."""
    answer = handshake(a_source(preset, profile), arrival(), CHALLENGE)

    assert answer == Answer(200, "3eZbrw1aB", "text/plain; charset=utf-8")


@pytest.mark.parametrize("challenge", ["", "<script> x", "é", 5, None, "x" * 2001])
def test_a_challenge_that_is_no_word_is_no_handshake(challenge: object) -> None:
    """Nobody can have us say what they like."""
    payload = {**CHALLENGE, "challenge": challenge}

    assert handshake(a_source(Preset.SLACK), arrival(), payload) is None


def test_the_ping_of_github_is_answered() -> None:
    """It says that the webhook was made, and nothing that happened."""
    source = a_source(Preset.JSON, Profile.GITHUB)

    answer = handshake(source, arrival(headers=PING), {"zen": "Keep it logical."})

    assert answer == Answer(200, '{"status":"pong"}', "application/json")


@pytest.mark.parametrize(
    ("preset", "headers", "payload"),
    [
        (Preset.JSON, PING, CHALLENGE),
        (Preset.GITHUB, {"x-github-event": "push"}, {}),
        (Preset.SLACK, {}, {"text": "url_verification"}),
    ],
)
def test_other_requests_are_no_handshakes(
    preset: Preset, headers: dict[str, str], payload: object
) -> None:
    """What belongs to another provider, or says something."""
    assert handshake(a_source(preset), arrival(headers=headers), payload) is None


def test_a_sender_of_cloud_events_may_send() -> None:
    """Its origin is allowed, at any rate."""
    asked = arrival(
        method="OPTIONS", headers={"webhook-request-origin": "eventemitter.example.com"}
    )

    answer = handshake(a_source(Preset.CLOUDEVENTS), asked)

    assert answer is not None
    assert answer.status == 200
    assert answer.headers == {
        "allow": "POST",
        "webhook-allowed-origin": "eventemitter.example.com",
        "webhook-allowed-rate": "*",
    }


@pytest.mark.parametrize("preset", list(Preset))
@pytest.mark.parametrize("origin", ["", "a b", "a\r\nx: y", "é", "x" * 300])
def test_no_other_options_are_answered(preset: Preset, origin: str) -> None:
    """Nothing is written into a header that is not the name of a place."""
    asked = arrival(method="OPTIONS", headers={"webhook-request-origin": origin})

    assert handshake(a_source(preset), asked) is None


@given(json_values("type", "challenge"))
def test_any_payload_is_a_handshake_or_none(payload: object) -> None:
    """Nothing that strangers send raises."""
    source = a_source(Preset.SLACK, Profile.GITHUB)

    answer = handshake(source, arrival(headers={"x-github-event": "push"}), payload)

    assert answer is None or answer.status == 200
