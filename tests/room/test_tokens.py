"""Participant tokens, API keys and credentials."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from hypothesis import given, strategies as st

from gateway.room.errors import BadApiKey, BadToken
from gateway.room.tokens import (
    ApiKey,
    FixedToken,
    KeyCredentials,
    TokenClaims,
    TokenFile,
    mint,
    read_claims,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
ZERO = "00000000-0000-0000-0000-000000000000"
ZERO_KEY = "ma-AAAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA-secret"


def a_token(**claims: object) -> str:
    """A token with exactly these claims."""
    return jwt.encode(claims, "x" * 32, algorithm="HS256")


def test_the_example_key_is_two_zero_uuids() -> None:
    """Key id and project are UUIDs in a base64 of their own."""
    assert ApiKey.parse(ZERO_KEY) == ApiKey(ZERO, ZERO, "secret")


@given(st.uuids(), st.uuids(), st.text(min_size=1).filter(lambda s: s == s.strip()))
def test_a_key_written_can_be_read(
    key_id: object, project: object, secret: str
) -> None:
    """Any UUIDs and any secret, hyphens included, survive."""
    key = ApiKey(str(key_id), str(project), secret)

    assert ApiKey.parse(key.encode()) == key


@given(st.text())
def test_any_text_gives_a_key_or_a_named_error(text: str) -> None:
    """No text makes the parser raise anything else."""
    for candidate in (text, f"ma-{text}", f"ma-{'A' * 22}-{text}"):
        with contextlib.suppress(BadApiKey):
            ApiKey.parse(candidate)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ma-",
        "sk-AAAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA-secret",
        "ma-AAAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA-",
        "ma-AAAAAAAAAAAAAAAAAAAAAA-secret",
        "ma-AAAA-AAAA-secret",
        "ma-AAAAAAAAAAAAAAAAAAAA!!-AAAAAAAAAAAAAAAAAAAAAA-secret",
    ],
)
def test_a_key_of_another_form_is_refused_without_being_repeated(text: str) -> None:
    """The error's sentence has nothing of the key."""
    with pytest.raises(BadApiKey) as caught:
        ApiKey.parse(text)

    assert "AAAA" not in str(caught.value)


def test_a_key_does_not_show_its_secret() -> None:
    """A key may stand in a log line by accident."""
    assert "secret" not in repr(ApiKey.parse(ZERO_KEY)).replace("secret=", "")


def test_a_minted_token_may_join_one_room_and_exchange_messages_only() -> None:
    """Its claims are exactly these."""
    key = ApiKey.parse(ZERO_KEY)

    token = mint(key, room="demo", name="Zoé", role="agent", expires_at=NOON)

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    payload = token.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == {
        "name": "Zoé",
        "grants": [
            {"name": "role", "scope": "agent"},
            {"name": "room", "scope": "demo"},
            {"name": "api", "scope": {"messaging": {}}},
        ],
        "sub": ZERO,
        "kid": ZERO,
        "exp": int(NOON.timestamp()),
    }


def test_a_minted_token_is_signed_with_the_bytes_of_the_secret() -> None:
    """Whoever knows the secret can verify it."""
    key = ApiKey(ZERO, ZERO, "é" * 32)

    token = mint(
        key, room="r", name="n", role="user", expires_at=NOON + timedelta(days=36500)
    )

    claims = jwt.decode(token, "é".encode() * 32, algorithms=["HS256"])
    assert claims["name"] == "n"


def test_a_token_tells_name_role_room_and_end() -> None:
    """The end of validity is read, and not enforced."""
    token = a_token(
        name="me",
        grants=[
            {"name": "role", "scope": "user"},
            {"name": "role", "scope": "tool"},
            {"name": "room", "scope": "demo"},
            {"name": "api", "scope": {}},
        ],
        exp=0,
    )

    claims = read_claims(token)

    assert claims == TokenClaims("me", "tool", "demo", datetime(1970, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"grants": None, "name": 7, "exp": "soon"},
        {"grants": [None, {"scope": 1}], "exp": True},
        {"exp": 1e300},
    ],
)
def test_a_token_with_odd_claims_tells_what_it_can(claims: dict[str, object]) -> None:
    """Missing and odd claims are absent, the role is that of a user."""
    assert read_claims(a_token(**claims)) == TokenClaims(None, "user", None, None)


@given(
    st.text()
    | st.lists(st.binary(), min_size=3, max_size=3).map(
        lambda parts: b".".join(map(base64.urlsafe_b64encode, parts)).decode()
    )
)
def test_any_text_gives_claims_or_a_named_error(text: str) -> None:
    """No text makes the reader raise anything else."""
    with contextlib.suppress(BadToken):
        read_claims(text)


@pytest.mark.parametrize("text", ["", " a.b.c", "a.b.c\nHost: x", "nonsense"])
def test_no_token_is_named(text: str) -> None:
    """White space could start another header, so it is refused too."""
    with pytest.raises(BadToken):
        read_claims(text)


def test_a_fixed_token_is_always_the_same() -> None:
    """It cannot be renewed, and is not shown."""
    credentials = FixedToken("t.t.t")

    assert credentials.token("demo", now=NOON) == "t.t.t"
    assert not credentials.can_renew
    assert "t.t.t" not in repr(credentials)


def test_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    """Others may renew the token while we run."""
    path = tmp_path / "token"
    credentials = TokenFile(path)

    path.write_text("one\n")
    first = credentials.token("demo", now=NOON)
    path.write_text("two")
    second = credentials.token("demo", now=NOON)

    assert (first, second) == ("one", "two")


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff"])
def test_a_file_without_a_token_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty and binary files end in the same error."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(BadToken):
        TokenFile(path).token("demo", now=NOON)


def test_a_key_mints_a_short_lived_token_for_the_room() -> None:
    """Each attempt has a token that ends ten minutes later."""
    credentials = KeyCredentials(ApiKey.parse(ZERO_KEY), "gateway")

    claims = read_claims(credentials.token("demo", now=NOON))

    assert claims == TokenClaims(
        "gateway", "user", "demo", NOON + timedelta(minutes=10)
    )
    assert credentials.can_renew
