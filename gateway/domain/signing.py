"""Signatures of what we send and what we are sent.

Verifying is total: whatever a stranger puts into a header or a body, the answer is
`None` (genuine) or the `Flaw` that it has, never an exception.
"""

import contextlib
import hmac
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from urllib.parse import parse_qsl

from gateway.domain.errors import LinkInvalid

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of secrets, not one of them
SECRET_MIN_BYTES = 24
SECRET_MAX_BYTES = 64
SECRET_NEW_BYTES = 32
TOLERANCE = timedelta(minutes=5)  # What the Standard Webhooks libraries allow.

_SECRETS_KEPT = 1024  # Secrets that need not be decoded for each signature.

_SECONDS = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[A-Za-z0-9_]{1,64}")
_UNSIGNED = "the link is not signed"
_GITHUB_SIGNATURE = re.compile(r"sha256=[0-9a-fA-F]{64}")

HeaderValue = str | bytes | None


class BadSecret(ValueError):
    """A text that is not a signing secret; the sentence never shows it."""


class Flaw(StrEnum):
    """Why a signature is not accepted. `sentence` says it to a person."""

    NO_SECRET = "no_secret"  # noqa: S105 - the name of a flaw
    MISSING_ID = "missing_id"
    MISSING_TIMESTAMP = "missing_timestamp"
    MISSING_SIGNATURE = "missing_signature"
    NOT_ASCII = "not_ascii"
    BAD_ID = "bad_id"
    BAD_TIMESTAMP = "bad_timestamp"
    TOO_OLD = "too_old"
    IN_FUTURE = "in_future"
    NO_KNOWN_VERSION = "no_known_version"
    NOT_BASE64 = "not_base64"
    NOT_HEX = "not_hex"
    MISMATCH = "mismatch"

    @property
    def sentence(self) -> str:
        """What is wrong, and where to look."""
        return _SENTENCES[self]


_SENTENCES: Mapping[Flaw, str] = {
    Flaw.NO_SECRET: "there is no usable secret to verify with",
    Flaw.MISSING_ID: "the header webhook-id is missing",
    Flaw.MISSING_TIMESTAMP: "the header webhook-timestamp is missing",
    Flaw.MISSING_SIGNATURE: "the header with the signature is missing",
    Flaw.NOT_ASCII: "a header of the signature has characters beyond ASCII",
    Flaw.BAD_ID: "webhook-id is empty or contains a full stop",
    Flaw.BAD_TIMESTAMP: "webhook-timestamp is not a number of seconds since 1970",
    Flaw.TOO_OLD: "webhook-timestamp is too old: a replay, or a clock that is wrong",
    Flaw.IN_FUTURE: "webhook-timestamp is in the future: one of the clocks is wrong",
    Flaw.NO_KNOWN_VERSION: "webhook-signature has no signature of version v1",
    Flaw.NOT_BASE64: "no v1 signature in webhook-signature is base64",
    Flaw.NOT_HEX: "X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits",
    Flaw.MISMATCH: "the signature fits neither this secret nor an older one, or the "
    "body was changed on its way",
}


def mint_secret(random_bytes: bytes) -> str:
    """Return a secret made of `SECRET_NEW_BYTES` bytes that nobody can guess.

    Raises:
        BadSecret: They are fewer than 24 or more than 64.
    """
    _check_length(random_bytes)
    return SECRET_PREFIX + b64encode(random_bytes).decode("ascii")


@lru_cache(_SECRETS_KEPT)
def parse_secret(secret: str) -> bytes:
    """Return the key in a `whsec_…` secret; prefix and padding may be left out.

    Raises:
        BadSecret: It is not base64 of 24 to 64 bytes. The caller's fault.

    Source: Standard Webhooks, "Signature scheme".
    """
    try:
        text = secret.removeprefix(SECRET_PREFIX).rstrip("=")
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:  # binascii.Error is one.
        detail = "a secret is whsec_ followed by base64; this is not base64"
        raise BadSecret(detail) from error
    _check_length(key)
    return key


def sign(
    secrets: Iterable[str], *, message_id: str, timestamp: int, body: bytes
) -> str:
    """Return the value of `webhook-signature`, one signature per secret in order.

    Args:
        secrets: `whsec_…` secrets, newest first.
        message_id: The value of `webhook-id`.
        timestamp: The value of `webhook-timestamp`, in seconds since 1970.
        body: The bytes that are sent.

    Raises:
        BadSecret: One of the secrets is not one.

    Source: Standard Webhooks, "Signature scheme".
    """
    content = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    return " ".join(
        f"v1,{b64encode(_digest(parse_secret(secret), content)).decode('ascii')}"
        for secret in secrets
    )


