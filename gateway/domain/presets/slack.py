"""What is posted to a Slack incoming webhook, or told by Slack's Events API."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from gateway.domain.presets import slack_words
from gateway.domain.presets.reading import (
    a_line,
    an_array,
    an_object,
    at,
    cut,
    first_line,
    without_nothing,
)
from gateway.domain.presets.slack_blocks import (
    MAX_BLOCKS,
    MAX_TEXT,
    RULE,
    blocks_said,
    enough,
    joined,
    text_said,
)
from gateway.domain.presets.slack_marks import Said, link, literal, marked

MAX_ATTACHMENTS: Final = 100

_GAP: Final = "\n\n"  # Between parts.
_EVENTS: Final = frozenset({"event_callback", "url_verification", "app_rate_limited"})


def check(payload: object) -> None:
    """Refuse what Slack would refuse.

    Raises:
        Invalid: It has the word of the refusal; see `slack_words`.
    """
    if not isinstance(payload, dict):
        word = "invalid_payload"
        raise slack_words.refusal(word)
    if _is_event(payload):
        return
    word = _fault(payload)
    if not word and not any(part.text.strip() for part in _parts(payload)):
        word = "no_text"
    if word:
        raise slack_words.refusal(word)


def said(payload: object) -> Said:
    """Return what a payload says, at most `MAX_TEXT` characters of either kind.

    What Slack's Events API and its slash commands tell is said by whom it is from.
    """
    message = an_object(payload)
    whole = _event(message) if _is_event(message) else joined(_parts(message), _GAP)
    text, markdown = whole.text.strip(), whole.markdown.strip()
    return Said(cut(text, MAX_TEXT), cut(markdown, MAX_TEXT))


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


def _is_event(payload: Mapping[str, object]) -> bool:
    kind, command = payload.get("type"), payload.get("command")
    return (isinstance(kind, str) and kind in _EVENTS) or (
        isinstance(command, str) and command.startswith("/")
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


def _parts(message: Mapping[str, object]) -> Iterator[Said]:
    """Give what a message says; its text is for those who cannot show its blocks."""
    blocks = enough(blocks_said(message.get("blocks")))
    if all(block is RULE for block in blocks):
        blocks = [_text(message)]
    yield from blocks
    for attachment in an_array(message.get("attachments"))[:MAX_ATTACHMENTS]:
        yield joined(_attachment(an_object(attachment)), "\n")


def _text(message: Mapping[str, object]) -> Said:
    text = message.get("text")
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return Said()
    source = text if isinstance(text, str) else a_line(text)
    return literal(source) if message.get("mrkdwn") is False else marked(source)


def _attachment(attachment: Mapping[str, object]) -> Iterator[Said]:
    """Give what an attachment of the old kind says; its fallback if nothing else."""
    parts = chain(
        [text_said(attachment.get("pretext"))],
        [literal(a_line(attachment.get("author_name")))],
        [_title(attachment)],
        [text_said(attachment.get("text"))],
        _fields(attachment),
        blocks_said(attachment.get("blocks")),
        _links(attachment),
        [literal(a_line(attachment.get("footer")))],
    )
    told = [part for part in enough(parts) if part.text.strip()]
    yield from told or [text_said(attachment.get("fallback"))]


def _title(attachment: Mapping[str, object]) -> Said:
    title, url = a_line(attachment.get("title")), attachment.get("title_link")
    if not isinstance(url, str) or not url:
        return marked(title)
    return link(url, marked(title).text)


def _fields(attachment: Mapping[str, object]) -> Iterator[Said]:
    for field in an_array(attachment.get("fields"))[:MAX_ATTACHMENTS]:
        title = marked(a_line(at(field, "title")))
        value = at(field, "value")
        content = text_said(value) if isinstance(value, str) else literal(a_line(value))
        yield joined([title, content], ": ")


def _links(attachment: Mapping[str, object]) -> Iterator[Said]:
    """Give a picture's address, and the buttons that lead somewhere."""
    image = attachment.get("image_url")
    if isinstance(image, str) and image:
        yield link(image)
    for action in an_array(attachment.get("actions"))[:5]:
        url = at(action, "url")
        if isinstance(url, str) and url:
            yield link(url, a_line(at(action, "text")))


def _event(payload: Mapping[str, object]) -> Said:
    command = a_line(payload.get("command"))
    if command:
        who = first_line(payload.get("user_name"), payload.get("user_id"))
        words = f"{command} {a_line(payload.get('text'), 4_000)}".strip()
        return _by(who, literal(words))
    event = an_object(payload.get("event"))
    content = joined(_parts(event), _GAP)
    kind = first_line(event.get("type"), payload.get("type"))
    who = first_line(
        event.get("username"), event.get("user"), at(event, "user", "name")
    )
    if content.text.strip():
        return _by(who, content)
    by = f" by {who}" if who else ""
    return literal(f"Slack event {kind}{by}")


def _by(who: str, what: Said) -> Said:
    return joined([literal(who), what], ": ")
