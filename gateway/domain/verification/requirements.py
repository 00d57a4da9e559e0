"""What a profile needs to be set up with, so that it can verify anything at all."""

import re
from collections.abc import Iterator
from datetime import timedelta

from gateway.domain.errors import FieldError
from gateway.domain.model.sources import Algorithm, Encoding, Profile, Verification
from gateway.domain.signing import BadSecret, parse_secret

MAX_SECRETS = 10
MAX_SECRET = 1024  # characters
MAX_HEADER = 100  # characters of a name
MAX_PREFIX = 64  # characters
MIN_TOLERANCE = timedelta(seconds=1)
MAX_TOLERANCE = timedelta(hours=1)

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_PREFIX = re.compile(r"[!-+\--~ ]*")  # no comma: one stands between signatures
_TOKEN = re.compile(r"[!-~]+")  # visible ASCII, no space
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_KEYS_OF_STRIPE = ("sk_", "rk_", "pk_")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_settings(verification: Verification) -> list[FieldError]:
    """Return what is wrong with how requests are to be verified; nothing is fine.

    The pointers are those into a source: `/verify/secrets/0`. No sentence shows a
    secret.
    """
    return [
        *_secrets(verification),
        *_of_hmac(verification),
        *_tolerance(verification.tolerance),
    ]


def _secrets(verification: Verification) -> Iterator[FieldError]:
    where, secrets = "/verify/secrets", verification.secrets
    if verification.profile is Profile.NONE:
        if secrets:
            yield FieldError(where, "The profile none has no secrets.")
        return
    if not secrets:
        yield FieldError(where, "There should be at least one secret.")
    if len(secrets) > MAX_SECRETS:
        yield FieldError(where, f"There should be at most {MAX_SECRETS} secrets.")
    for index, secret in enumerate(secrets[:MAX_SECRETS]):
        flaw = _flaw(verification.profile, secret)
        if flaw is not None:
            yield FieldError(f"{where}/{index}", flaw)


def _flaw(profile: Profile, secret: str) -> str | None:
    """Return what is wrong with a secret, in a sentence."""
    if not secret.strip():
        return "A secret should not be empty."
    if len(secret) > MAX_SECRET:
        return f"A secret should have at most {MAX_SECRET} characters."
    if _SURROGATE.search(secret):
        return "A secret should be text that UTF-8 can write."
    if secret != secret.strip():  # A line break of the file that it was in.
        return "A secret should have no space or line break at its ends."
    return _flaw_of(profile, secret)


def _flaw_of(profile: Profile, secret: str) -> str | None:
    """Return what is wrong with a secret for that profile."""
    flaw = None
    match profile:
        case Profile.STANDARD:
            flaw = _flaw_of_standard(secret)
        case Profile.STRIPE if secret.startswith(_KEYS_OF_STRIPE):
            flaw = "That is a key of Stripe's API; the signing secret is whsec_…."
        case Profile.BEARER if not _TOKEN.fullmatch(secret):
            flaw = "A token should be visible ASCII without spaces."
        case Profile.GITLAB if _CONTROL.search(secret):
            flaw = "A header cannot have that: control characters."
        case Profile.BASIC if _CONTROL.search(secret) or ":" not in secret[:-1]:
            flaw = "It should be user:password, without control characters."
        case _:
            pass
    return flaw


def _flaw_of_standard(secret: str) -> str | None:
    try:
        parse_secret(secret.removeprefix("v1,"))
    except BadSecret as bad:
        return f"{str(bad)[:1].upper()}{str(bad)[1:]}."
    return None


def _of_hmac(verification: Verification) -> Iterator[FieldError]:
    if verification.profile is not Profile.HMAC:
        yield from _not_of_hmac(verification)
        return
    header, time = verification.header, verification.timestamp_header
    if header is None:
        yield FieldError("/verify/header", "Say which header has the signature.")
    elif not _is_header(header):
        yield FieldError("/verify/header", "That is no name of a header.")
    if time is not None and not _is_header(time):
        yield FieldError("/verify/timestamp_header", "That is no name of a header.")
    elif time is not None and header is not None and time.lower() == header.lower():
        detail = "The time and the signature should be in headers of their own."
        yield FieldError("/verify/timestamp_header", detail)
    prefix = verification.prefix
    if len(prefix) > MAX_PREFIX or not _PREFIX.fullmatch(prefix) or prefix[:1] == " ":
        detail = f"It should be at most {MAX_PREFIX} of ASCII, without commas."
        yield FieldError("/verify/prefix", detail)


def _not_of_hmac(verification: Verification) -> Iterator[FieldError]:
    """Refuse what would be passed over in silence."""
    given = {
        "header": verification.header is not None,
        "algorithm": verification.algorithm is not Algorithm.SHA256,
        "encoding": verification.encoding is not Encoding.HEX,
        "prefix": verification.prefix != "",
        "timestamp_header": verification.timestamp_header is not None,
    }
    for name, is_given in given.items():
        if is_given:
            yield FieldError(f"/verify/{name}", "Only the profile hmac has it.")


def _tolerance(tolerance: timedelta) -> Iterator[FieldError]:
    if not MIN_TOLERANCE <= tolerance <= MAX_TOLERANCE:
        most = int(MAX_TOLERANCE.total_seconds())
        detail = f"It should be 1 to {most} seconds."
        yield FieldError("/verify/tolerance", detail)


def _is_header(name: str) -> bool:
    return len(name) <= MAX_HEADER and _HEADER.fullmatch(name) is not None
