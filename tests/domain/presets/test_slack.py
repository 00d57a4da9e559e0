"""What is posted to Slack, read as Slack would show it."""

import pytest
from hypothesis import given

from gateway.domain.errors import Invalid
from gateway.domain.presets import slack
from gateway.domain.presets.slack_blocks import MAX_TEXT
from gateway.domain.presets.slack_marks import Said
from gateway.domain.presets.slack_words import word_of
from tests.domain.arriving import json_values

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*shown*"}}


@pytest.mark.parametrize(
    ("payload", "text", "markdown"),
    [
        ({"text": "*a* &amp; b"}, "*a* & b", "**a** &amp; b"),
        ({"text": 5}, "5", "5"),
        ({"text": "*a*", "mrkdwn": False}, "*a*", "\\*a\\*"),
        ({"text": "for others", "blocks": [SECTION]}, "*shown*", "**shown**"),
        ({"text": "a", "blocks": []}, "a", "a"),
        ({"text": "a", "blocks": [{"type": "divider"}]}, "a", "a"),
        (
            {"text": "a", "attachments": [{"text": "b"}, {"fallback": "c"}]},
            "a\n\nb\n\nc",
            "a\n\nb\n\nc",
        ),
        ({"attachments": [{"blocks": [SECTION]}]}, "*shown*", "**shown**"),
    ],
)
def test_a_message_is_told_as_slack_shows_it(
    payload: dict[str, object], text: str, markdown: str
) -> None:
    """Blocks instead of the text that stands in for them, then attachments."""
    slack.check(payload)
    assert slack.said(payload) == Said(text, markdown)


def test_an_attachment_is_told_whole() -> None:
    """In the order in which Slack shows its parts."""
    attachment = {
        "fallback": "not told",
        "pretext": "New ticket",
        "author_name": "bob",
        "title": "Broken <thing>",
        "title_link": "https://x.example/1",
        "text": "It *broke*.",
        "fields": [{"title": "Priority", "value": "High", "short": True}],
        "actions": [{"type": "button", "text": "Open", "url": "https://x.example/2"}],
        "image_url": "https://x.example/i.png",
        "footer": "tracker",
    }

    assert slack.said({"attachments": [attachment]}).text.splitlines() == [
        "New ticket",
        "bob",
        "Broken <thing> (https://x.example/1)",
        "It *broke*.",
        "Priority: High",
        "https://x.example/i.png",
        "Open (https://x.example/2)",
        "tracker",
    ]


def test_a_line_ends_in_markdown_where_it_ends_in_slack() -> None:
    """But not within code, and not twice."""
    said = slack.said({"text": "a\nb\n\nc ```d\ne\n\nf``` g\nh"})

    assert said.markdown == "a  \nb\n\nc \n```\nd\ne\n\nf\n```\n g  \nh"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            {
                "type": "event_callback",
                "event": {"type": "message", "user": "U1", "text": "hey <@U2>"},
            },
            "U1: hey @U2",
        ),
        ({"command": "/deploy", "user_name": "alice"}, "alice: /deploy"),
    ],
)
def test_what_slack_itself_tells_is_told(
    payload: dict[str, object], expected: str
) -> None:
    """With whom it is from; there is nothing in it that would be refused."""
    slack.check(payload)
    assert slack.said(payload).text == expected


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ([], "invalid_payload"),
        ("hi", "invalid_payload"),
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"text": " \n"}, "no_text"),
        ({"text": None, "attachments": [{}]}, "no_text"),
        ({"text": {"a": 1}}, "invalid_payload"),
        ({"text": "a", "blocks": "b"}, "invalid_blocks"),
        ({"text": "a", "blocks": ["b"]}, "invalid_blocks"),
        ({"text": "a", "blocks": [SECTION] * 51}, "invalid_blocks"),
        ({"text": "a", "attachments": {"text": "b"}}, "invalid_payload"),
        ({"text": "a", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"type": "message"}, "no_text"),
    ],
)
def test_what_slack_would_refuse_is_refused(payload: object, word: str) -> None:
    """In the same words."""
    with pytest.raises(Invalid) as caught:
        slack.check(payload)

    assert word_of(caught.value) == (400, word)


def test_the_facts_say_who_and_where() -> None:
    """As far as they are known."""
    event = {"type": "app_mention", "user": "U1", "channel": "C1", "text": "hi"}

    assert slack.facts({"username": "ci", "text": "hi"}) == {"username": "ci"}
    assert slack.facts({"type": "event_callback", "event": event}) == {
        "event": "app_mention",
        "user": "U1",
        "channel": "C1",
    }


def test_a_long_text_is_cut() -> None:
    """Where Slack cuts it."""
    said = slack.said({"text": "<" * 100_000, "attachments": [{"text": "x" * 50_000}]})

    assert len(said.text) <= MAX_TEXT
    assert len(said.markdown) <= MAX_TEXT
    assert said.text.endswith("…")


@given(
    json_values(
        *("text", "blocks", "attachments", "fields", "title", "value", "type"),
        *("event", "user", "command", "title_link", "actions"),
    )
)
def test_any_payload_is_told_or_refused(payload: object) -> None:
    """Nothing that strangers send raises anything else."""
    assert slack.said(payload).text.encode() is not None
    assert isinstance(slack.facts(payload), dict)
    try:
        slack.check(payload)
    except Invalid:
        return

    assert slack.said(payload).text
