"""Requests that bring one of the source's secrets along, unsigned."""

from base64 import b64decode
from datetime import datetime

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import NotVerified
from gateway.domain.model.sources import Verification
from gateway.domain.verification import headers
from gateway.domain.verification.proofs import check_same, wire

BEARER_CHALLENGE = 'Bearer realm="source"'
BASIC_CHALLENGE = 'Basic realm="source", charset="UTF-8"'


def gitlab(verification: Verification, arrival: Arrival, _now: datetime) -> None:
    """Return if `X-Gitlab-Token` is one of the secrets.

    Raises:
        NotVerified: It is not.

    Source: GitLab, "Webhooks", "Validate payloads by using a secret token".
    """
    token = arrival.headers.get(headers.GITLAB)
    if token is None:
        detail = "the header X-Gitlab-Token is missing"
        raise NotVerified(detail)
    check_same(verification.secrets, wire(token), challenge=None)


def bearer(verification: Verification, arrival: Arrival, _now: datetime) -> None:
    """Return if the bearer token is one of the secrets (RFC 6750 §2.1).

    Raises:
        NotVerified: It is not.
    """
    token = _credentials(arrival, "bearer", BEARER_CHALLENGE)
    check_same(verification.secrets, wire(token), challenge=BEARER_CHALLENGE)


def basic(verification: Verification, arrival: Arrival, _now: datetime) -> None:
    """Return if `user:password` is one of the secrets, in UTF-8 (RFC 7617).

    Raises:
        NotVerified: It is not.
    """
    text = _credentials(arrival, "basic", BASIC_CHALLENGE)
    try:
        pair = b64decode(wire(text), validate=True)
    except ValueError as error:  # binascii.Error is one.
        detail = "the credentials in Authorization are not base64"
        raise NotVerified(detail, challenge=BASIC_CHALLENGE) from error
    check_same(verification.secrets, pair, challenge=BASIC_CHALLENGE)


def _credentials(arrival: Arrival, scheme: str, challenge: str) -> str:
    """Return what follows the scheme, whose case does not matter (RFC 9110 §11.1)."""
    value = arrival.headers.get(headers.AUTHORIZATION, "")
    given, _, credentials = value.partition(" ")
    if given.lower() != scheme:
        detail = f"the header Authorization is missing, or is not {scheme.title()}"
        raise NotVerified(detail, challenge=challenge)
    return credentials.strip(" ")
