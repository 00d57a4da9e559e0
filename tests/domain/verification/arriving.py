"""Requests to verify, and what strangers may put into them."""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import NotVerified
from gateway.domain.model.sources import Verification
from gateway.domain.verification import verify

SECRET = "a secret between two"
OLDER = "the one before it"
AT = 1_700_000_000
NOW = datetime.fromtimestamp(AT, UTC)
BODY = b'{"text": "hello"}'

HOSTILE = (
    st.text(st.characters(max_codepoint=255))
    | st.text(st.characters(codec=None))
    | st.integers().map(str)
    | st.sampled_from(
        [
            "",
            "\0",
            ",",
            "=",
            "t=,v1=",
            f"t={AT},v1=zz",
            f"t={AT}, t={AT}, v1=" + "0" * 64,
            "t=" + "9" * 5000,
            "v0=",
            "v0=é",
            "v1,abc",
            "v1,é",
            "sha256=" + "0" * 64,
            "sha256=" + "0" * 63 + "٣",
            "Basic",
            "Basic ====",
            "Bearer ",
            "Bearer a.b.c",
            "Bearer eyJhbGciOiJub25lIn0.e30.",
            "A" * 65_536,
            "v1=00," * 10_000,
            str(AT),
            "1e9",
            "-1",
            " 1",
        ]
    )
)


def arrival(headers: Mapping[str, str] | None = None, body: bytes = BODY) -> Arrival:
    """Return a POST with these headers."""
    return Arrival(method="POST", query="", headers=headers or {}, body=body)


def refusal(
    verification: Verification, given: Arrival, *, now: datetime = NOW
) -> NotVerified:
    """Return the refusal of a request, which there must be."""
    with pytest.raises(NotVerified) as caught:
        verify(verification, given, now)
    return caught.value


def digest(secret: str, content: bytes, algorithm: str = "sha256") -> bytes:
    """Return an HMAC."""
    return hmac.new(secret.encode(), content, algorithm).digest()


def b64(content: bytes) -> str:
    """Return base64."""
    return base64.b64encode(content).decode()
