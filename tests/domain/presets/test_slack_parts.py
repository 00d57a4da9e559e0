"""The parts of a message to Slack, of those who post to Slack."""

import pytest
from hypothesis import given

from gateway.domain.presets.slack_blocks import joined
from gateway.domain.presets.slack_parts import parts_said
from tests.domain.arriving import json_values

HEADER = {"type": "header", "text": {"type": "plain_text", "text": "Web is down"}}
FIELDS = {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Time*\n12:00"}]}


def mrkdwn(text: str) -> dict[str, object]:
    """Return a section of text in Slack's markup."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def text_of(message: dict[str, object]) -> list[str]:
    """Return the lines of a message."""
    return joined(parts_said(message), "\n\n").text.splitlines()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"text": "a", "attachments": [{"text": "b"}]}, ["a", "", "b"]),
        (
            {
                "attachments": [
                    {
                        "fallback": "web #12 failed",
                        "color": "danger",
                        "text": "web #12 failed (<http://ci.example/12|Open>)",
                        "mrkdwn_in": ["text", "fields"],
                        "fields": [],
                    }
                ]
            },
            ["web #12 failed (Open (http://ci.example/12))"],
        ),
        (
            {
                "text": None,
                "attachments": [
                    {
                        "fallback": "Pipeline #1 failed",
                        "author_name": "Alice",
                        "title": "Pipeline #1 failed",
                        "title_link": "https://g.example/1",
                        "fields": [
                            {"title": "Branch", "value": "<https://g.example|main>"},
                            {"title": "Jobs:", "value": 7},
                            {"title": "Manual", "value": False},
                            {"title": "Tag", "value": None},
                            {"title": "", "value": "`x` &lt;y&gt;"},
                        ],
                        "footer": "Project",
                        "ts": 1700000000,
                    }
                ],
            },
            [
                "Alice",
                "Pipeline #1 failed (https://g.example/1)",
                "Branch: main (https://g.example)",
                "Jobs: 7",
                "Manual: no",
                "Tag",
                "`x` <y>",
                "Project",
            ],
        ),
        (
            {
                "username": "Grafana",
                "attachments": [
                    {
                        "title": "[FIRING:1] CPU high (web-1)",
                        "title_link": "https://grafana.example/alerting",
                        "text": "**Firing**\n\nValue: B=92\nLabels:\n - host = web_1\n",
                        "fallback": "[FIRING:1] CPU high (web-1)",
                        "footer": "Grafana v10",
                        "mrkdwn_in": ["pretext"],
                    }
                ],
            },
            [
                "[FIRING:1] CPU high (web-1) (https://grafana.example/alerting)",
                *("**Firing**", "", "Value: B=92", "Labels:", " - host = web_1", ""),
                "Grafana v10",
            ],
        ),
        (
            {
                "attachments": [
                    {
                        "color": "#E03E2F",
                        "fallback": "[web] TypeError",
                        "blocks": [
                            mrkdwn(
                                ":red_circle: <https://s.example/?a=1&amp;b=2|*Type*>\n"
                                "```x is &lt;undefined&gt;```"
                            ),
                            mrkdwn("environment: `prod`"),
                            {"type": "actions", "elements": [{"type": "button"}]},
                        ],
                    }
                ]
            },
            [
                "🔴 *Type* (https://s.example/?a=1&b=2)",
                "```x is <undefined>```",
                "environment: `prod`",
            ],
        ),
        ({"attachments": [{"fallback": "only *this*"}]}, ["only *this*"]),
        (
            {"attachments": [{"blocks": [HEADER, FIELDS]}]},
            ["Web is down", "*Time*", "12:00"],
        ),
        (
            {"text": "Web is down", "attachments": [{"blocks": [HEADER, FIELDS]}]},
            ["Web is down", "*Time*", "12:00"],
        ),
        (
            {"text": "done ", "attachments": [{"fallback": "done", "color": "good"}]},
            ["done"],
        ),
        (
            {"text": "done", "attachments": [{"text": "done well"}]},
            ["done", "", "done well"],
        ),
        (
            {"text": "done", "attachments": [{"text": "a"}, {"text": "done"}]},
            ["done", "", "a", "", "done"],
        ),
    ],
)
def test_a_message_is_told_once(
    message: dict[str, object], expected: list[str]
) -> None:
    """As Jenkins, GitLab, Grafana, Sentry and Uptime Kuma post it."""
    assert text_of(message) == expected


@given(json_values("text", "blocks", "attachments", "fields", "title", "value", "type"))
def test_any_message_has_parts(value: object) -> None:
    """Or none; nothing that strangers send raises."""
    message = {"text": value, "blocks": value, "attachments": [value]}

    assert all(
        (part.text + part.markdown).encode() is not None for part in parts_said(message)
    )
