"""Slack's blocks, as plain text and as Markdown.

Source: Slack, "Reference: blocks".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from gateway.domain.presets.reading import a_line, an_array, an_object, at
from gateway.domain.presets.slack_emoji import EMOJI, with_emoji
from gateway.domain.presets.slack_marks import Said, escaped, link, literal, marked

MAX_BLOCKS: Final = 50
MAX_ELEMENTS: Final = 200  # Of one block, at each of its levels.
MAX_TEXT: Final = 40_000  # Characters, as with Slack.

RULE: Final = Said("---", "---")
_NOTHING: Final = Said()


def blocks_said(blocks: object) -> Iterator[Said]:
    """Give what blocks say, each by itself; those that say nothing are left out."""
    for block in an_array(blocks)[:MAX_BLOCKS]:
        said = _block(an_object(block))
        if said.text.strip():
            yield said


def text_said(value: object) -> Said:
    """Return what a text object says, or text in Slack's markup."""
    if isinstance(value, str):
        return marked(value)
    text = at(value, "text")
    if not isinstance(text, str):
        return _NOTHING
    if at(value, "type") != "plain_text":
        return marked(text)
    return literal(text if at(value, "emoji") is False else with_emoji(text))


def joined(parts: Iterable[Said], between: str) -> Said:
    """Return some parts in a row, as many as there may be."""
    told = enough(parts)
    return Said(
        between.join(part.text for part in told),
        between.join(part.markdown for part in told),
    )


def enough(parts: Iterable[Said]) -> list[Said]:
    """Return the parts that say something, until there are `MAX_TEXT` characters.

    What comes then is not even looked at.
    """
    told: list[Said] = []
    left = MAX_TEXT
    for part in parts:
        if part.text:
            told.append(part)
            left -= len(part.text)
        if left <= 0:
            break
    return told


def _block(block: Mapping[str, object]) -> Said:
    kind = block.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    return text_said(block.get("text")) if reader is None else reader(block)


def _header(block: Mapping[str, object]) -> Said:
    said = text_said(block.get("text"))
    return Said(said.text, f"### {said.markdown}") if said.text else said


def _section(block: Mapping[str, object]) -> Said:
    texts = [block.get("text"), *an_array(block.get("fields"))[:10]]
    said = joined((text_said(text) for text in texts), "\n")
    return joined([said, _element(an_object(block.get("accessory")))], "\n")


def _row(block: Mapping[str, object]) -> Said:
    elements = an_array(block.get("elements"))[:MAX_ELEMENTS]
    return joined((_element(an_object(element)) for element in elements), " ")


def _element(element: Mapping[str, object]) -> Said:
    """Return what a text, a picture or a button says; other elements are for use."""
    kind = element.get("type")
    if kind == "image":
        return literal(a_line(element.get("alt_text")))
    if kind in ("mrkdwn", "plain_text"):
        return text_said(element)
    url = element.get("url")
    if isinstance(url, str) and url:
        return link(url, a_line(at(element, "text", "text")))
    return _NOTHING


def _image(block: Mapping[str, object]) -> Said:
    """Return what a picture or a film is, and where it can be seen."""
    label = a_line(at(block, "title", "text")) or a_line(block.get("alt_text"))
    urls = (block.get(name) for name in ("image_url", "title_url", "video_url"))
    url = next((url for url in urls if isinstance(url, str) and url), "")
    return link(url, label)


def _markdown(block: Mapping[str, object]) -> Said:
    text = block.get("text")
    return Said(text, text) if isinstance(text, str) else _NOTHING


def _table(block: Mapping[str, object]) -> Said:
    rows = an_array(block.get("rows"))[:MAX_ELEMENTS]
    return joined((_cells(row) for row in rows), "\n")


def _cells(row: object) -> Said:
    cells = [an_object(cell) for cell in an_array(row)[:20]]
    return joined((_cell(cell) for cell in cells), " | ")


def _cell(cell: Mapping[str, object]) -> Said:
    is_rich = cell.get("type") == "rich_text"
    return _rich(cell) if is_rich else literal(a_line(cell.get("text")))


