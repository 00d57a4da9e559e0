"""The words in which a Slack-compatible source refuses."""

import pytest

from gateway.domain.errors import (
    GatewayError,
    Invalid,
    MalformedJson,
    NotFound,
    NotVerified,
    PayloadTooLarge,
    StoreUnavailable,
    UnsupportedMediaType,
    WrongState,
)
from gateway.domain.presets.slack_words import refusal, word_of


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MalformedJson("x"), (400, "invalid_payload")),
        (Invalid("x"), (400, "invalid_payload")),
        (Invalid("x", facts={"reason": "odd"}), (400, "invalid_payload")),
        (UnsupportedMediaType("x"), (400, "invalid_payload")),
        (PayloadTooLarge("x"), (413, "invalid_payload")),
        (NotVerified("x"), (403, "invalid_token")),
        (NotFound("x"), (404, "channel_not_found")),
        (WrongState("x"), (403, "action_prohibited")),
        (StoreUnavailable("x"), (503, "rollup_error")),
    ],
)
def test_every_error_has_a_word(error: GatewayError, expected: tuple[int, str]) -> None:
    """One that those who post to Slack have met before."""
    assert word_of(error) == expected


@pytest.mark.parametrize(
    "word", ["no_text", "invalid_payload", "invalid_blocks", "too_many_attachments"]
)
def test_a_refused_payload_has_its_own_word(word: str) -> None:
    """And for others a sentence that says what is wrong."""
    error = refusal(word)

    assert word_of(error) == (400, word)
    assert error.detail.endswith(".")
