"""The parts of a message to Slack: its text or its blocks, then its attachments.

Source: Slack, "Reference: secondary message attachments".
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from gateway.domain.presets.reading import a_line, an_array, an_object, at
from gateway.domain.presets.slack_blocks import (
    RULE,
    blocks_said,
    enough,
    joined,
    text_said,
)
from gateway.domain.presets.slack_marks import Said, link, literal, marked

MAX_ATTACHMENTS: Final = 100


def parts_said(message: Mapping[str, object]) -> Iterator[Said]:
    """Give what a message says; its text is for those who cannot show its blocks.

    An attachment that begins as the message does is said in its place.
    """
    blocks = enough(blocks_said(message.get("blocks")))
    if all(block is RULE for block in blocks):
        blocks = [_text(message)]
    attached = (
        joined(_attachment(an_object(attachment)), "\n")
        for attachment in an_array(message.get("attachments"))[:MAX_ATTACHMENTS]
    )
    first = next(attached, Said())
    if len(blocks) != 1 or not _begins(first.text, blocks[0].text.strip()):
        yield from blocks
    yield first
    yield from attached


def _begins(text: str, beginning: str) -> bool:
    return text == beginning or text.startswith(f"{beginning}\n")


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
        title = marked(a_line(at(field, "title")).removesuffix(":"))
        yield joined([title, _value(at(field, "value"))], ": ")


def _value(value: object) -> Said:
    if isinstance(value, bool):
        return literal("yes" if value else "no")
    return text_said(value) if isinstance(value, str) else literal(a_line(value))


def _links(attachment: Mapping[str, object]) -> Iterator[Said]:
    """Give a picture's address, and the buttons that lead somewhere."""
    image = attachment.get("image_url")
    if isinstance(image, str) and image:
        yield link(image)
    for action in an_array(attachment.get("actions"))[:5]:
        url = at(action, "url")
        if isinstance(url, str) and url:
            yield link(url, a_line(at(action, "text")))
