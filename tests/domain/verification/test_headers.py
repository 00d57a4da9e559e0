"""Which headers prove something, and which of two kinds counts."""

import pytest

from gateway.domain.model.sources import Profile, Verification
from gateway.domain.verification import secret_headers
from gateway.domain.verification.headers import STANDARD, SVIX, of_standard


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
    ("given", "names"),
    [
        ({"webhook-id": "a"}, STANDARD),
        ({"svix-id": "b"}, SVIX),
        ({"webhook-id": "a", "svix-id": "b"}, STANDARD),
        ({"webhook-signature": "v1,", "svix-id": "b"}, STANDARD),
        ({}, STANDARD),
    ],
)
def test_one_kind_of_headers_counts(
    given: dict[str, str], names: tuple[str, str, str]
) -> None:
    """Those of Svix only where there is none of the standard's own."""
    assert of_standard(given) == names
