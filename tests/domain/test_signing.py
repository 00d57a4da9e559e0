"""Signing: the published vectors, a foreign verifier, and hostile headers."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from hypothesis import assume, given, strategies as st

from gateway.domain import signing
from gateway.domain.signing import BadSecret, Flaw, Seal

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLDER = signing.mint_secret(b"o" * 32)
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
NOW = datetime.fromtimestamp(TIMESTAMP, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
GENUINE = Seal(ID, str(TIMESTAMP), SIGNATURE)

GITHUB_SECRET = "It's a Secret to Everybody"
GITHUB_SIGNATURE = (
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)

HEADERS = (
    st.none()
    | st.binary()
    | st.text(st.characters(codec=None))
    | st.sampled_from(["", "v1", "v1,", "v1,abc", "v1,é", "a,b,c", "v1,==== v2,x", "."])
    | st.integers().map(str)
    | st.sampled_from([ID, str(TIMESTAMP), SIGNATURE, GITHUB_SIGNATURE])
)


def test_the_published_vector_is_signed_alike() -> None:
    """The example of the Standard Webhooks specification comes out."""
    signature = signing.sign([SECRET], message_id=ID, timestamp=TIMESTAMP, body=BODY)

    assert signature == SIGNATURE


def test_the_published_vector_is_genuine() -> None:
    """The example of the Standard Webhooks specification is verified."""
    assert signing.verify([SECRET], GENUINE, BODY, now=NOW) is None


def test_headers_are_taken_by_their_names() -> None:
    """The three headers are found among others; absent ones are None."""
    seal = Seal.of({"webhook-id": "a", "webhook-timestamp": "1", "other": "x"})

    assert seal == Seal("a", "1", None)


@given(body=st.text(), secrets=st.lists(st.binary(min_size=24, max_size=64)))
def test_a_foreign_verifier_accepts_every_key(body: str, secrets: list[bytes]) -> None:
    """The reference library verifies what we sign, with each of the secrets."""
    now = int(datetime.now(UTC).timestamp())  # noqa: TID251 - it reads the real clock
    minted = [signing.mint_secret(secret) for secret in secrets]
    signature = signing.sign(
        minted, message_id="evt_1", timestamp=now, body=body.encode()
    )
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(now),
        "webhook-signature": signature,
    }

    for secret in minted:
        standardwebhooks.Webhook(secret).verify(body, headers, json_parse=False)


def test_every_secret_signs_newest_first() -> None:
    """During a rotation there is one signature per secret, in their order."""
    signature = signing.sign(
        [OLDER, SECRET], message_id=ID, timestamp=TIMESTAMP, body=BODY
    )

    first, second = signature.split(" ")
    assert second == SIGNATURE
    assert first == signing.sign([OLDER], message_id=ID, timestamp=TIMESTAMP, body=BODY)


@pytest.mark.parametrize("secrets", [[SECRET, OLDER], [OLDER, SECRET]])
def test_any_secret_verifies(secrets: list[str]) -> None:
    """A receiver that knows several secrets accepts each of them."""
    assert signing.verify(secrets, GENUINE, BODY, now=NOW) is None


def test_any_signature_verifies() -> None:
    """One genuine signature among others is enough."""
    seal = Seal(ID, str(TIMESTAMP), f"v1a,x v1,é= v1,AAAA {SIGNATURE}".replace("é", ""))

    assert signing.verify([SECRET], seal, BODY, now=NOW) is None


def test_headers_may_come_as_bytes() -> None:
    """Raw header bytes are read like text."""
    seal = Seal(ID.encode(), str(TIMESTAMP).encode(), SIGNATURE.encode())

    assert signing.verify([SECRET], seal, BODY, now=NOW) is None


@pytest.mark.parametrize(
    ("seal", "flaw"),
    [
        (Seal(None, str(TIMESTAMP), SIGNATURE), Flaw.MISSING_ID),
        (Seal(ID, None, SIGNATURE), Flaw.MISSING_TIMESTAMP),
        (Seal(ID, str(TIMESTAMP), None), Flaw.MISSING_SIGNATURE),
        (Seal("é", str(TIMESTAMP), SIGNATURE), Flaw.NOT_ASCII),
        (Seal(ID, b"\xff", SIGNATURE), Flaw.NOT_ASCII),
        (Seal(ID, str(TIMESTAMP), "v1,é"), Flaw.NOT_ASCII),
        (Seal("", str(TIMESTAMP), SIGNATURE), Flaw.BAD_ID),
        (Seal("a.b", str(TIMESTAMP), SIGNATURE), Flaw.BAD_ID),
        (Seal(ID, "", SIGNATURE), Flaw.BAD_TIMESTAMP),
        (Seal(ID, "soon", SIGNATURE), Flaw.BAD_TIMESTAMP),
        (Seal(ID, "-1", SIGNATURE), Flaw.BAD_TIMESTAMP),
        (Seal(ID, " 1614265330", SIGNATURE), Flaw.BAD_TIMESTAMP),
        (Seal(ID, "1614265330.0", SIGNATURE), Flaw.BAD_TIMESTAMP),
        (Seal(ID, "9" * 5000, SIGNATURE), Flaw.BAD_TIMESTAMP),
        (Seal(ID, "0", SIGNATURE), Flaw.TOO_OLD),
        (Seal(ID, "999999999999", SIGNATURE), Flaw.IN_FUTURE),
        (Seal(ID, str(TIMESTAMP), ""), Flaw.NO_KNOWN_VERSION),
        (Seal(ID, str(TIMESTAMP), "a,b,c"), Flaw.NO_KNOWN_VERSION),
        (Seal(ID, str(TIMESTAMP), "v2," + SIGNATURE[3:]), Flaw.NO_KNOWN_VERSION),
        (Seal(ID, str(TIMESTAMP), "v1"), Flaw.NOT_BASE64),
        (Seal(ID, str(TIMESTAMP), "v1,abc"), Flaw.NOT_BASE64),
        (Seal(ID, str(TIMESTAMP), "v1,AAAA"), Flaw.MISMATCH),
        (Seal("other", str(TIMESTAMP), SIGNATURE), Flaw.MISMATCH),
        (Seal(ID, str(TIMESTAMP + 1), SIGNATURE), Flaw.MISMATCH),
    ],
)
def test_each_flaw_is_named(seal: Seal, flaw: Flaw) -> None:
    """What is wrong with the headers is said exactly."""
    assert signing.verify([SECRET], seal, BODY, now=NOW) is flaw


def test_a_changed_body_does_not_fit() -> None:
    """One byte more in the body is a mismatch."""
    assert signing.verify([SECRET], GENUINE, BODY + b" ", now=NOW) is Flaw.MISMATCH


def test_another_secret_does_not_fit() -> None:
    """A signature by somebody else's secret is a mismatch."""
    assert signing.verify([OLDER], GENUINE, BODY, now=NOW) is Flaw.MISMATCH


