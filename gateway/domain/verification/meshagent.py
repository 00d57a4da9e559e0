"""Webhooks of MeshAgent: a signed token that names the digest of the parsed body."""

import hmac
import json
import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from gateway.domain.arrivals import Arrival
from gateway.domain.errors import NotVerified
from gateway.domain.model.sources import Verification
from gateway.domain.presets.meshagent import content
from gateway.domain.verification import headers
from gateway.domain.verification.proofs import keys, raw

SCHEME = "Bearer "
ALGORITHM = "HS256"

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


def meshagent(verification: Verification, arrival: Arrival, now: datetime) -> None:
    """Return if `Meshagent-Signature` has a token of a secret's for this body.

    The digest in it is that of the body parsed and written anew by Python's
    `json.dumps`, so only what is signed by somebody who knows a secret is parsed. An
    empty body may have its place in the header `Meshagent-Webhook`.

    Raises:
        NotVerified: It has none, or not any more.

    Source: RFC 7515 §5.2, RFC 7519 §7.2.
    """
    value = arrival.headers.get(headers.MESHAGENT, "")
    if not value.startswith(SCHEME):
        detail = "the header Meshagent-Signature is missing, or is not Bearer"
        raise NotVerified(detail)
    claims = _claims(value.removeprefix(SCHEME), keys(verification.secrets))
    _check_times(claims, now)
    if claims.get("aud"):  # RFC 7519 §4.1.3: we go by no name that could be in there.
        detail = "the token in Meshagent-Signature is for others"
        raise NotVerified(detail)
    signed = claims.get("sha256")
    if not isinstance(signed, str):
        detail = "the token in Meshagent-Signature has no claim sha256"
        raise NotVerified(detail)
    if not hmac.compare_digest(raw(signed), _digest(content(arrival)).encode()):
        detail = "the token in Meshagent-Signature is for another body"
        raise NotVerified(detail)


def _claims(token: str, secrets: Sequence[bytes]) -> Mapping[str, object]:
    """Return the claims of a token that one of the secrets signed."""
    parts = token.split(".")
    if len(parts) != len(("header", "claims", "signature")):
        detail = "Meshagent-Signature has no token of three parts"
        raise NotVerified(detail)
    header, claims, signature = (_decoded(part) for part in parts)
    head = _object(header)
    # RFC 7515 §4.1.11: an extension that must be understood, and is not, is fatal.
    if head.get("alg") != ALGORITHM or "crit" in head:
        detail = f"the token in Meshagent-Signature is not plain {ALGORITHM}"
        raise NotVerified(detail)
    content = token.rpartition(".")[0].encode("ascii")
    fits = [
        hmac.compare_digest(hmac.digest(key, content, "sha256"), signature)
        for key in secrets
    ]
    if not any(fits):
        detail = (
            "the token in Meshagent-Signature is signed with none of the source's "
            "secrets"
        )
        raise NotVerified(detail)
    return _object(claims)


def _check_times(claims: Mapping[str, object], now: datetime) -> None:
    at_s = now.timestamp()
    if "exp" in claims and not at_s < _seconds(claims["exp"]):
        detail = "the token in Meshagent-Signature has expired"
        raise NotVerified(detail)
    # MeshAgent's own receiver holds a token from the future to be none.
    for name in ("nbf", "iat"):
        if name in claims and not at_s >= _seconds(claims[name]):
            detail = "the token in Meshagent-Signature is not valid yet"
            raise NotVerified(detail)


def _seconds(value: object) -> float:
    """Return a NumericDate (RFC 7519 §2); one that is none compares as neither."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _digest(body: bytes) -> str:
    try:
        parsed: object = json.loads(body.decode("utf-8"))
        return sha256(json.dumps(parsed).encode("ascii")).hexdigest()
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is one.
        detail = "the body is not JSON in UTF-8, so its digest cannot be verified"
        raise NotVerified(detail) from error


def _decoded(part: str) -> bytes:
    if not _BASE64URL.fullmatch(part):
        detail = "the token in Meshagent-Signature is not base64url"
        raise NotVerified(detail)
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:  # binascii.Error is one.
        detail = "the token in Meshagent-Signature is not base64url"
        raise NotVerified(detail) from error


def _object(text: bytes) -> Mapping[str, object]:
    try:
        found: object = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        detail = "the token in Meshagent-Signature is not JSON"
        raise NotVerified(detail) from error
    if not isinstance(found, dict):
        detail = "the token in Meshagent-Signature is not made of objects"
        raise NotVerified(detail)
    return found
