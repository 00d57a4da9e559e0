"""What the commands say of a problem, and of an error of the system."""

import errno
import os

import pytest

from gateway.cli.explaining import explanation, reason

PROBLEM = {
    "title": "Invalid request",
    "detail": "/url: It is needed. (1 more)",
    "errors": [
        {"pointer": "/url", "detail": "It is needed."},
        {"pointer": "/events/0", "detail": "'nothing' is no event."},
    ],
    "request_id": "req_1",
}


@pytest.mark.parametrize(
    ("status", "retry_after", "told"),
    [
        (401, None, "Set GATEWAY_API_KEY"),
        (503, "7", "Try again in 7 s."),
        (503, "Sat, 31 Jan 2026 12:00:00 GMT", "at Sat, 31 Jan 2026 12:00:00 GMT."),
        (500, None, "In its log this is request req_1."),
    ],
)
def test_a_problem_says_what_to_do(
    status: int, retry_after: str | None, told: str
) -> None:
    """As far as its status and its headers tell."""
    assert told in explanation(status, PROBLEM, retry_after)


@pytest.mark.parametrize("errors", [None, 1, [1], {}])
def test_a_problem_of_another_shape_is_told_as_far_as_it_goes(errors: object) -> None:
    """It may come from a gateway of another age."""
    assert explanation(422, {"title": "Bad", "errors": errors}, None) == "Bad: 422"


def test_what_is_wrong_in_one_place_is_said_once() -> None:
    """The detail says it already, with more besides."""
    problem = {
        "title": "Recipient not found",
        "detail": "nobody here is 'alcie'; present: alice",
        "errors": [{"pointer": "/to", "detail": "nobody here is 'alcie'"}],
    }

    assert "/to" not in explanation(404, problem, None)


def test_several_of_one_name_are_shown_to_choose_from() -> None:
    """With the id that tells them apart."""
    problem = {
        "title": "Recipient ambiguous",
        "detail": "several participants fit 'alice'",
        "candidates": [{"id": "p-1", "name": "alice", "role": "user"}, 7],
    }

    assert explanation(409, problem, None).split("\n") == [
        "Recipient ambiguous: several participants fit 'alice'",
        "  alice  user  p-1",
    ]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TimeoutError("x"), "the time is up"),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), "No such file or directory"),
        (ValueError("odd"), "odd"),
        (ValueError(), "ValueError"),
    ],
)
def test_a_reason_is_in_the_systems_words(error: Exception, told: str) -> None:
    """Or it is the kind of error, if that is all there is."""
    assert reason(error) == told
