"""Which headers prove something, and which id is signed."""

import pytest

from gateway.domain.model.sources import Profile, Verification
from gateway.domain.verification import secret_headers, signed_header
from tests.domain.verification.arriving import arrival

STANDARD = Verification(Profile.STANDARD)


def test_the_header_of_a_source_is_secret_besides_all_others() -> None:
    """Names are compared in lower case."""
    verification = Verification(Profile.HMAC, header="X-Signature")

    assert {"x-signature", "authorization", "cookie"} <= secret_headers(verification)


def test_without_a_header_of_its_own_the_known_ones_are_secret() -> None:
    """Those of other profiles too: senders send more than is asked for."""
    found = secret_headers(Verification(Profile.NONE))

    assert {"x-gitlab-token", "stripe-signature", "svix-signature"} <= found
    assert "x-github-delivery" not in found


@pytest.mark.parametrize(
    ("headers", "signed"),
    [
        ({"webhook-id": "a"}, "a"),
        ({"svix-id": "b"}, "b"),
        ({"webhook-id": "a", "svix-id": "b"}, "a"),
        ({"webhook-signature": "v1,", "svix-id": "b"}, None),
        ({}, None),
    ],
)
def test_the_id_that_counts_is_the_one_that_was_verified(
    headers: dict[str, str], signed: str | None
) -> None:
    """One kind of header counts, the standard's before that of Svix."""
    assert signed_header(STANDARD, arrival(headers)) == signed


def test_other_profiles_sign_no_id() -> None:
    """What they have of that kind is not proved."""
    github = Verification(Profile.GITHUB)

    assert signed_header(github, arrival({"webhook-id": "a"})) is None