@pytest.mark.parametrize("secrets", [[], ["whsec_é"], ["short"]])
def test_without_a_usable_secret_nothing_is_genuine(secrets: list[str]) -> None:
    """A receiver without a secret says so and accepts nothing."""
    assert signing.verify(secrets, GENUINE, BODY, now=NOW) is Flaw.NO_SECRET


@pytest.mark.parametrize(
    ("age_s", "flaw"),
    [(300, None), (301, Flaw.TOO_OLD), (-300, None), (-301, Flaw.IN_FUTURE)],
)
def test_a_timestamp_may_be_five_minutes_off(age_s: int, flaw: Flaw | None) -> None:
    """Five minutes either way are tolerated, and not a second more."""
    now = NOW + timedelta(seconds=age_s)

    assert signing.verify([SECRET], GENUINE, BODY, now=now) is flaw


@given(message_id=HEADERS, timestamp=HEADERS, signature=HEADERS, body=st.binary())
def test_no_header_makes_verifying_fail_otherwise(
    message_id: signing.HeaderValue,
    timestamp: signing.HeaderValue,
    signature: signing.HeaderValue,
    body: bytes,
) -> None:
    """Hostile headers and bodies give a flaw with a sentence, never an exception."""
    seal = Seal(message_id, timestamp, signature)
    assume(seal != GENUINE or body != BODY)

    flaw = signing.verify([SECRET, "?"], seal, body, now=NOW)

    assert flaw is not None
    assert flaw.sentence


