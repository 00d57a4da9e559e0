"""What all notices of GitHub have in common."""

import pytest

from gateway.domain.presets import github_notice
from gateway.domain.presets.github_notice import Notice, Told
from tests.vectors.github.events import NOTHING, SHA


@pytest.mark.parametrize(
    ("payload", "who", "where"),
    [
        ({}, "", ""),
        ({"sender": {"login": "alice"}}, "alice", ""),
        ({"pusher": {"name": "robot"}}, "robot", ""),
        ({"organization": {"login": "acme"}}, "", "acme"),
        ({"installation": {"account": {"login": "acme"}}}, "", "acme"),
        ({"enterprise": {"slug": "big"}}, "", "big"),
        (
            {"repository": {"full_name": "a/b"}, "organization": {"login": "a"}},
            "",
            "a/b",
        ),
        ({"sender": "alice", "repository": ["a/b"]}, "", ""),
    ],
)
def test_a_notice_knows_who_and_where(
    payload: dict[str, object], who: str, where: str
) -> None:
    """The nearest that there is."""
    notice = Notice("x", payload)

    assert (notice.who, notice.where) == (who, where)
    assert notice.anybody == (who or "somebody")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("One.\nTwo.", "One."),
        ("\r\n\r\nOne.\r\n", "One."),
        ("<!-- hidden\nlines -->\nOne.", "One."),
        ("<!-- never closed\nOne.", ""),
        ("> quoted\n\nOne.", "One."),
        ("## Heading\n\nOne.", "One."),
        ("## Heading\n", "Heading"),
        ("#6 is fixed", "#6 is fixed"),
        ("---\n***\n```python\nx = 1\n```", "x = 1"),
        ("x" * 300, "x" * 199 + "…"),
        ("![Logo](https://x.example/logo.png)\nOne.", "One."),
        ("[![CI](https://x.example/ci.svg)](https://x.example/ci)\nOne.", "One."),
        ("- [x] One.", "One."),
        ("* One.", "One."),
        ("1. One.", "One."),
        ("Bumps [a/b](https://x.example/b) to 2.", "Bumps a/b to 2."),
        ('<p align="center"><b>One.</b></p>', "One."),
        ("Vec<String> and a[0](1 + 2)", "Vec<String> and a[0](1 + 2)"),
        ("", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_an_excerpt_is_the_first_line_that_somebody_wrote(
    body: object, expected: str
) -> None:
    """Not what a form or another person put there."""
    assert github_notice.excerpt(body) == (expected and f"> {expected}")


def test_an_excerpt_of_much_is_found_quickly() -> None:
    """Only the beginning is looked at, and that once."""
    assert github_notice.excerpt("<!--" * 1_000_000) == ""
    assert github_notice.excerpt("\n" * 1_000_000 + "late") == ""


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", ""),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:59.5Z", "59 s"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:01:00+00:00", "1 min"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:03:20Z", "3 min 20 s"),
        ("2026-03-01T12:00:00Z", "2026-03-01T14:00:20Z", "2 h"),
        ("2026-03-01T12:00:00Z", "2026-03-01T14:05:00Z", "2 h 5 min"),
        ("2026-03-01T12:00:00Z", "2026-03-04T12:00:00Z", "3 days"),
        ("2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z", ""),
        ("2026-02-30T12:00:00Z", "2026-03-01T11:00:00Z", ""),
        ("2026-03-01", "2026-03-02", ""),
        (None, 5, ""),
    ],
)
def test_a_time_is_told_as_people_tell_it(
    start: object, end: object, expected: str
) -> None:
    """Two units at most; "" for what is no time."""
    assert github_notice.took(start, end) == expected


@pytest.mark.parametrize(
    ("sha", "short", "is_nothing"),
    [
        (SHA, "6dcb09b", False),
        (NOTHING, "0000000", True),
        ("6dcb09", "", False),
        ("not a commit", "", False),
        ("", "", False),
        (None, "", False),
    ],
)
def test_a_commit_has_a_short_name(
    sha: object, short: str, *, is_nothing: bool
) -> None:
    """As Git shortens it; all zeros stand for none."""
    assert github_notice.short(sha) == short
    assert github_notice.is_nothing(sha) is is_nothing


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("refs/heads/a/b", "a/b"),
        ("refs/tags/v1", "v1"),
        ("refs/pull/1/merge", "pull request #1"),
        (f"gh-readonly-queue/main/pr-9-{SHA}", "the merge queue of main for #9"),
        ("main", "main"),
        (None, ""),
    ],
)
def test_a_branch_has_its_own_name(ref: object, expected: str) -> None:
    """Without the folders that Git has for it."""
    assert github_notice.branch(ref) == expected


def test_text_is_bounded_above_its_address() -> None:
    """The address is whole, or it is not there."""
    told = Told("x" * 100, ("y" * 100, ""), "https://x.example/")

    assert github_notice.bounded(told, 50) == "x" * 30 + "…\n" + told.url
    assert github_notice.bounded(told, 20) == "x" * 18 + "…"


def test_what_repeats_the_title_is_left_out() -> None:
    """Many write nothing else under it."""
    told = Told('alice opened issue #1 "It falls"', ("It falls", "Often"))

    assert github_notice.bounded(told, 100).split("\n") == [told.line, "Often"]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"action": "labeled", "label": {"name": "{thing}"}}, "somebody: x {thing}"),
        ({"action": "labeled"}, None),
        ({"action": "juggled"}, None),
    ],
)
def test_a_form_is_filled_once(
    payload: dict[str, object], expected: str | None
) -> None:
    """What is put in is not read as a form itself."""
    acts = {"labeled": "{thing} {other}"}

    line = github_notice.acted(Notice("issues", payload), acts, "x")

    assert line == (expected and expected.replace(":", "", 1))
