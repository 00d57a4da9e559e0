"""How a source verifies its requests, as its maker says it."""

from datetime import timedelta
from typing import Final

from gateway.domain.fields import Fields
from gateway.domain.model import Algorithm, Encoding, Profile, Verification
from gateway.domain.verification import check_settings
from gateway.domain.verification.requirements import MAX_TOLERANCE

MAX_TOLERANCE_S: Final = int(MAX_TOLERANCE.total_seconds())
TOLERANCE_S: Final = 300
TEXT_CHARACTERS: Final = 200

_VERIFY = "verify"
_MEMBERS = frozenset(
    {
        "profile", "secret", "secrets", "header", "algorithm", "encoding", "prefix",
        "timestamp_header", "tolerance",
    }
)  # fmt: skip
_PROFILES = ", ".join(Profile)


def read_verification(fields: Fields) -> Verification:
    """Read `verify`, which is required: that nothing is verified must be written."""
    if fields.is_absent(_VERIFY):
        detail = 'It is required: {"profile": …}, one of ' + _PROFILES + "."
        fields.wrong(_VERIFY, detail)
        return Verification(Profile.NONE)
    inner = fields.inner(_VERIFY)
    inner.refuse_unknown(_MEMBERS)
    if inner.is_absent("profile"):
        inner.wrong("profile", f"It is required: one of {_PROFILES}.")
        return Verification(Profile.NONE)
    profile = inner.value("profile")
    if not isinstance(profile, str) or profile not in set(Profile):
        inner.wrong("profile", f"It is one of {_PROFILES}.")
        return Verification(Profile.NONE)
    prefix = "" if inner.value("prefix") == "" else _text(inner, "prefix")
    verification = Verification(
        profile=Profile(profile),
        secrets=_secrets(inner),
        header=_text(inner, "header"),
        algorithm=inner.choice("algorithm", Algorithm.SHA256),
        encoding=inner.choice("encoding", Encoding.HEX),
        prefix=prefix or "",
        timestamp_header=_text(inner, "timestamp_header"),
        tolerance=timedelta(
            seconds=inner.number(
                "tolerance", TOLERANCE_S, 1, MAX_TOLERANCE_S, of="seconds"
            )
        ),
    )
    for error in check_settings(verification):
        fields.wrong_within(
            _VERIFY, error.pointer.removeprefix(f"/{_VERIFY}"), error.detail
        )
    return verification


def shown_verification(verification: Verification) -> dict[str, object]:
    """Return how requests are verified as one writes it, without the secrets."""
    shown: dict[str, object] = {
        "profile": verification.profile.value,
        "tolerance": int(verification.tolerance.total_seconds()),
    }
    if verification.profile is Profile.HMAC:
        shown |= {
            "header": verification.header,
            "algorithm": verification.algorithm.value,
            "encoding": verification.encoding.value,
            "prefix": verification.prefix,
            "timestamp_header": verification.timestamp_header,
        }
    return shown


def _text(inner: Fields, name: str) -> str | None:
    return inner.text(name, longest=TEXT_CHARACTERS)


def _secrets(inner: Fields) -> tuple[str, ...]:
    """Read `secrets`, or the only one as `secret`."""
    name = inner.one_of("secrets", "secret")
    value = inner.value(name)
    if value is None:
        return ()
    values = value if isinstance(value, list) and name == "secrets" else [value]
    if name == "secrets" and not isinstance(value, list):
        inner.wrong(name, "It is a list of strings.")
        return ()
    if not all(isinstance(each, str) for each in values):
        inner.wrong(name, "A secret is a string.")
        return ()
    return tuple(dict.fromkeys(values))
