"""`Idempotency-Key`: a request that is made again is not done again.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.api import problems
from gateway.bridge.ports import AlreadyDone, Once

HEADER: Final = b"idempotency-key"
REPLAYED: Final[Mapping[str, str]] = {"Idempotent-Replayed": "true"}
_NAME: Final = "Idempotency-Key"
_VISIBLE: Final = re.compile(rb"[\x21-\x7e]{1,255}")
# Structured Fields has a text in quotes (RFC 8941 §3.3.3); most callers leave them out.
_QUOTED: Final = re.compile(rb'"(.*)"')
_TAKEN: Final = re.compile(
    r"/send|/send/batch|/broadcast|/webhooks|/sources|/messages/[^/]+/reply"
)
_WAIT: Final = "wait"
MARK: Final[Mapping[str, Any]] = {
    "Idempotent-Replayed": {
        "description": "`true` if a request with that `Idempotency-Key` was made"
        " before, and nothing was done now.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
PARAMETER: Final[Mapping[str, Any]] = {
    "name": _NAME,
    "in": "header",
    "description": "Makes the request safe to repeat, for 24 hours: what is sent again"
    " with it is answered with what became of the first. A new one for each request,"
    " such as a UUID.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "5f0c2b1e-4a57-4a52-9f0c-6f1f3f0d1b11",
}


def key_in(scope: Scope) -> str:
    """Return the key of a request that has the header.

    Raises:
        Invalid: Nothing takes a key there, it is given twice, or is no key.
    """
    if scope["method"] != "POST" or not _TAKEN.fullmatch(scope["path"]):
        # Whoever sends one relies on it; to ignore it would be a lie.
        detail = (
            "It is taken by POST /send, /send/batch, /broadcast,"
            " /messages/{id}/reply, /webhooks and /sources alone; leave it out here."
        )
        raise problems.invalid(detail, at=_NAME)
    given = [value for name, value in scope["headers"] if name == HEADER]
    if len(given) != 1:
        detail = "It is given twice; one request has one key."
        raise problems.invalid(detail, at=_NAME)
    quoted = _QUOTED.fullmatch(given[0])
    key: bytes = given[0] if quoted is None else quoted[1]
    if not _VISIBLE.fullmatch(key):
        detail = "It should be 1 to 255 visible characters of ASCII, such as a UUID."
        raise problems.invalid(detail, at=_NAME)
    return key.decode("ascii")


def key_of(request: Request) -> str | None:
    """Return the key that the gate found, or `None`."""
    key: str | None = request.scope["state"].get("idempotency_key")
    return key


def once_of(request: Request, digest: bytes | None) -> Once | None:
    """Return what a request with a key uses up; `None` if it has no key.

    Args:
        request: The request.
        digest: That of its body, which was taken if the request has a key.
    """
    key = key_of(request)
    if key is None or digest is None:
        return None
    scope = request.scope
    whose = f"{scope['state']['key_id'] or '-'}:{scope['method']} {scope['path']}"
    return Once(f"key:{whose}", key, fingerprint(scope["query_string"], digest))


def fingerprint(query: bytes, digest: bytes, key: str = "") -> str:
    """Return what tells two requests apart: their queries and bodies, not their wait.

    Args:
        query: The query as it was sent; the order in it does not matter.
        digest: That of the body.
        key: The key, where it is not what is used up.
    """
    pairs = sorted(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    asked = urlencode([pair for pair in pairs if pair[0] != _WAIT])
    return sha256(f"{key}\n{asked}\n".encode() + digest).hexdigest()


def replayed(response: Response) -> Response:
    """Mark an answer as that of a request made before."""
    response.headers.update(REPLAYED)
    return response


async def once_only(
    again: Callable[[], Awaitable[Response | None]],
    do: Callable[[], Awaitable[Response]],
) -> Response:
    """Answer with what became of a request before, or do it now.

    Args:
        again: Answers as the first time is answered now; `None` if there was none.
        do: Does it.

    Raises:
        AlreadyDone: Another request was quicker, and `again` does not answer for it.
    """
    answer = await again()
    if answer is not None:
        return replayed(answer)
    try:
        return await do()
    except AlreadyDone:
        answer = await again()
        if answer is None:
            raise
        return replayed(answer)
