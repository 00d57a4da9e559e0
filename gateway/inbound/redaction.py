"""A request as it may be kept and shown."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.domain.arrivals import Arrival
from gateway.domain.model import Verification
from gateway.domain.verification import secret_headers

REDACTED: Final = "[redacted]"

# Senders have more names for these than anybody could list.
_SECRET: Final = re.compile(
    r"authorization|cookie|signature|hmac|secret|token|passw|credential|jwt|bearer"
    r"|(api|access|private|shared|web-?hook|functions|subscription)[-_]?key"
    r"|(^|-)auth(entication)?(-key)?$"
)
_NAMES_REQUEST: Final = re.compile(r"idempoten")  # Twilio calls that a token.


def redacted(
    headers: Mapping[str, str], verification: Verification
) -> Mapping[str, str]:
    """Return headers without the values that prove who somebody is.

    Args:
        headers: Names in lower case.
        verification: What the request was verified by.
    """
    return {
        name: REDACTED if is_secret(name, verification) else value
        for name, value in headers.items()
    }


def is_secret(name: str, verification: Verification) -> bool:
    """Say whether the value of a header, its name in lower case, is not kept."""
    if name in secret_headers(verification):
        return True
    return _SECRET.search(name) is not None and _NAMES_REQUEST.search(name) is None


def without_token(arrival: Arrival) -> Arrival:
    """Return a request without the token of the address that it came to.

    Senders tell the address itself: GitHub when its webhook is deleted, proxies and
    browsers in headers. Whoever reads it in the room could send to it.
    """
    token = arrival.token
    if not token:
        return arrival
    return replace(
        arrival,
        query=arrival.query.replace(token, REDACTED),
        headers={
            name: value.replace(token, REDACTED)
            for name, value in arrival.headers.items()
        },
        body=arrival.body.replace(token.encode(), REDACTED.encode()),
    )
