"""What a caller asks for beside the message."""

import pytest
from starlette.requests import Request

from gateway.api.asked import Asked, asked_of, preference
from gateway.domain.errors import Invalid


def asked(query: str, prefer: str | None = None) -> Asked:
    """Return what a request with that query and `Prefer` asks for."""
    given = [] if prefer is None else [(b"prefer", prefer.encode())]
    scope = {"type": "http", "headers": given, "query_string": query.encode()}
    return asked_of(Request(scope), dict(given), frozenset({"nonce"}))


def test_who_asks_for_nothing_is_answered_as_makes_sense() -> None:
    """There is no wait but the usual, and no rehearsal."""
    assert asked("") == Asked(None, is_rehearsal=False, applied={})


def test_the_query_goes_before_the_preference() -> None:
    """And then no preference was kept to."""
    both = asked("wait=3", "wait=9")

    assert (both.wait_s, both.applied) == (3, {})


def test_what_was_signed_may_be_in_the_query() -> None:
    """It is read elsewhere."""
    assert asked("nonce=dlv_1&dry_run=1").is_rehearsal


@pytest.mark.parametrize("query", ["wait=31", "wait=x", "dry_run=perhaps", "wiat=1"])
def test_what_cannot_be_asked_is_pointed_at(query: str) -> None:
    """The refusal names the parameter."""
    with pytest.raises(Invalid) as refused:
        asked(query)

    assert refused.value.errors[0].pointer == f"?{query.partition('=')[0]}"


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=5", 5),
        ('WAIT = "5"', 5),
        ("wait=5; foo=bar", 5),
        ("return=minimal,wait=5", 5),
        ("wait=99999999999", None),
        ("await=5", None),
        ("", None),
    ],
)
def test_a_preference_is_read_as_its_rfc_says(prefer: str, seconds: int | None) -> None:
    """What cannot be understood is ignored, as RFC 7240 asks."""
    found = preference(prefer)

    assert found == seconds