@dataclass(frozen=True, slots=True)
class Seal:
    """The three headers of a Standard Webhooks signature, as they came."""

    id: HeaderValue
    timestamp: HeaderValue
    signature: HeaderValue

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Seal":
        """Take them from headers whose names are in lower case."""
        return cls(
            id=headers.get("webhook-id"),
            timestamp=headers.get("webhook-timestamp"),
            signature=headers.get("webhook-signature"),
        )


def verify(
    secrets: Iterable[str],
    seal: Seal,
    body: bytes,
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> Flaw | None:
    """Say what is wrong with a signature; `None` if one of the secrets made it.

    Args:
        secrets: `whsec_…` secrets; those that are none are passed over.
        seal: The headers.
        body: The bytes that came, before anything was made of them.
        now: The present moment.
        tolerance: How far the timestamp may be from `now`, either way.
    """
    try:
        message_id, seconds, signatures = _parts(seal)
        _check_age(int(seconds), now, tolerance)
        content = f"{message_id}.{seconds}.".encode("ascii") + body
        _check_fit(_keys(secrets), content, _decoded(signatures))
    except _Flawed as flawed:
        return flawed.flaw
    return None


def sign_github(secret: str, body: bytes) -> str:
    """Return the value of `X-Hub-Signature-256`; the secret as written is the key.

    Source: GitHub, "Validating webhook deliveries".
    """
    return f"sha256={_digest(_raw(secret), body).hex()}"


def verify_github(
    secrets: Iterable[str], signature: HeaderValue, body: bytes
) -> Flaw | None:
    """Say what is wrong with an `X-Hub-Signature-256`; `None` if it is genuine."""
    try:
        text = _ascii(signature, missing=Flaw.MISSING_SIGNATURE)
        if not _GITHUB_SIGNATURE.fullmatch(text):
            return Flaw.NOT_HEX
        given = bytes.fromhex(text.removeprefix("sha256="))
        _check_fit([_raw(secret) for secret in secrets if secret], body, [given])
    except _Flawed as flawed:
        return flawed.flaw
    return None


def sign_link(key: bytes, path: str, expires_at: datetime) -> str:
    """Return the query that lets anybody GET a path until a moment.

    Args:
        key: At least 32 secret bytes, used for links alone.
        path: The path as it will be asked for, without a query.
        expires_at: The last second in which it is valid.
    """
    expires = str(int(expires_at.timestamp()))
    return f"expires={expires}&signature={_link_signature(key, path, expires)}"


def verify_link(
    key: bytes, path: str, query: str, *, now: datetime, older: Iterable[bytes] = ()
) -> None:
    """Return if the query was signed for this path and is still valid.

    Args:
        key: What it may have been signed with.
        path: The path that was asked for.
        query: Its query.
        now: The present moment.
        older: What it may have been signed with besides.

    Raises:
        LinkInvalid: It was not, or is not any more.
    """
    expires, signature = _members(query, "expires", "signature")
    expected = [_link_signature(each, path, expires) for each in (key, *older)]
    _check_link(expires, signature, expected, now)


def sign_reply_link(key: bytes, path: str, nonce: str, expires_at: datetime) -> str:
    """Return the query that lets anybody POST one reply to a path until a moment.

    It is not good for a GET, nor is a link for a GET good for this.

    Args:
        key: At least 32 secret bytes, used for links alone.
        path: The path as it will be asked for, without a query.
        nonce: What the reply uses up: letters, digits and `_`, at most 64.
        expires_at: The last second in which it is valid.
    """
    expires = str(int(expires_at.timestamp()))
    signature = _reply_signature(key, path, nonce, expires)
    return f"nonce={nonce}&expires={expires}&signature={signature}"


def verify_reply_link(
    key: bytes, path: str, query: str, *, now: datetime, older: Iterable[bytes] = ()
) -> str:
    """Return the nonce if the query was signed for this path and is still valid.

    The arguments are those of `verify_link`.

    Raises:
        LinkInvalid: It was not, or is not any more.
    """
    nonce, expires, signature = _members(query, "nonce", "expires", "signature")
    if not _NONCE.fullmatch(nonce):
        raise LinkInvalid(_UNSIGNED)
    expected = [_reply_signature(one, path, nonce, expires) for one in (key, *older)]
    _check_link(expires, signature, expected, now)
    return nonce


def _members(query: str, *names: str) -> list[str]:
    """Return members of a signed query, each of which is there once."""
    members = parse_qsl(query, keep_blank_values=True, errors="replace")
    found = [[value for name, value in members if name == wanted] for wanted in names]
    if any(len(values) != 1 for values in found):
        raise LinkInvalid(_UNSIGNED)
    return [value for (value,) in found]


def _check_link(
    expires: str, signature: str, expected: Iterable[str], now: datetime
) -> None:
    if not _SECONDS.fullmatch(expires):
        raise LinkInvalid(_UNSIGNED)
    given = _raw(signature)
    if not any(hmac.compare_digest(each.encode(), given) for each in expected):
        detail = "the link's signature is wrong: it was made for something else"
        raise LinkInvalid(detail)
    if int(expires) < int(now.timestamp()):
        detail = "the link is too old"
        raise LinkInvalid(detail)


def _link_signature(key: bytes, path: str, expires: str) -> str:
    return _url_signature(key, b"link\0%b\0%b" % (_raw(path), _raw(expires)))


def _reply_signature(key: bytes, path: str, nonce: str, expires: str) -> str:
    said = (_raw(path), _raw(nonce), _raw(expires))
    return _url_signature(key, b"reply\0%b\0%b\0%b" % said)


def _url_signature(key: bytes, content: bytes) -> str:
    return urlsafe_b64encode(_digest(key, content)).decode("ascii").rstrip("=")


class _Flawed(Exception):
    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw)
        self.flaw = flaw


