"""Signed requests: the providers' own examples, and every way to be wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.arrivals import Arrival
from gateway.domain.model.sources import Algorithm, Encoding, Profile, Verification
from gateway.domain.verification import verify
from tests.domain.verification.arriving import (
    AT,
    BODY,
    NOW,
    OLDER,
    SECRET,
    arrival,
    b64,
    digest,
    refusal,
)

GITHUB = Verification(Profile.GITHUB, (SECRET,))
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STANDARD_AT = 1_614_265_330
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
STRIPE = Verification(Profile.STRIPE, (SECRET,))
SLACK = Verification(Profile.SLACK, (SECRET,))
SHOPIFY = Verification(Profile.SHOPIFY, (SECRET,))


def from_stripe(header: str) -> Arrival:
    """Return a request with that `Stripe-Signature`."""
    return arrival({"stripe-signature": header})


def stripe_v1(secret: str = SECRET, at: int = AT) -> str:
    """Return the signature of Stripe."""
    return digest(secret, b"%d.%b" % (at, BODY)).hex()


def from_slack(signature: str, at: str = str(AT)) -> Arrival:
    """Return a request with these headers of Slack's."""
    return arrival({"x-slack-signature": signature, "x-slack-request-timestamp": at})


def slack_v0(secret: str = SECRET, at: int = AT) -> str:
    """Return the signature of Slack."""
    return "v0=" + digest(secret, b"v0:%d:%b" % (at, BODY)).hex()


def standard_headers(kind: str) -> dict[str, str]:
    """Return the published example, in the headers of the standard or of Svix."""
    return {
        f"{kind}-id": STANDARD_ID,
        f"{kind}-timestamp": str(STANDARD_AT),
        f"{kind}-signature": STANDARD_SIGNATURE,
    }


def test_the_published_github_example_is_verified() -> None:
    """The example of GitHub's documentation is genuine."""
    signature = (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )
    github = Verification(Profile.GITHUB, ("It's a Secret to Everybody",))
    given = arrival({"x-hub-signature-256": signature}, b"Hello, World!")

    verify(github, given, NOW)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, "missing"),
        ({"x-hub-signature-256": "sha256=" + "0" * 64}, "fits"),
        ({"x-hub-signature-256": "0" * 64}, "sha256="),
        ({"x-hub-signature": "sha1=" + digest(SECRET, BODY, "sha1").hex()}, "missing"),
    ],
)
def test_github_without_its_signature_is_refused(
    headers: dict[str, str], told: str
) -> None:
    """Absent, wrong and badly written signatures; SHA-1 alone does not count."""
    assert told in refusal(GITHUB, arrival(headers)).detail


@pytest.mark.parametrize("kind", ["webhook", "svix"])
@pytest.mark.parametrize("secret", [STANDARD_SECRET, f"v1,{STANDARD_SECRET}"])
def test_the_published_standard_example_is_verified(kind: str, secret: str) -> None:
    """In either kind of headers, and with the secret as some show it."""
    standard = Verification(Profile.STANDARD, (secret,))
    now = datetime.fromtimestamp(STANDARD_AT, UTC)

    verify(standard, arrival(standard_headers(kind), STANDARD_BODY), now)


def test_an_unsigned_id_beside_a_signed_one_is_refused() -> None:
    """Headers of the standard cannot be put beside those that Svix signed."""
    standard = Verification(Profile.STANDARD, (STANDARD_SECRET,))
    headers = standard_headers("svix") | {"webhook-id": "msg_another"}
    now = datetime.fromtimestamp(STANDARD_AT, UTC)

    error = refusal(standard, arrival(headers, STANDARD_BODY), now=now)

    assert "webhook-timestamp" in error.detail


@pytest.mark.parametrize("signature", ["v1", "v1,abc", "v1,é", "a,b,c"])
def test_what_breaks_the_reference_verifier_is_refused(signature: str) -> None:
    """Headers that are no signatures, with a body that is not UTF-8."""
    standard = Verification(Profile.STANDARD, (STANDARD_SECRET,))
    headers = standard_headers("webhook") | {"webhook-signature": signature}
    now = datetime.fromtimestamp(STANDARD_AT, UTC)

    refusal(standard, arrival(headers, b"\xff\xfe"), now=now)


