"""A new secret signs at once, the old ones for a while."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta

import pytest

from gateway.delivery.rotation import OLD_SECRETS, Rotation, read_rotation, rotated
from gateway.domain.errors import Invalid
from gateway.domain.model import OldSecret, Signature
from tests.fakes.clock import NOON
from tests.fakes.delivering import SECRET, a_webhook

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def a_secret(number: int) -> str:
    """Return one of many secrets."""
    return "whsec_" + b64encode(bytes([number]) * 32).decode()


def test_the_old_secret_signs_for_a_day() -> None:
    """Unless another grace is asked for."""
    webhook = rotated(a_webhook(), a_secret(1), grace=None, now=NOON)
    briefly = rotated(a_webhook(), a_secret(1), grace=HOUR, now=NOON)

    assert webhook.secret == a_secret(1)
    assert webhook.old_secrets == (OldSecret(SECRET, NOON + DAY),)
    assert briefly.old_secrets == (OldSecret(SECRET, NOON + HOUR),)


def test_five_old_secrets_sign_along_newest_first() -> None:
    """The oldest drops out before its time."""
    webhook = a_webhook()
    for number in range(OLD_SECRETS + 2):
        webhook = rotated(webhook, a_secret(number), grace=DAY, now=NOON)

    newest = OLD_SECRETS + 1
    assert webhook.secrets_at(NOON) == tuple(
        a_secret(newest - age) for age in range(OLD_SECRETS + 1)
    )


def test_no_grace_stops_the_present_secret_alone() -> None:
    """What older ones were given stays as it is; what is over is dropped."""
    known = (OldSecret(a_secret(1), NOON + HOUR), OldSecret(a_secret(2), NOON))
    webhook = a_webhook(old_secrets=known)

    webhook = rotated(webhook, a_secret(3), grace=timedelta(), now=NOON)

    assert webhook.old_secrets == known[:1]


def test_a_secret_that_comes_back_is_not_an_old_one() -> None:
    """It would sign twice."""
    webhook = rotated(a_webhook(), a_secret(1), grace=DAY, now=NOON)

    webhook = rotated(webhook, SECRET, grace=DAY, now=NOON)

    assert webhook.secrets_at(NOON) == (SECRET, a_secret(1))


@pytest.mark.parametrize("same", [SECRET, SECRET.removeprefix("whsec_").rstrip("=")])
def test_the_present_secret_is_no_new_one(same: str) -> None:
    """However it is written."""
    with pytest.raises(Invalid, match="present secret") as caught:
        rotated(a_webhook(), same, grace=None, now=NOON)

    assert [error.pointer for error in caught.value.errors] == ["/secret"]


def test_a_signature_of_githubs_kind_has_one_secret() -> None:
    """A new one holds at once, and whoever asks for a grace is told so."""
    webhook = a_webhook(signature=Signature.GITHUB)

    changed = rotated(webhook, a_secret(1), grace=None, now=NOON)

    assert changed.secrets_at(NOON) == (a_secret(1),)
    with pytest.raises(Invalid) as caught:
        rotated(webhook, a_secret(1), grace=HOUR, now=NOON)
    assert [error.pointer for error in caught.value.errors] == ["/grace_s"]


@pytest.mark.parametrize(
    ("body", "rotation"),
    [
        ({}, Rotation()),
        ({"secret": None, "grace_s": None}, Rotation()),
        ({"secret": SECRET, "grace_s": 0}, Rotation(SECRET, timedelta())),
        ({"grace_s": 604_800}, Rotation(grace=timedelta(days=7))),
    ],
)
def test_what_is_asked_for(body: Mapping[str, object], rotation: Rotation) -> None:
    """Nothing need be said."""
    assert read_rotation(body) == rotation


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"secret": "whsec_c2hvcnQ="}, "/secret"),
        ({"grace_s": -1}, "/grace_s"),
        ({"grace_s": 604_801}, "/grace_s"),
        ({"grace_s": "1d"}, "/grace_s"),
        ({"grace": 5}, "/grace"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    body: Mapping[str, object], pointer: str
) -> None:
    """A pointer to the place, and never the secret."""
    with pytest.raises(Invalid) as caught:
        read_rotation(body)

    assert [error.pointer for error in caught.value.errors] == [pointer]
