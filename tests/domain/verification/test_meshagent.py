"""Webhooks of MeshAgent: a token that names the digest of the body written anew."""

import json
from hashlib import sha256

import jwt
import pytest
from hypothesis import given, strategies as st

from gateway.domain.arrivals import Arrival
from gateway.domain.model.sources import Profile, Verification
from gateway.domain.verification import verify
from tests.domain.verification.arriving import (
    AT,
    NOW,
    SECRET,
    arrival,
    b64,
    refusal,
)

KEY = SECRET * 2  # as long as HS256 wants it
MESHAGENT = Verification(Profile.MESHAGENT, ("an older one", KEY))
SAID = {"event": "room.started", "data": {"room_name": "größer", "n": 1.0}}
BODY = json.dumps(SAID).encode()
DIGEST = sha256(BODY).hexdigest()


def sent(claims: dict[str, object], body: bytes = BODY, key: str = KEY) -> Arrival:
    """Return a request with a token that the library of the sender makes."""
    token = jwt.encode(claims, key, algorithm="HS256")
    return bearing(token, body)


def bearing(token: str, body: bytes = BODY) -> Arrival:
    """Return a request with a token."""
    return arrival({"meshagent-signature": f"Bearer {token}"}, body)


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        json.dumps(SAID, ensure_ascii=False).encode(),
        json.dumps(SAID, separators=(",", ":")).encode(),
        json.dumps(SAID, indent=2).encode(),
    ],
)
def test_a_body_is_verified_however_it_is_written(body: bytes) -> None:
    """The digest is that of `json.dumps` of the parsed body."""
    verify(MESHAGENT, sent({"sha256": DIGEST}, body), NOW)


@pytest.mark.parametrize(
    "written", [BODY, json.dumps(SAID, ensure_ascii=False, indent=1).encode()]
)
def test_a_header_in_place_of_a_body_is_verified(written: bytes) -> None:
    """However it is written; beside a body it is the body that is."""
    headers = dict(sent({"sha256": DIGEST}, b"").headers)
    carried = {**headers, "meshagent-webhook": written.decode("latin-1")}

    verify(MESHAGENT, arrival(carried, b""), NOW)
    error = refusal(MESHAGENT, arrival(carried, b'{"event": "another"}'))

    assert "another body" in error.detail


def test_the_digest_of_other_bytes_is_refused() -> None:
    """A compact body with the digest of its own bytes is not what is signed."""
    body = json.dumps(SAID, separators=(",", ":")).encode()

    error = refusal(MESHAGENT, sent({"sha256": sha256(body).hexdigest()}, body))

    assert "another body" in error.detail


@pytest.mark.parametrize(
    "claim", [{"exp": AT + 1}, {"nbf": AT}, {"iat": AT}, {"exp": AT + 0.5}, {"aud": []}]
)
def test_a_token_within_its_times_is_verified(claim: dict[str, object]) -> None:
    """Both ends are honoured if they are there."""
    verify(MESHAGENT, sent({"sha256": DIGEST, **claim}), NOW)


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({}, "no claim sha256"),
        ({"sha256": 1}, "no claim sha256"),
        ({"sha256": "\ud800"}, "another body"),
        ({"sha256": DIGEST.upper()}, "another body"),
        ({"sha256": "0" * 64}, "another body"),
        ({"sha256": DIGEST, "aud": "somebody"}, "for others"),
        ({"sha256": DIGEST, "exp": AT}, "expired"),
        ({"sha256": DIGEST, "exp": AT - 1}, "expired"),
        ({"sha256": DIGEST, "nbf": AT + 1}, "not valid yet"),
        ({"sha256": DIGEST, "nbf": 10**400}, "not valid yet"),
        ({"sha256": DIGEST, "iat": AT + 1}, "not valid yet"),
    ],
)
def test_a_token_with_other_claims_is_refused(
    claims: dict[str, object], told: str
) -> None:
    """Each way of being wrong is said."""
    assert told in refusal(MESHAGENT, sent(claims)).detail


@pytest.mark.parametrize("exp", ["tomorrow", True, None, [1], float("nan"), 10**400])
def test_an_end_that_is_no_time_has_passed(exp: object) -> None:
    """What cannot be understood is not verified."""
    payload = json.dumps({"sha256": DIGEST, "exp": exp}).encode()
    token = jwt.api_jws.encode(payload, KEY, algorithm="HS256")

    assert "expired" in refusal(MESHAGENT, bearing(token)).detail


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode({"sha256": DIGEST}, KEY * 2, algorithm="HS256"),
        jwt.encode({"sha256": DIGEST}, KEY * 2, algorithm="HS512"),
        jwt.encode({"sha256": DIGEST}, "", algorithm="none"),
        jwt.api_jws.encode(b"[]", KEY, algorithm="HS256"),
        jwt.api_jws.encode(b"\xff", KEY, algorithm="HS256"),
        jwt.api_jws.encode(b"[" * 50_000, KEY, algorithm="HS256"),
        jwt.encode({"sha256": DIGEST}, KEY, "HS256", headers={"crit": ["b64"]}),
        jwt.encode({"sha256": DIGEST}, KEY, "HS256") + ".",
        "",
        "a.b",
        "a.b.c.d",
        "!.!.!",
        "é.é.é",
        f"{b64(b'[' * 30_000).rstrip('=')}.e30.AA",
        "a.a.a",
    ],
)
def test_what_is_no_token_of_ours_is_refused(token: str) -> None:
    """Other keys, other algorithms or none, extensions, no objects, no base64url."""
    refusal(MESHAGENT, bearing(token))


@pytest.mark.parametrize(
    "headers",
    [{}, {"meshagent-signature": ""}, {"meshagent-signature": "bearer a.b.c"}],
)
def test_a_request_without_a_token_is_refused(headers: dict[str, str]) -> None:
    """The header is needed, with its scheme."""
    assert "missing" in refusal(MESHAGENT, arrival(headers, BODY)).detail


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"[" * 50_000, b"1" * 5_000]
)
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    """Nothing can be written anew of it, so nothing can be verified."""
    assert "not JSON" in refusal(MESHAGENT, sent({"sha256": DIGEST}, body)).detail


def test_a_body_is_not_parsed_for_a_stranger() -> None:
    """Whoever signs with no secret of ours hears of the token, not of the body."""
    stranger = sent({"sha256": DIGEST}, b"{", key=KEY[::-1])

    assert "none of the source's secrets" in refusal(MESHAGENT, stranger).detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(said=JSON)
def test_whatever_the_sender_says_is_verified(said: object) -> None:
    """Any JSON, signed as the sender signs it."""
    body = json.dumps(said).encode()

    verify(MESHAGENT, sent({"sha256": sha256(body).hexdigest()}, body), NOW)
