"""The headers of a request as they may be kept and shown."""

import re
from collections.abc import Mapping
from typing import Final

from gateway.domain.model import Verification
from gateway.domain.verification import secret_headers

REDACTED: Final = "[redacted]"

# Senders have more names for these than anybody could list.
_SECRET = re.compile(r"authorization|cookie|signature|hmac|secret|token|api-?key")


def redacted(
    headers: Mapping[str, str], verification: Verification
) -> Mapping[str, str]:
    """Return headers without the values that prove who somebody is.

    Args:
        headers: Names in lower case.
        verification: What the request was verified by.
    """
    secret = secret_headers(verification)
    return {
        name: REDACTED if name in secret or _SECRET.search(name) else value
        for name, value in headers.items()
    }
