"""Secrets that are brought along: tokens of GitLab's, bearers, user and password."""

import pytest

from gateway.domain.model.sources import Profile, Verification
from gateway.domain.verification import verify
from gateway.domain.verification.credentials import BASIC_CHALLENGE, BEARER_CHALLENGE
from tests.domain.verification.arriving import NOW, OLDER, arrival, b64, refusal

TOKEN = "glpat-Zm9vYmFy"
GITLAB = Verification(Profile.GITLAB, (OLDER, TOKEN, "größer"))
BEARER = Verification(Profile.BEARER, (OLDER, TOKEN))
BASIC = Verification(Profile.BASIC, ("prom:pass:word", "jürgen:größer"))


@pytest.mark.parametrize("token", [TOKEN, "größer".encode().decode("latin-1")])
def test_a_token_of_gitlab_is_verified(token: str) -> None:
    """Any of the secrets will do; beyond ASCII they come in UTF-8."""
    verify(GITLAB, arrival({"x-gitlab-token": token}), NOW)


@pytest.mark.parametrize("token", [None, "", TOKEN[:-1], f"{TOKEN}, {TOKEN}", "Ω"])
def test_another_token_of_gitlab_is_refused(token: str | None) -> None:
    """Absent, empty, a part of it, twice, and what no header can be."""
    headers = {} if token is None else {"x-gitlab-token": token}

    assert refusal(GITLAB, arrival(headers)).challenge is None


@pytest.mark.parametrize(
    "value", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN} "]
)
def test_a_bearer_is_verified(value: str) -> None:
    """The case of the scheme does not matter."""
    verify(BEARER, arrival({"authorization": value}), NOW)


@pytest.mark.parametrize(
    "value", ["", TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer ", f"Bearer {TOKEN}x"]
)
def test_another_bearer_is_refused_with_a_challenge(value: str) -> None:
    """The answer says what scheme to come with (RFC 9110 §15.5.2)."""
    error = refusal(BEARER, arrival({"authorization": value}))

    assert error.challenge == BEARER_CHALLENGE


@pytest.mark.parametrize("pair", ["prom:pass:word", "jürgen:größer"])
def test_user_and_password_are_verified(pair: str) -> None:
    """A password may have colons, and both may be in UTF-8 (RFC 7617)."""
    value = f"Basic {b64(pair.encode())}"

    verify(BASIC, arrival({"authorization": value}), NOW)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic",
        "Basic ====",
        "Basic prom:pass:word",
        f"Basic {b64(b'prom:pass')}",
        f"Basic {b64(b'prom')}",
        f"Bearer {b64(b'prom:pass:word')}",
        "Basic é",
    ],
)
def test_another_password_is_refused_with_a_challenge(value: str) -> None:
    """Not base64, no pair, another password, another scheme."""
    error = refusal(BASIC, arrival({"authorization": value}))

    assert error.challenge == BASIC_CHALLENGE


def test_a_refusal_shows_no_secret() -> None:
    """Neither what came nor what should have come is in the sentence."""
    error = refusal(BEARER, arrival({"authorization": "Bearer almost"}))

    assert TOKEN not in error.detail
    assert "almost" not in error.detail
