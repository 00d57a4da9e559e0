"""A source's terms changed by a merge patch, and its secrets replaced."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.domain.errors import FieldError, Invalid
from gateway.domain.fields import Fields
from gateway.domain.model import Profile, Source, Verification
from gateway.domain.verification import check_settings
from gateway.inbound.terms import RoomOf, Terms, as_json, parse

MOST_KEPT = 9  # of the former secrets: with the new one there are ten


def amend(source: Source, patch: Mapping[str, object], room_of: RoomOf) -> Terms:
    """Return a source's terms with a merge patch applied; null is the default again.

    A template and an address are one value each, and replaced whole. Whoever says `to`
    takes `broadcast` back, and the other way round. Another profile has its own
    secrets: they must come with it.

    Raises:
        Invalid: The patch, or what it makes of the source, breaks a rule.

    Source: RFC 7396, section 2.
    """
    present = as_json(source)
    merged = {**present, **patch}
    if patch.get("to") is not None and "broadcast" not in patch:
        merged["broadcast"] = False
    if patch.get("broadcast") is True and "to" not in patch:
        merged["to"] = None
    verify = patch.get("verify")
    if verify is None:  # The default would be none at all: it stays as it is.
        verify = {}
    if isinstance(verify, Mapping):
        merged["verify"] = _verify(source.verify, present["verify"], verify)
    response = patch.get("response")
    if isinstance(response, Mapping):
        merged["response"] = _merged(present["response"], response)
    return parse(merged, room_of)


def rotated(source: Source, body: Mapping[str, object]) -> Source:
    """Return a source that takes a new secret, and former ones for the time being.

    Args:
        source: As it is.
        body: `secret`, the new one, and `keep`: how many of the former ones still do,
            newest first; 1 if it is left out.

    Raises:
        Invalid: The body breaks a rule, or the source has no secrets.
    """
    fields = Fields(body)
    fields.refuse_unknown({"secret", "keep"})
    if source.verify.profile is Profile.NONE:
        fields.wrong("secret", "The profile none has no secrets.")
    keep = fields.number("keep", 1, 0, MOST_KEPT)
    secret = fields.value("secret")
    if not isinstance(secret, str):
        fields.wrong("secret", "It is required: the new secret.")
        secret = ""
    fields.finish()
    former = [each for each in source.verify.secrets if each != secret]
    verify = replace(source.verify, secrets=(secret, *former[:keep]))
    errors = [
        FieldError("/secret", error.detail)
        for error in check_settings(verify)
        if error.pointer == "/verify/secrets/0"
    ]
    if errors:
        detail = f"/secret: {errors[0].detail}"
        raise Invalid(detail, errors=errors)
    return replace(source, verify=verify)


def _verify(
    verify: Verification, present: object, patch: Mapping[str, object]
) -> Mapping[str, object]:
    """Return a merged `verify`, with its secrets unless others are given."""
    profile = patch.get("profile")
    if profile is not None and profile != verify.profile.value:
        return patch
    merged = _merged(present, patch)
    if not {"secret", "secrets"} & set(patch) and verify.secrets:
        merged["secrets"] = list(verify.secrets)
    return merged


def _merged(present: object, patch: Mapping[str, object]) -> dict[str, object]:
    before = present if isinstance(present, Mapping) else {}
    merged = {**before, **patch}
    return {name: value for name, value in merged.items() if value is not None}
