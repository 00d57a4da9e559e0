"""All profiles: none lets a stranger in, and none fails in another way."""

import pytest
from hypothesis import given, strategies as st

from gateway.domain.errors import NotVerified
from gateway.domain.model.sources import Profile, Verification
from gateway.domain.verification import headers, verify
from gateway.domain.verification.profiles import VERIFIERS
from tests.domain.verification.arriving import HOSTILE, NOW, SECRET, arrival

VERIFYING = [profile for profile in Profile if profile is not Profile.NONE]
STANDARD = "whsec_" + "Z" * 32
NAMES = [
    *(headers.ALWAYS_SECRET | {headers.SLACK_TIME}),
    *headers.STANDARD,
    *headers.SVIX,
    "x-signature",
    "x-time",
]


def of(profile: Profile, *secrets: str) -> Verification:
    """Return a verification that has all that its profile needs."""
    if profile is not Profile.HMAC:
        return Verification(profile, secrets)
    return Verification(
        profile, secrets, header="X-Signature", timestamp_header="X-Time"
    )


def test_every_profile_has_its_way() -> None:
    """No profile is left without a verifier."""
    assert set(VERIFIERS) == set(Profile)


@pytest.mark.parametrize("profile", VERIFYING)
@given(given_headers=st.dictionaries(st.sampled_from(NAMES), HOSTILE), body=st.binary())
def test_whatever_a_stranger_sends_is_refused(
    profile: Profile, given_headers: dict[str, str], body: bytes
) -> None:
    """Hostile headers and bodies are not verified, and nothing else is raised."""
    with pytest.raises(NotVerified):
        verify(of(profile, SECRET, STANDARD), arrival(given_headers, body), NOW)


@pytest.mark.parametrize("profile", VERIFYING)
@pytest.mark.parametrize("secrets", [(), ("",)])
@given(given_headers=st.fixed_dictionaries(dict.fromkeys(NAMES, HOSTILE)))
def test_a_source_without_secrets_lets_nobody_in(
    profile: Profile, secrets: tuple[str, ...], given_headers: dict[str, str]
) -> None:
    """An empty secret is none: what is not set up is not verified."""
    with pytest.raises(NotVerified):
        verify(of(profile, *secrets), arrival(given_headers), NOW)


def test_the_profile_none_lets_everybody_in() -> None:
    """The address is the only secret; that must have been written out."""
    verify(of(Profile.NONE), arrival(), NOW)