def test_more_signatures_than_can_be_meant_are_refused() -> None:
    """Each would have to be tried with each of the secrets."""
    standard = Verification(Profile.STANDARD, (STANDARD_SECRET,))
    header = {"webhook-signature": " ".join([STANDARD_SIGNATURE] * 33)}
    headers = standard_headers("webhook") | header
    now = datetime.fromtimestamp(STANDARD_AT, UTC)

    error = refusal(standard, arrival(headers, STANDARD_BODY), now=now)

    assert "more than 32" in error.detail


@pytest.mark.parametrize(
    "header",
    [
        f"t={AT},v1={stripe_v1()}",
        f"t={AT},v1={stripe_v1()},v0=00",
        f"t={AT},v1={stripe_v1(OLDER)},v1={stripe_v1()}",
        f"t={AT + 300},v1={stripe_v1(at=AT + 300)}",
        f"t={AT - 300},v1={stripe_v1(at=AT - 300)}",
    ],
)
def test_a_signature_of_stripe_is_verified(header: str) -> None:
    """Several are there while a secret is rolled; five minutes either way."""
    verify(STRIPE, from_stripe(header), NOW)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", "missing"),
        (f"v1={stripe_v1()}", "missing"),
        (f"t={AT},t={AT},v1={stripe_v1()}", "missing"),
        (f"t=now,v1={stripe_v1()}", "not a number"),
        (f"t={'9' * 5000},v1={stripe_v1()}", "not a number"),
        (f"t={AT}", "no signature"),
        (f"t={AT},v0={stripe_v1()}", "no signature"),
        (f"t={AT},v1={stripe_v1()[:-2]}", "no signature"),
        (f"t={AT},v1={stripe_v1(OLDER)}", "fits none"),
        (f"t={AT + 1},v1={stripe_v1()}", "fits none"),
        (f"t={AT - 301},v1={stripe_v1(at=AT - 301)}", "too old"),
        (f"t={AT + 301},v1={stripe_v1(at=AT + 301)}", "in the future"),
        (f"t={AT}" + f",v1={stripe_v1()}" * 32, "more than 32"),
    ],
)
def test_another_signature_of_stripe_is_refused(header: str, told: str) -> None:
    """Each way of being wrong is said."""
    assert told in refusal(STRIPE, from_stripe(header)).detail


def test_the_published_slack_example_is_verified() -> None:
    """The example of Slack's documentation is genuine."""
    slack = Verification(Profile.SLACK, ("8f742231b10e8888abcd99yyyzzz85a5",))
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA"
        b"&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url="
        b"https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id="
        b"398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235"
        "a7b4a8d21a10bd27519666489c69b503",
    }

    verify(slack, arrival(headers, body), datetime.fromtimestamp(1_531_420_618, UTC))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (arrival(), "missing"),
        (arrival({"x-slack-signature": slack_v0()}), "Timestamp is missing"),
        (from_slack(slack_v0(), "soon"), "not a number"),
        (from_slack(slack_v0()[3:]), "no signature"),
        (from_slack("v1=" + slack_v0()[3:]), "no signature"),
        (from_slack(slack_v0(OLDER)), "fits none"),
        (from_slack(slack_v0(at=AT - 301), str(AT - 301)), "too old"),
        (from_slack(slack_v0(at=AT + 301), str(AT + 301)), "in the future"),
    ],
)
def test_another_signature_of_slack_is_refused(given: Arrival, told: str) -> None:
    """Each way of being wrong is said."""
    assert told in refusal(SLACK, given).detail


