"""A webhook's secret replaced by a new one, the old one signing along for a while."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.delivery.terms import read_secret
from gateway.domain.errors import FieldError, Invalid
from gateway.domain.fields import Fields
from gateway.domain.model import OldSecret, Signature, Webhook
from gateway.domain.signing import parse_secret

GRACE_DEFAULT_S = 86_400
GRACE_MAX_S = 604_800
OLD_SECRETS = 5


@dataclass(frozen=True, slots=True)
class Rotation:
    """How a secret is to be replaced.

    Attributes:
        secret: The new one, of the caller's own; `None` to have one minted.
        grace: How long the old one signs along; `None` for the default.
    """

    secret: str | None = field(default=None, repr=False)
    grace: timedelta | None = None


def read_rotation(body: Mapping[str, object]) -> Rotation:
    """Return what a body asks for.

    Raises:
        Invalid: It breaks a rule; each place is named.
    """
    fields = Fields(body)
    fields.refuse_unknown({"secret", "grace_s"})
    secret = read_secret(fields)
    grace = None
    if not fields.is_absent("grace_s"):
        grace_s = fields.number("grace_s", GRACE_DEFAULT_S, 0, GRACE_MAX_S)
        grace = timedelta(seconds=grace_s)
    fields.finish()
    return Rotation(secret, grace)


def rotated(
    webhook: Webhook, secret: str, *, grace: timedelta | None, now: datetime
) -> Webhook:
    """Return a webhook that signs with a new secret, and for a while with older ones.

    At most `OLD_SECRETS` sign along, newest first: the oldest drop out before their
    time. What each of them was given stays as it is. GitHub's signature is made with
    one secret, so that a new one holds at once.

    Args:
        webhook: As it is.
        secret: The new one.
        grace: How long the present one signs along; `None` for the default.
        now: The present, in UTC.

    Raises:
        Invalid: It is the present secret, or the signature knows no grace.
    """
    if _is_same(secret, webhook.secret):
        detail = "It is the present secret: nothing would change."
        raise _invalid(detail, at="/secret")
    if webhook.signature is Signature.GITHUB:
        if grace:
            detail = "A signature of GitHub's kind has one secret: leave it out, or 0."
            raise _invalid(detail, at="/grace_s")
        grace = timedelta()
    until = now + (timedelta(seconds=GRACE_DEFAULT_S) if grace is None else grace)
    old = [
        each
        for each in (OldSecret(webhook.secret, until), *webhook.old_secrets)
        if now < each.until and not _is_same(each.secret, secret)
    ]
    return replace(webhook, secret=secret, old_secrets=tuple(old[:OLD_SECRETS]))


def _is_same(one: str, other: str) -> bool:
    """Say whether two secrets are one: prefix and padding may be left out of each."""
    return parse_secret(one) == parse_secret(other)


def _invalid(detail: str, *, at: str) -> Invalid:
    return Invalid(f"{at}: {detail}", errors=[FieldError(at, detail)])
