"""Proofs of knowing a secret: read as strangers write them, compared in constant time.

Comparing takes as long whichever of the secrets fits, and whether one does.
"""

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from gateway.domain.errors import NotVerified
from gateway.domain.model.sources import Algorithm, Encoding

MAX_PARTS = 32  # of a header with signatures; nobody has more secrets at a time

MISFIT = (
    "the signature fits none of the source's secrets, or the body was changed on its "
    "way"
)

_SIZES = {Algorithm.SHA1: 20, Algorithm.SHA256: 32, Algorithm.SHA512: 64}
_SECONDS = re.compile(r"[0-9]{1,12}")


def raw(text: str) -> bytes:
    """Return a secret as the bytes of a key: UTF-8, whatever is in it."""
    return text.encode("utf-8", "surrogatepass")


def wire(value: str) -> bytes:
    """Return the bytes that a header came as."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return raw(value)


def keys(secrets: Iterable[str]) -> Sequence[bytes]:
    """Return the secrets as keys; there is at least one.

    Raises:
        NotVerified: There is none but empty ones.
    """
    found = [raw(secret) for secret in secrets if secret]
    if not found:
        detail = "the source has no secret to verify with"
        raise NotVerified(detail)
    return found


def parts(value: str, separator: str) -> Sequence[str]:
    """Return what a header is made of, without the spaces around.

    Raises:
        NotVerified: It is more than `MAX_PARTS`, each of which would have to be tried.
    """
    found = value.split(separator, MAX_PARTS)
    if len(found) > MAX_PARTS:
        detail = f"the header with the signature has more than {MAX_PARTS} parts"
        raise NotVerified(detail)
    return [part.strip(" ") for part in found]


def check_signatures(
    secrets: Iterable[str],
    content: bytes,
    offered: Iterable[str],
    *,
    algorithm: Algorithm = Algorithm.SHA256,
    encoding: Encoding = Encoding.HEX,
) -> None:
    """Return if one of the secrets made one of the signatures.

    Args:
        secrets: The keys as written; empty ones are passed over.
        content: What is signed.
        offered: The signatures; those that cannot be read are passed over.
        algorithm: The hash of the HMAC.
        encoding: How the signatures are written.

    Raises:
        NotVerified: None fits, or there is nothing that could.
    """
    known = keys(secrets)
    signatures = _decoded(offered, algorithm, encoding)
    expected = [hmac.digest(key, content, algorithm) for key in known]
    fits = [
        hmac.compare_digest(right, given) for right in expected for given in signatures
    ]
    if not any(fits):
        raise NotVerified(MISFIT)


def check_same(secrets: Iterable[str], given: bytes, *, challenge: str | None) -> None:
    """Return if what was given is one of the secrets.

    Raises:
        NotVerified: It is none of them; with that challenge.
    """
    # Of the hashes, so that the time does not tell how long the secrets are.
    digest = sha256(given).digest()
    fits = [hmac.compare_digest(sha256(key).digest(), digest) for key in keys(secrets)]
    if not any(fits):
        detail = "what the request was sent with is none of the source's secrets"
        raise NotVerified(detail, challenge=challenge)


def check_time(
    text: str | None, *, where: str, now: datetime, tolerance: timedelta
) -> bytes:
    """Return a signed time as it was written, if it is near enough to now.

    Args:
        text: Unix seconds.
        where: What holds it, for the sentence.
        now: The present moment.
        tolerance: How far it may be from that, either way.

    Raises:
        NotVerified: It is absent, no such number, or too far away.
    """
    if text is None:
        detail = f"{where} is missing"
        raise NotVerified(detail)
    if not _SECONDS.fullmatch(text):
        detail = f"{where} is not a number of seconds since 1970"
        raise NotVerified(detail)
    late_s = int(now.timestamp()) - int(text)
    if late_s > tolerance.total_seconds():
        raise NotVerified(too_old(where, late_s))
    if -late_s > tolerance.total_seconds():
        raise NotVerified(too_early(where, -late_s))
    return text.encode("ascii")


def too_old(where: str, seconds: int) -> str:
    """Say that a signed time is that long ago."""
    return f"{where} is too old, {seconds} s: a replay, or a clock that is wrong"


def too_early(where: str, seconds: int) -> str:
    """Say that a signed time is that far ahead."""
    return f"{where} is in the future, by {seconds} s: one of the clocks is wrong"


def _decoded(
    offered: Iterable[str], algorithm: Algorithm, encoding: Encoding
) -> Sequence[bytes]:
    """Return the signatures that have the right size; there is at least one."""
    size = _SIZES[algorithm]
    signatures = [
        signature
        for text in offered
        if len(signature := _bytes(text, encoding)) == size
    ]
    if not signatures:
        detail = (
            f"there is no signature of {size} bytes in {encoding} where it should be"
        )
        raise NotVerified(detail)
    return signatures


def _bytes(text: str, encoding: Encoding) -> bytes:
    """Return what a text stands for; nothing if it is not written like that."""
    try:
        given = text.encode("ascii")
        if encoding is Encoding.HEX:
            return binascii.unhexlify(given)
        return b64decode(given, validate=True)
    except ValueError:  # UnicodeEncodeError and binascii.Error are some.
        return b""