def _parts(seal: Seal) -> tuple[str, str, str]:
    """Return the id, the timestamp and the signatures, the first two well formed."""
    message_id = _ascii(seal.id, missing=Flaw.MISSING_ID)
    seconds = _ascii(seal.timestamp, missing=Flaw.MISSING_TIMESTAMP)
    signatures = _ascii(seal.signature, missing=Flaw.MISSING_SIGNATURE)
    # With a full stop in the id, the same signed bytes could be read as those of
    # another id with another timestamp.
    if not message_id or "." in message_id:
        raise _Flawed(Flaw.BAD_ID)
    if not _SECONDS.fullmatch(seconds):
        raise _Flawed(Flaw.BAD_TIMESTAMP)
    return message_id, seconds, signatures


def _ascii(value: HeaderValue, *, missing: Flaw) -> str:
    if value is None:
        raise _Flawed(missing)
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not text.isascii():
        raise _Flawed(Flaw.NOT_ASCII)
    return text


def _check_age(seconds: int, now: datetime, tolerance: timedelta) -> None:
    late_s = int(now.timestamp()) - seconds
    if late_s > tolerance.total_seconds():
        raise _Flawed(Flaw.TOO_OLD)
    if -late_s > tolerance.total_seconds():
        raise _Flawed(Flaw.IN_FUTURE)


def _decoded(header: str) -> Sequence[bytes]:
    """Return the v1 signatures; there is at least one."""
    texts = [
        text
        for version, _, text in (part.partition(",") for part in header.split(" "))
        if version == "v1"
    ]
    if not texts:
        raise _Flawed(Flaw.NO_KNOWN_VERSION)
    decoded = []
    for text in texts:
        with contextlib.suppress(ValueError):  # binascii.Error is one.
            decoded.append(b64decode(text, validate=True))
    if not any(decoded):
        raise _Flawed(Flaw.NOT_BASE64)
    return decoded


def _keys(secrets: Iterable[str]) -> Sequence[bytes]:
    keys = []
    for secret in secrets:
        with contextlib.suppress(BadSecret):
            keys.append(parse_secret(secret))
    return keys


def _check_fit(keys: Sequence[bytes], content: bytes, given: Sequence[bytes]) -> None:
    if not keys:
        raise _Flawed(Flaw.NO_SECRET)
    digests = [_digest(key, content) for key in keys]
    # All of them, so that the time does not tell which key fits.
    fits = [hmac.compare_digest(right, each) for right in digests for each in given]
    if not any(fits):
        raise _Flawed(Flaw.MISMATCH)


def _check_length(key: bytes) -> None:
    if not SECRET_MIN_BYTES <= len(key) <= SECRET_MAX_BYTES:
        detail = (
            f"a secret has {SECRET_MIN_BYTES} to {SECRET_MAX_BYTES} bytes; "
            f"this one has {len(key)}"
        )
        raise BadSecret(detail)


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
