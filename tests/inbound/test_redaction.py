"""What is kept of a request's headers."""

import pytest

from gateway.domain.model import Profile, Verification
from gateway.inbound.redaction import REDACTED, redacted

ANYBODY = Verification(Profile.NONE)


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "x-hub-signature-256",
        "x-hub-signature",
        "x-shopify-hmac-sha256",
        "webhook-signature",
        "svix-signature",
        "stripe-signature",
        "x-slack-signature",
        "x-gitlab-token",
        "meshagent-signature",
        "x-acme-webhook-secret",
    ],
)
def test_what_proves_who_somebody_is_is_not_kept(name: str) -> None:
    """The header is there, and its value is not."""
    assert redacted({name: "s3cret"}, ANYBODY) == {name: REDACTED}


def test_the_header_of_a_sources_own_signature_is_not_kept() -> None:
    """Whatever its name is."""
    verification = Verification(Profile.HMAC, ("k",), header="X-Acme-Mac")

    kept = redacted({"x-acme-mac": "abc"}, verification)

    assert kept == {"x-acme-mac": REDACTED}


def test_what_says_what_a_request_is_is_kept() -> None:
    """A template, a filter and a replay need it."""
    headers = {
        "content-type": "application/json",
        "x-github-event": "push",
        "webhook-id": "msg_1",
        "ce-type": "a.b",
    }

    assert redacted(headers, ANYBODY) == headers