@pytest.mark.parametrize("flaw", Flaw)
def test_every_flaw_has_its_sentence(flaw: Flaw) -> None:
    """No flaw leaves a person with a code alone."""
    assert flaw.sentence


def test_a_minted_secret_reads_back() -> None:
    """A secret is whsec_ and base64 of its bytes."""
    raw = bytes(range(32))

    secret = signing.mint_secret(raw)

    assert secret == "whsec_" + b64encode(raw).decode()
    assert signing.parse_secret(secret) == raw


@pytest.mark.parametrize(
    "secret",
    [SECRET, SECRET.removeprefix("whsec_"), OLDER, OLDER.rstrip("=")],
)
def test_prefix_and_padding_may_be_left_out(secret: str) -> None:
    """Secrets are read as the reference library reads them."""
    assert signing.parse_secret(secret) == standardwebhooks.Webhook(secret)._whsecret


@pytest.mark.parametrize("size", [24, 64])
def test_a_secret_has_24_to_64_bytes(size: int) -> None:
    """Both ends of the range are secrets."""
    assert len(signing.parse_secret(signing.mint_secret(b"x" * size))) == size


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_" + b64encode(b"x" * 23).decode(),
        "whsec_" + b64encode(b"x" * 65).decode(),
        "whsec_not base64 at all, whatever it is",
        "whsec_ééééééééééééééééééééééééééééééééééé",
        "whsec_A" + "A" * 32,
        "\ud800",
    ],
)
def test_what_is_no_secret_is_refused_without_showing_it(secret: str) -> None:
    """A bad secret is refused by a sentence that does not repeat it."""
    with pytest.raises(BadSecret) as caught:
        signing.parse_secret(secret)

    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize("size", [0, 23, 65])
def test_too_few_or_too_many_bytes_mint_no_secret(size: int) -> None:
    """A secret of another size is not minted."""
    with pytest.raises(BadSecret):
        signing.mint_secret(b"x" * size)


def test_the_published_github_vector_is_signed_alike() -> None:
    """The example of GitHub's documentation comes out."""
    assert signing.sign_github(GITHUB_SECRET, b"Hello, World!") == GITHUB_SIGNATURE


@pytest.mark.parametrize(
    ("secrets", "signature", "flaw"),
    [
        ([GITHUB_SECRET], GITHUB_SIGNATURE, None),
        (["x", GITHUB_SECRET], GITHUB_SIGNATURE.encode(), None),
        (["x"], GITHUB_SIGNATURE, Flaw.MISMATCH),
        ([], GITHUB_SIGNATURE, Flaw.NO_SECRET),
        ([""], GITHUB_SIGNATURE, Flaw.NO_SECRET),
        (["\ud800"], GITHUB_SIGNATURE, Flaw.MISMATCH),
        ([GITHUB_SECRET], None, Flaw.MISSING_SIGNATURE),
        ([GITHUB_SECRET], "", Flaw.NOT_HEX),
        ([GITHUB_SECRET], "sha256=", Flaw.NOT_HEX),
        ([GITHUB_SECRET], GITHUB_SIGNATURE + "0", Flaw.NOT_HEX),
        ([GITHUB_SECRET], GITHUB_SIGNATURE.replace("sha256", "sha1"), Flaw.NOT_HEX),
        ([GITHUB_SECRET], "sha256=é", Flaw.NOT_ASCII),
    ],
)
def test_a_github_signature_is_verified(
    secrets: list[str], signature: signing.HeaderValue, flaw: Flaw | None
) -> None:
    """Each way of being wrong is named; the published example is genuine."""
    assert signing.verify_github(secrets, signature, b"Hello, World!") is flaw


@given(signature=HEADERS, body=st.binary())
def test_no_header_makes_github_verifying_fail_otherwise(
    signature: signing.HeaderValue, body: bytes
) -> None:
    """Hostile signatures give a flaw, never an exception."""
    assert signing.verify_github([GITHUB_SECRET], signature, body) is not None
