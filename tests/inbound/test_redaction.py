"""What is kept of a request's headers."""

import pytest

from gateway.domain.model import Profile, Verification
from gateway.inbound.redaction import REDACTED, redacted, without_token
from tests.fakes.inbound import an_arrival

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
        "x-auth",
        "x-auth-key",
        "x-password",
        "x-acme-credential",
        "cf-access-jwt-assertion",
        "x-access-key",
        "x-webhook-key",
        "x-functions-key",
        "ocp-apim-subscription-key",
        "x-authentication",
        "x-acme-bearer",
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
        "idempotency-key": "1",
        "i-twilio-idempotency-token": "2",
        "x-author": "bob",
        "x-auth-request-email": "bob@example.com",
        "ce-type": "a.b",
    }

    assert redacted(headers, ANYBODY) == headers


def test_the_token_of_the_address_is_not_kept_wherever_it_is_told() -> None:
    """Neither in the query, nor in a header, nor in the body, which stays JSON."""
    token = "mfrggzdfmztwq2lk"
    address = f"https://gw.example/in/{token}"
    arrival = an_arrival(
        {"hook": {"config": {"url": address}}},
        {"referer": address, "x-original-uri": f"/in/{token}"},
        query=f"from={token}",
        token=token,
    )

    kept = without_token(arrival)

    assert token not in f"{kept.query} {kept.headers} {kept.body!r}"
    assert kept.headers["referer"] == f"https://gw.example/in/{REDACTED}"
    assert b'"url": "https://gw.example/in/[redacted]"' in kept.body


def test_a_request_without_a_token_stays_as_it_is() -> None:
    """It came to the id of a source."""
    arrival = an_arrival({"n": 1})

    assert without_token(arrival) is arrival
