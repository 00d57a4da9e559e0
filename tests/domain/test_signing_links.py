"""Links that let anybody do one thing, and nothing else."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from gateway.domain import signing
from gateway.domain.errors import LinkInvalid

NOW = datetime.fromtimestamp(1614265330, UTC)
KEY = b"k" * 32
PATH = "/messages/msg_1/attachment"


def test_a_link_is_valid_to_its_last_second() -> None:
    """A signed link works for its path until it expires."""
    query = signing.sign_link(KEY, PATH, NOW)

    signing.verify_link(KEY, PATH, query, now=NOW)


def test_a_link_is_too_old_a_second_later() -> None:
    """After its last second a link is refused."""
    query = signing.sign_link(KEY, PATH, NOW)

    with pytest.raises(LinkInvalid, match="too old"):
        signing.verify_link(KEY, PATH, query, now=NOW + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("key", "path", "expires_at"),
    [
        (b"x" * 32, PATH, NOW),
        (KEY, PATH + "/", NOW),
        (KEY, PATH, NOW + timedelta(seconds=1)),
    ],
)
def test_a_link_is_good_for_nothing_else(
    key: bytes, path: str, expires_at: datetime
) -> None:
    """Another key, path or moment makes another signature."""
    _, signature = signing.sign_link(KEY, PATH, NOW).split("&")
    expires, _ = signing.sign_link(key, path, expires_at).split("&")

    with pytest.raises(LinkInvalid, match="wrong"):
        signing.verify_link(key, path, f"{expires}&{signature}", now=NOW)


@given(st.text(st.characters(codec=None)) | st.just("expires=1&signature=%ff"))
def test_no_query_makes_link_checking_fail_otherwise(query: str) -> None:
    """Any query that was not signed is refused as such."""
    with pytest.raises(LinkInvalid):
        signing.verify_link(KEY, PATH, query, now=NOW)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "expires=99999999999",
        "signature=x",
        "expires=soon&signature=x",
        "expires=²&signature=x",
    ],
)
def test_a_link_without_its_parts_is_not_signed(query: str) -> None:
    """Both members have to be there, once each, and to be read."""
    with pytest.raises(LinkInvalid, match="not signed"):
        signing.verify_link(KEY, PATH, query, now=NOW)


def test_a_doubled_member_is_not_signed() -> None:
    """A link with a member twice is refused, whichever might be meant."""
    query = signing.sign_link(KEY, PATH, NOW)

    with pytest.raises(LinkInvalid, match="not signed"):
        signing.verify_link(KEY, PATH, f"{query}&expires=1", now=NOW)


def test_a_link_is_not_a_webhook_signature() -> None:
    """The same key signs links apart from everything else it might sign."""
    expires, signature = signing.sign_link(KEY, PATH, NOW).split("&")
    plain = hmac.new(KEY, f"{PATH}{expires}".encode(), hashlib.sha256).hexdigest()

    assert plain not in signature


def test_a_reply_link_is_valid_to_its_last_second() -> None:
    """It tells what the reply uses up."""
    query = signing.sign_reply_link(KEY, PATH, "dlv_1", NOW)

    nonce = signing.verify_reply_link(KEY, PATH, f"wait=0&{query}", now=NOW)

    assert nonce == "dlv_1"


def test_a_reply_link_is_too_old_a_second_later() -> None:
    """After its last second it is refused."""
    query = signing.sign_reply_link(KEY, PATH, "dlv_1", NOW)

    with pytest.raises(LinkInvalid, match="too old"):
        signing.verify_reply_link(KEY, PATH, query, now=NOW + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("key", "path", "nonce", "expires_at"),
    [
        (b"x" * 32, PATH, "dlv_1", NOW),
        (KEY, PATH + "/", "dlv_1", NOW),
        (KEY, PATH, "dlv_2", NOW),
        (KEY, PATH, "dlv_1", NOW + timedelta(seconds=1)),
    ],
)
def test_a_reply_link_is_good_for_nothing_else(
    key: bytes, path: str, nonce: str, expires_at: datetime
) -> None:
    """Another key, path, nonce or moment makes another signature."""
    *_, signature = signing.sign_reply_link(KEY, PATH, "dlv_1", NOW).split("&")
    other = signing.sign_reply_link(key, path, nonce, expires_at).split("&")
    query = "&".join([*other[:-1], signature])

    with pytest.raises(LinkInvalid, match="wrong"):
        signing.verify_reply_link(key, path, query, now=NOW)


def test_a_link_for_reading_is_none_for_replying() -> None:
    """Nor the other way round, though path, key and moment are the same."""
    reading = signing.sign_link(KEY, PATH, NOW)
    replying = signing.sign_reply_link(KEY, PATH, "dlv_1", NOW)

    with pytest.raises(LinkInvalid):
        signing.verify_reply_link(KEY, PATH, f"nonce=dlv_1&{reading}", now=NOW)
    with pytest.raises(LinkInvalid):
        signing.verify_link(KEY, PATH, replying, now=NOW)


@given(
    st.text(st.characters(codec=None))
    | st.sampled_from(
        [
            "nonce=dlv_1&expires=1&signature=%ff",
            "nonce=%00&expires=1&signature=x",
            "nonce=dlv_1&nonce=dlv_1&expires=1&signature=x",
            "nonce=dlv_1&expires=soon&signature=x",
            "nonce=dlv_1&expires=1",
        ]
    )
)
def test_no_query_makes_reply_link_checking_fail_otherwise(query: str) -> None:
    """Any query that was not signed is refused as such."""
    with pytest.raises(LinkInvalid):
        signing.verify_reply_link(KEY, PATH, query, now=NOW)
