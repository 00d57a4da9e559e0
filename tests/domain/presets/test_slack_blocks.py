"""Slack's blocks in plain text and in Markdown."""

import pytest
from hypothesis import given

from gateway.domain.presets.slack_blocks import (
    MAX_BLOCKS,
    blocks_said,
    joined,
    text_said,
)
from gateway.domain.presets.slack_marks import Said
from tests.domain.arriving import json_values

URL = "https://x.example/1"


def rich(kind: str, *leaves: object, **more: object) -> dict[str, object]:
    """Return a block of rich text with one part."""
    part = {"type": kind, "elements": list(leaves), **more}
    return {"type": "rich_text", "elements": [part]}


def words(text: str, **style: bool) -> dict[str, object]:
    """Return a leaf of rich text."""
    return {"type": "text", "text": text, "style": style}


def plain(text: str) -> dict[str, object]:
    """Return a text object without markup."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, object]:
    """Return a text object with markup."""
    return {"type": "mrkdwn", "text": text}


ITEMS = [
    {"type": "rich_text_section", "elements": [words("one")]},
    {"type": "rich_text_section", "elements": [words("two")]},
]


@pytest.mark.parametrize(
    ("block", "text", "markdown"),
    [
        ({"type": "header", "text": plain("A *b*")}, "A *b*", "### A \\*b\\*"),
        ({"type": "section", "text": mrkdwn("*a*")}, "*a*", "**a**"),
        (
            {"type": "section", "fields": [mrkdwn("*a*\n1"), plain("b")]},
            "*a*\n1\nb",
            "**a**\n1\nb",
        ),
        (
            {
                "type": "section",
                "text": plain("a"),
                "accessory": {"type": "button", "text": plain("Go"), "url": URL},
            },
            f"a\nGo ({URL})",
            f"a\n[Go]({URL})",
        ),
        (
            {
                "type": "context",
                "elements": [mrkdwn("a"), {"type": "image", "alt_text": "cat"}],
            },
            "a cat",
            "a cat",
        ),
        (
            {"type": "actions", "elements": [{"type": "button", "text": plain("No")}]},
            None,
            None,
        ),
        ({"type": "divider"}, "---", "---"),
        (
            {"type": "image", "image_url": URL, "alt_text": "cat"},
            f"cat ({URL})",
            f"[cat]({URL})",
        ),
        (
            {"type": "video", "title": plain("v"), "title_url": URL},
            f"v ({URL})",
            f"[v]({URL})",
        ),
        ({"type": "markdown", "text": "**a**"}, "**a**", "**a**"),
        (
            {
                "type": "table",
                "rows": [
                    [
                        {"type": "raw_text", "text": "a"},
                        {"type": "raw_text", "text": "b"},
                    ],
                    [rich("rich_text_section", words("c"))],
                ],
            },
            "a | b\nc",
            "a | b\nc",
        ),
        (
            rich(
                "rich_text_section",
                words("a "),
                words("b ", bold=True, italic=True),
                words("c`", code=True),
                words("d", code=True, bold=True),
            ),
            "a b c`d",
            "a **_b_** c\\``d`",
        ),
        (
            rich(
                "rich_text_section",
                {"type": "link", "url": URL, "text": "l"},
                {"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fb"},
                {"type": "emoji", "name": "own"},
                {"type": "emoji", "name": "odd", "unicode": "d800"},
                {"type": "user", "user_id": "U1"},
                {"type": "channel", "channel_id": "C1"},
                {"type": "broadcast", "range": "here"},
                {"type": "date", "timestamp": 1, "fallback": "then"},
            ),
            f"l ({URL})👋🏻:own::odd:@U1#C1@herethen",
            None,
        ),
        (
            rich("rich_text_list", *ITEMS, style="ordered", offset=2, indent=1),
            "    3. one\n    4. two",
            "    3. one\n    4. two",
        ),
        (rich("rich_text_list", *ITEMS, style="bullet"), "- one\n- two", None),
        (rich("rich_text_quote", words("a\nb")), "> a\n> b", "> a\n> b"),
        (rich("rich_text_preformatted", words("a*")), "a*", "```\na*\n```"),
        ({"type": "brand_new", "text": mrkdwn("still *read*")}, "still *read*", None),
        ({"type": ["odd"]}, None, None),
    ],
)
def test_a_block_is_told(block: object, text: str | None, markdown: str | None) -> None:
    """What is for reading is told; what is for pressing is left out."""
    said = list(blocks_said([block]))

    assert [one.text for one in said] == ([] if text is None else [text])
    if markdown is not None:
        assert said[0].markdown == markdown


def test_blocks_end_somewhere() -> None:
    """No more are told than Slack takes."""
    assert len(list(blocks_said([{"type": "divider"}] * 60))) == MAX_BLOCKS


def test_text_may_be_bare() -> None:
    """Text objects of the old kind were text alone, in markup."""
    assert text_said("*a*") == Said("*a*", "**a**")
    assert text_said(None) == Said()


def test_what_says_nothing_leaves_no_gap() -> None:
    """Empty parts are not joined."""
    assert joined([Said("a", "b"), Said(), Said("c", "d")], "-") == Said("a-c", "b-d")


@given(
    json_values(
        *("type", "text", "elements", "fields", "url", "style", "rows", "unicode"),
        *("accessory", "user_id", "offset", "indent"),
    )
)
def test_any_block_is_told_or_left_out(value: object) -> None:
    """Nothing that strangers send raises, and what is told can be written."""
    kinds = (
        *("header", "section", "context", "image", "video", "table", "markdown"),
        *("rich_text", "rich_text_list", "emoji"),
    )
    named = value if isinstance(value, dict) else {"elements": value, "rows": value}
    for kind in kinds:
        inner = rich(kind, {**named, "type": kind})
        for one in blocks_said([value, {**named, "type": kind}, inner]):
            assert (one.text + one.markdown).encode()