def _rich(block: Mapping[str, object]) -> Said:
    elements = an_array(block.get("elements"))[:MAX_ELEMENTS]
    return joined((_rich_part(an_object(element)) for element in elements), "\n")


def _rich_part(part: Mapping[str, object]) -> Said:
    kind = part.get("type")
    if kind == "rich_text_list":
        return _list(part)
    said = _leaves(part)
    if kind == "rich_text_quote":
        return Said(_quoted(said.text), _quoted(said.markdown))
    if kind == "rich_text_preformatted":
        return Said(said.text, f"```\n{said.text}\n```") if said.text else said
    return Said(said.text.strip("\n"), said.markdown.strip("\n"))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


def _list(part: Mapping[str, object]) -> Said:
    indent, offset = part.get("indent"), part.get("offset")
    depth = indent if isinstance(indent, int) and 0 < indent < 10 else 0  # noqa: PLR2004 - deeper is a mistake
    first = offset if isinstance(offset, int) and 0 < offset < MAX_ELEMENTS else 0
    items = an_array(part.get("elements"))[:MAX_ELEMENTS]
    is_ordered = part.get("style") == "ordered"
    return joined(
        (
            _after("    " * depth + (f"{number}. " if is_ordered else "- "), item)
            for number, item in enumerate(items, first + 1)
        ),
        "\n",
    )


def _after(start: str, item: object) -> Said:
    said = _leaves(an_object(item))
    return Said(start + said.text, start + said.markdown) if said.text else said


def _leaves(part: Mapping[str, object]) -> Said:
    elements = an_array(part.get("elements"))[:MAX_ELEMENTS]
    return joined((_leaf(an_object(element)) for element in elements), "")


def _leaf(leaf: Mapping[str, object]) -> Said:
    kind = leaf.get("type")
    if kind == "text":
        text = leaf.get("text")
        return _styled(text, leaf.get("style")) if isinstance(text, str) else _NOTHING
    if kind == "link":
        url, label = leaf.get("url"), a_line(leaf.get("text"))
        return link(url, label) if isinstance(url, str) and url else literal(label)
    if kind == "emoji":
        return literal(_emoji(leaf))
    for member, mark in _MENTIONS.items():
        name = a_line(leaf.get(member))
        if name:
            return literal(mark + name)
    return literal(a_line(leaf.get("fallback")))


def _emoji(leaf: Mapping[str, object]) -> str:
    points = leaf.get("unicode")
    name = a_line(leaf.get("name"))
    if isinstance(points, str):
        try:
            told = "".join(chr(int(point, 16)) for point in points[:80].split("-"))
            return told.encode().decode()
        except (ValueError, OverflowError):  # No number, or none of a character.
            pass
    return EMOJI.get(name, f":{name}:") if name else ""


def _styled(text: str, style: object) -> Said:
    """Return marked text; the marks stand close to the words, as Markdown wants it."""
    styles = an_object(style)
    words = text.strip()
    if not words or not styles:
        return literal(text)
    if styles.get("code") is True:
        inner = f"`{words}`" if "`" not in words else escaped(words)
    else:
        inner = escaped(words)
        for name, mark in _MARKS.items():
            if styles.get(name) is True:
                inner = f"{mark}{inner}{mark}"
    before, _, after = text.partition(words)
    return Said(text, before + inner + after)


_MARKS: Final[Mapping[str, str]] = {"italic": "_", "bold": "**", "strike": "~~"}
_MENTIONS: Final[Mapping[str, str]] = {
    "user_id": "@",
    "usergroup_id": "@",
    "range": "@",
    "channel_id": "#",
    "value": "",
}
_READERS: Final[Mapping[str, Callable[[Mapping[str, object]], Said]]] = {
    "header": _header,
    "section": _section,
    "context": _row,
    "actions": _row,
    "divider": lambda _block: RULE,
    "image": _image,
    "video": _image,
    "rich_text": _rich,
    "markdown": _markdown,
    "table": _table,
}
