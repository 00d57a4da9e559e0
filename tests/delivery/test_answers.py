"""A reply is found in an answer, or it is said why there is none to send."""

import pytest
from hypothesis import given, strategies as st

from gateway.delivery.answers import ANSWER_BYTES, Skipped, reply_in
from tests.fakes.sender import an_outcome

INVALID = Skipped("invalid")
TOO_LARGE = Skipped("too_large")


@pytest.mark.parametrize("content_type", ["", "application/json; charset=utf-8"])
def test_a_reply_is_found(content_type: str) -> None:
    """An object with an object `reply` is one, also if nothing says that it is JSON."""
    outcome = an_outcome(
        200, body=b'{"reply":{"text":"hi"},"more":1}', content_type=content_type
    )

    assert reply_in(outcome) == {"text": "hi"}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b""),
        ("application/json", b"  \n"),
        ("text/html", b'{"reply":{"text":"hi"}}'),
        ("", b"ok"),
        ("", b"<html>" + bytes(ANSWER_BYTES)),
        ("application/json", b"null"),
        ("application/json", b'["reply"]'),
        ("application/json", b'{"ok":true}'),
        ("application/json", b'{"reply":null}'),
    ],
)
def test_most_answers_have_none(content_type: str, body: bytes) -> None:
    """What is not JSON, or has no `reply`, is an answer like any other."""
    assert reply_in(an_outcome(200, body=body, content_type=content_type)) is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"reply":"hi"}', INVALID),
        (b'{"reply":[]}', INVALID),
        (b'{"reply":{"text":NaN}}', INVALID),
        (b'{"reply":{"text":"hi"', INVALID),
        (b"\xff\xfe", INVALID),
        (b"[" * (ANSWER_BYTES - 1), INVALID),
        (b'{"reply":{"text":"' + b"x" * ANSWER_BYTES, TOO_LARGE),
    ],
)
def test_what_cannot_be_sent_says_why(body: bytes, why: Skipped) -> None:
    """A reply of another kind, broken JSON, and an answer that went on."""
    outcome = an_outcome(200, body=body, content_type="application/vnd.x+json")

    assert reply_in(outcome) == why


@given(st.binary(max_size=200), st.sampled_from(["", "application/json", "a/b", ";"]))
def test_any_answer_can_be_read(body: bytes, content_type: str) -> None:
    """Whatever a stranger answers, nothing is raised."""
    found = reply_in(an_outcome(200, body=body, content_type=content_type))

    assert found is None or isinstance(found, dict | Skipped)
