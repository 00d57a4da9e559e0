"""What a profile needs is said at once, place by place."""

from datetime import timedelta

import pytest

from gateway.domain.model.sources import Algorithm, Encoding, Profile, Verification
from gateway.domain.verification import check_settings
from tests.domain.verification.arriving import SECRET

STANDARD = "whsec_" + "Z" * 32
SIMPLE = [profile for profile in Profile if profile not in {Profile.NONE, Profile.HMAC}]


def secret_of(profile: Profile) -> str:
    """Return a secret that is good for a profile."""
    own = {Profile.STANDARD: STANDARD, Profile.BEARER: "token", Profile.BASIC: "u:p"}
    return own.get(profile, SECRET)


def places(verification: Verification) -> list[str]:
    """Return where something is wrong."""
    return [error.pointer for error in check_settings(verification)]


def an_hmac(
    *, header: str | None = "X-Signature", time: str | None = None, prefix: str = ""
) -> Verification:
    """Return settings of one's own."""
    return Verification(
        Profile.HMAC, (SECRET,), header=header, timestamp_header=time, prefix=prefix
    )


@pytest.mark.parametrize("profile", SIMPLE)
def test_a_secret_is_all_that_most_profiles_need(profile: Profile) -> None:
    """One of them, or ten."""
    secret = secret_of(profile)

    assert places(Verification(profile, (secret,))) == []
    assert places(Verification(profile, (secret,) * 10)) == []


@pytest.mark.parametrize("profile", SIMPLE)
def test_no_secret_and_too_many_are_refused(profile: Profile) -> None:
    """Between one and ten."""
    secret = secret_of(profile)

    assert places(Verification(profile)) == ["/verify/secrets"]
    assert places(Verification(profile, (secret,) * 11)) == ["/verify/secrets"]


def test_the_profile_none_has_no_secrets() -> None:
    """A secret that would verify nothing is a mistake."""
    assert places(Verification(Profile.NONE)) == []
    assert places(Verification(Profile.NONE, (SECRET,))) == ["/verify/secrets"]


@pytest.mark.parametrize(
    ("profile", "secret"),
    [
        (Profile.GITHUB, ""),
        (Profile.GITHUB, " \n"),
        (Profile.GITHUB, "x" * 1025),
        (Profile.GITHUB, "\ud800"),
        (Profile.STANDARD, "whsec_é"),
        (Profile.STANDARD, "whsec_c2hvcnQ="),
        (Profile.BEARER, "two words"),
        (Profile.BEARER, "größer"),
        (Profile.GITLAB, " token"),
        (Profile.GITHUB, "of a file\n"),
        (Profile.SHOPIFY, " pasted"),
        (Profile.STRIPE, "sk_test_4eC39HqLyjWDarjtT1zdp7dc"),
        (Profile.GITLAB, "tok\nen"),
        (Profile.BASIC, "prom"),
        (Profile.BASIC, "prom:"),
        (Profile.BASIC, "prom:pass\0word"),
    ],
)
def test_a_secret_that_could_never_fit_is_refused(
    profile: Profile, secret: str
) -> None:
    """Its place is told, and the secret is not."""
    errors = check_settings(Verification(profile, (secret_of(profile), secret)))

    assert [error.pointer for error in errors] == ["/verify/secrets/1"]
    assert not secret.strip() or secret not in errors[0].detail


@pytest.mark.parametrize(
    "verification",
    [
        an_hmac(),
        an_hmac(time="X-Time"),
        an_hmac(prefix="sha256="),
        an_hmac(header="Authorization", prefix="HMAC "),
    ],
)
def test_an_hmac_with_a_header_is_fine(verification: Verification) -> None:
    """Prefix and time are of one's own choice."""
    assert check_settings(verification) == []


@pytest.mark.parametrize(
    ("verification", "place"),
    [
        (an_hmac(header=None), "/verify/header"),
        (an_hmac(header=""), "/verify/header"),
        (an_hmac(header="X Signature"), "/verify/header"),
        (an_hmac(header="x" * 101), "/verify/header"),
        (an_hmac(time="é"), "/verify/timestamp_header"),
        (an_hmac(time="x-signature"), "/verify/timestamp_header"),
        (an_hmac(prefix="v1,"), "/verify/prefix"),
        (an_hmac(prefix=" v1"), "/verify/prefix"),
        (an_hmac(prefix="v1=\n"), "/verify/prefix"),
        (an_hmac(prefix="x" * 65), "/verify/prefix"),
    ],
)
def test_an_hmac_that_could_never_fit_is_refused(
    verification: Verification, place: str
) -> None:
    """No header, no name of one, the same one twice, a prefix that cannot come."""
    assert places(verification) == [place]


def test_what_belongs_to_an_hmac_is_refused_elsewhere() -> None:
    """What would be passed over in silence is a mistake."""
    github = Verification(
        Profile.GITHUB,
        (SECRET,),
        header="X-Signature",
        algorithm=Algorithm.SHA512,
        encoding=Encoding.BASE64,
        prefix="v1=",
        timestamp_header="X-Time",
    )

    assert places(github) == [
        "/verify/header",
        "/verify/algorithm",
        "/verify/encoding",
        "/verify/prefix",
        "/verify/timestamp_header",
    ]


@pytest.mark.parametrize(("seconds", "wrong"), [(0, 1), (1, 0), (3600, 0), (3601, 1)])
def test_a_tolerance_is_between_a_second_and_an_hour(seconds: int, wrong: int) -> None:
    """More would let old requests in again."""
    verification = Verification(
        Profile.STRIPE, (SECRET,), tolerance=timedelta(seconds=seconds)
    )

    assert places(verification) == ["/verify/tolerance"] * wrong
