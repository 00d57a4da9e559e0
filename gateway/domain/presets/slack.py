"""What is posted to a Slack incoming webhook, or told by Slack itself."""

import re
from collections.abc import Mapping
from typing import Final

from gateway.domain.presets import slack_words
from gateway.domain.presets.reading import (
    a_line,
    an_array,
    an_object,
    cut,
    first_line,
    without_nothing,
)
from gateway.domain.presets.slack_blocks import MAX_BLOCKS, MAX_TEXT, joined
from gateway.domain.presets.slack_events import GAP, event_said, is_event
from gateway.domain.presets.slack_marks import Said
from gateway.domain.presets.slack_parts import MAX_ATTACHMENTS, parts_said

_FENCED: Final = re.compile(r"(```.*?```)", re.DOTALL)
_BREAK: Final = re.compile(r"(?<=\S)\n(?=[^\n])")


def check(payload: object) -> None:
    """Refuse what Slack would refuse.

    Raises:
        Invalid: It has the word of the refusal; see `slack_words`.
    """
    if not isinstance(payload, dict):
        word = "invalid_payload"
        raise slack_words.refusal(word)
    if is_event(payload):
        return
    word = _fault(payload)
    if not word and not any(part.text.strip() for part in parts_said(payload)):
        word = "no_text"
    if word:
        raise slack_words.refusal(word)


def said(payload: object) -> Said:
    """Return what a payload says, at most `MAX_TEXT` characters of either kind.

    What Slack's Events API and its slash commands tell is said by whom it is from. A
    line ends in Markdown where it ends in Slack.
    """
    message = an_object(payload)
    if is_event(message):
        whole = event_said(message)
    else:
        whole = joined(parts_said(message), GAP)
    markdown = _broken(whole.markdown.strip())
    return Said(cut(whole.text.strip(), MAX_TEXT), cut(markdown, MAX_TEXT))


def facts(payload: object) -> dict[str, object]:
    """Return who says it, where, and what kind of event it is."""
    message = an_object(payload)
    event = an_object(message.get("event"))
    return without_nothing(
        {
            "username": first_line(message.get("username"), message.get("user_name")),
            "event": a_line(event.get("type")),
            "command": a_line(message.get("command")),
            "user": first_line(event.get("user"), message.get("user_id")),
            "channel": first_line(event.get("channel"), message.get("channel_id")),
        }
    )


def _fault(payload: Mapping[str, object]) -> str:
    text, blocks = payload.get("text"), payload.get("blocks")
    attachments = payload.get("attachments")
    if not isinstance(text, str | int | float | None):
        return "invalid_payload"
    if not _is_list(attachments):
        return "invalid_payload"
    if not _is_list(blocks) or len(an_array(blocks)) > MAX_BLOCKS:
        return "invalid_blocks"
    is_much = len(an_array(attachments)) > MAX_ATTACHMENTS
    return "too_many_attachments" if is_much else ""


def _is_list(value: object) -> bool:
    return value is None or (
        isinstance(value, list) and all(isinstance(one, dict) for one in value)
    )


def _broken(markdown: str) -> str:
    """Return Markdown with two spaces where lines end that belong together."""
    return "".join(
        piece if place % 2 else _BREAK.sub("  \n", piece)
        for place, piece in enumerate(_FENCED.split(markdown))
    )