def test_a_signature_of_shopify_is_verified() -> None:
    """Base64 of the HMAC of the body."""
    signature = b64(digest(SECRET, BODY))

    verify(SHOPIFY, arrival({"x-shopify-hmac-sha256": signature}), NOW)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, "missing"),
        ({"x-shopify-hmac-sha256": digest(SECRET, BODY).hex()}, "no signature"),
        ({"x-shopify-hmac-sha256": "*" * 44}, "no signature"),
        ({"x-shopify-hmac-sha256": b64(digest(OLDER, BODY))}, "fits none"),
    ],
)
def test_another_signature_of_shopify_is_refused(
    headers: dict[str, str], told: str
) -> None:
    """Absent, in hex, no base64, of another secret."""
    assert told in refusal(SHOPIFY, arrival(headers)).detail


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("prefix", ["", "sig="])
def test_an_hmac_of_any_kind_is_verified(
    algorithm: Algorithm, encoding: Encoding, prefix: str
) -> None:
    """Each hash in each writing, with and without a prefix."""
    mac = digest(SECRET, BODY, algorithm)
    written = mac.hex() if encoding is Encoding.HEX else b64(mac)
    verification = Verification(
        Profile.HMAC,
        (OLDER, SECRET),
        header="X-Signature",
        algorithm=algorithm,
        encoding=encoding,
        prefix=prefix,
    )

    verify(verification, arrival({"x-signature": prefix + written}), NOW)


def timed(tolerance: timedelta = timedelta(seconds=60)) -> Verification:
    """Return an HMAC that has a time in it."""
    return Verification(
        Profile.HMAC,
        (SECRET,),
        header="X-Signature",
        prefix="v1=",
        timestamp_header="X-Time",
        tolerance=tolerance,
    )


def timely(at: int) -> Arrival:
    """Return a request that was signed at a moment, and with an older key as well."""
    content = b"%d.%b" % (at, BODY)
    signatures = [f"v1={digest(key, content).hex()}" for key in (OLDER, SECRET)]
    return arrival({"x-signature": ", ".join(signatures), "x-time": str(at)})


@pytest.mark.parametrize("at", [AT - 60, AT, AT + 60])
def test_a_signed_time_near_enough_is_verified(at: int) -> None:
    """The tolerance is the source's own, and one of several signatures will do."""
    verify(timed(), timely(at), NOW)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (timely(AT - 61), "X-Time is too old"),
        (timely(AT + 61), "X-Time is in the future"),
        (arrival({"x-signature": "v1=00"}), "X-Time is missing"),
        (arrival({"x-time": str(AT)}), "signature is missing"),
        (
            arrival({"x-signature": digest(SECRET, BODY).hex(), "x-time": str(AT)}),
            "no signature",
        ),
        (
            arrival(
                {"x-signature": f"v1={digest(SECRET, BODY).hex()}", "x-time": str(AT)}
            ),
            "fits none",
        ),
    ],
)
def test_a_signed_time_too_far_away_is_refused(given: Arrival, told: str) -> None:
    """So are requests without a time, and signatures that leave it out."""
    assert told in refusal(timed(), given).detail


def test_an_hmac_in_no_header_is_refused() -> None:
    """A source that does not say where the signature is verifies nothing."""
    verification = Verification(Profile.HMAC, (SECRET,))

    assert "which header" in refusal(verification, arrival()).detail


@pytest.mark.parametrize(
    ("verification", "given", "told"),
    [
        (STRIPE, from_stripe(f"t={AT - 400},v1=00"), "too old, 400 s"),
        (SLACK, from_slack("v0=00", str(AT + 500)), "in the future, by 500 s"),
        (
            Verification(Profile.STANDARD, (STANDARD_SECRET,)),
            arrival({**standard_headers("svix"), "svix-timestamp": str(AT - 400)}),
            "svix-timestamp is too old, 400 s",
        ),
    ],
)
def test_a_clock_that_is_wrong_is_told_how_far(
    verification: Verification, given: Arrival, told: str
) -> None:
    """Whoever looks why a sender is refused sees whether it is a replay."""
    assert told in refusal(verification, given).detail


@pytest.mark.parametrize(
    ("verification", "name"),
    [
        (GITHUB, "x-hub-signature-256"),
        (STRIPE, "stripe-signature"),
        (SLACK, "x-slack-signature"),
        (SHOPIFY, "x-shopify-hmac-sha256"),
    ],
)
def test_a_sender_that_signs_nothing_is_asked_for_the_secret(
    verification: Verification, name: str
) -> None:
    """Most often it was never typed in there."""
    told = refusal(verification, arrival({})).detail

    assert f"{name} is missing" in told
    assert "given the secret" in told
