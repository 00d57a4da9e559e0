"""How a source verifies its requests, as one writes it."""

from datetime import timedelta

import pytest

from gateway.domain.errors import Invalid
from gateway.domain.fields import Fields
from gateway.domain.model import Algorithm, Encoding, Profile, Verification
from gateway.inbound.verifying import read_verification, shown_verification


def read(verify: object) -> Verification:
    """Return what a `verify` says."""
    fields = Fields({"verify": verify})
    found = read_verification(fields)
    fields.finish()
    return found


def test_that_nothing_is_verified_has_to_be_written() -> None:
    """Whoever says nothing is asked."""
    assert read({"profile": "none"}) == Verification(Profile.NONE)
    unsaid: list[object] = [None, {}, {"profile": None}, {"profile": "x"}, "none", []]
    for verify in unsaid:
        with pytest.raises(Invalid):
            read(verify)


def test_one_secret_or_several() -> None:
    """A secret that is given twice counts once."""
    assert read({"profile": "github", "secret": "a"}).secrets == ("a",)
    assert read({"profile": "github", "secrets": ["a", "b", "a"]}).secrets == ("a", "b")


def test_all_of_an_hmac_can_be_said() -> None:
    """Whatever a provider has thought of."""
    verify = {
        "profile": "hmac",
        "secret": "k",
        "header": "X-Acme",
        "algorithm": "sha512",
        "encoding": "base64",
        "prefix": "v1=",
        "timestamp_header": "X-Acme-Time",
        "tolerance": 60,
    }

    found = read(verify)

    assert found == Verification(
        Profile.HMAC,
        ("k",),
        "X-Acme",
        Algorithm.SHA512,
        Encoding.BASE64,
        "v1=",
        "X-Acme-Time",
        timedelta(seconds=60),
    )
    assert {**shown_verification(found), "secret": "k"} == verify


def test_secrets_are_not_shown() -> None:
    """Nor how they look."""
    assert "s3cret" not in str(
        shown_verification(Verification(Profile.BEARER, ("s3cret",)))
    )


@pytest.mark.parametrize(
    ("verify", "pointer"),
    [
        ({"profile": "github"}, "/verify/secrets"),
        ({"profile": "github", "secret": 7}, "/verify/secret"),
        ({"profile": "github", "secrets": "a"}, "/verify/secrets"),
        ({"profile": "github", "secrets": ["a", ""]}, "/verify/secrets/1"),
        ({"profile": "github", "secrets": list("abcdefghijk")}, "/verify/secrets"),
        ({"profile": "basic", "secret": "no-colon"}, "/verify/secrets/0"),
        ({"profile": "none", "secret": "a"}, "/verify/secrets"),
        ({"profile": "hmac", "secret": "a"}, "/verify/header"),
        ({"profile": "github", "secret": "a", "header": "X"}, "/verify/header"),
        ({"profile": "github", "secret": "a", "tolerance": 0}, "/verify/tolerance"),
        ({"profile": "none", "salt": 1}, "/verify/salt"),
    ],
)
def test_what_is_wrong_is_pointed_at(verify: object, pointer: str) -> None:
    """Without its value, which may be a secret."""
    with pytest.raises(Invalid) as caught:
        read(verify)

    assert pointer in [error.pointer for error in caught.value.errors]
