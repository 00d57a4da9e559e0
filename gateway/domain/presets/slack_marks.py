"""Slack's way of marking text up, as plain text and as Markdown.

Source: Slack, "Formatting text for app surfaces".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.domain.presets.slack_emoji import with_emoji

_ENTITIES: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY: Final = re.compile("&(?:lt|gt|amp);")
_ANGLES: Final = re.compile(r"<([^<>\n]{1,3000})>")
_ANGLES_OR_ENTITY: Final = re.compile(r"<([^<>\n]{1,3000})>|&(?:lt|gt|amp);")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAX_SOURCE: Final = 50_000  # Characters of one text that are looked at.
_MAX_LINK: Final = 3_000
_FENCE: Final = "```"
_PLACE: Final = "\x00"  # Stands for what was in angles.
# What is code is left as it is; the rest may have bold and struck words.
_CODE: Final = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_BOLD: Final = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{0,3000}[^\s*])\*(?![\w*])")
_STRUCK: Final = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]{0,3000}[^\s~])~(?![\w~])")
_SPECIAL: Final = re.compile(r"([\\`*_\[\]~])")
_AT_A_START: Final = re.compile(r"^([ \t]*)([#>+-]|\d+\.)(?=\s)", re.MULTILINE)
_LINK: Final = re.compile(r"(?:https?|mailto|tel):[^\s<>]+", re.ASCII | re.IGNORECASE)
_QUOTE: Final = re.compile(r"^&gt;", re.MULTILINE)
_EVERYBODY: Final = frozenset({"here", "channel", "everyone"})
_BARE: Final = re.compile(r"^(?:mailto|tel):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """The same in plain text and in Markdown (CommonMark, with `~~`)."""

    text: str = ""
    markdown: str = ""


def marked(source: str) -> Said:
    """Return what text in Slack's markup says.

    In plain text a link is `label (address)`, somebody `@U1`, and what makes words bold
    stays as it is. Names of pictures are pictures, but for those in code.
    """
    source = _CONTROL.sub("", source[:_MAX_SOURCE])
    markdown = "".join(_markdown(_CODE.split(source)))
    plain = "".join(
        piece if place % 2 else with_emoji(piece)
        for place, piece in enumerate(_CODE.split(_plain(source)))
    )
    return Said(plain, markdown)


def literal(source: str) -> Said:
    """Return text that has no markup in it."""
    source = _CONTROL.sub("", source[:_MAX_SOURCE])
    return Said(source, escaped(source))


def link(url: str, label: str = "") -> Said:
    """Return a link; the label alone, if it leads nowhere that may be followed."""
    bare = _BARE.sub("", url, count=1)
    label = label or bare
    if len(url) > _MAX_LINK or not _LINK.fullmatch(url):
        return literal(label)
    goal = url.replace("(", "%28").replace(")", "%29")
    is_address = label in {url, bare}
    if label == url.partition("://")[2].rstrip("/"):  # As Slack writes what people do.
        label, is_address = url, True
    plain = label if is_address else f"{label} ({url})"
    return Said(plain, f"[{escaped(label)}]({goal})")


def escaped(text: str) -> str:
    """Return text so that Markdown shows it as it is."""
    text = _SPECIAL.sub(r"\\\1", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return _AT_A_START.sub(r"\1\\\2", text)


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)


def _plain(source: str) -> str:
    return _ANGLES_OR_ENTITY.sub(
        lambda found: _angle(found[1]).text if found[1] else _ENTITIES[found[0]], source
    )


def _markdown(pieces: Iterable[str]) -> Iterator[str]:
    """Give Markdown of pieces, every other one of which is code.

    A fence has a line of its own: what Slack has beside it would be no code.
    """
    before = "\n"
    for place, piece in enumerate(pieces):
        inner = piece.removeprefix(_FENCE).removesuffix(_FENCE).strip("\n")
        is_fenced = place % 2 == 1 and piece.startswith(_FENCE) and inner != ""
        if is_fenced:
            told = f"{_FENCE}\n{_plain(inner)}\n{_FENCE}"
        else:
            told = _plain(piece) if place % 2 else with_emoji(_words(piece))
        if not told:
            continue
        is_after_fence = before == _FENCE and not told.startswith("\n")
        if is_after_fence or (is_fenced and not before.endswith("\n")):
            yield "\n"
        yield told
        before = _FENCE if is_fenced else told[-1]


def _words(source: str) -> str:
    """Return marked words; what Slack writes as an entity is one in Markdown too."""
    angles = iter(_ANGLES.findall(source))
    words = _QUOTE.sub(">", _ANGLES.sub(_PLACE, source))
    words = _BOLD.sub(r"**\1**", words)
    words = _STRUCK.sub(r"~~\1~~", words)
    first, *rest = words.split(_PLACE)
    return first + "".join(_angle(next(angles)).markdown + part for part in rest)


def _angle(inner: str) -> Said:
    """Return what stands for a link, somebody, a channel, or a command."""
    target, _, label = inner.partition("|")
    target, label = _unescaped(target), with_emoji(_unescaped(label))
    if target.startswith("@"):
        return literal(f"@{label.lstrip('@') or target[1:]}")
    if target.startswith("#"):
        return literal(f"#{label.lstrip('#') or target[1:]}")
    if target.startswith("!"):
        return _command(target[1:], label)
    if not label and not _LINK.fullmatch(target):
        return literal(f"<{target}>")  # Signs that its sender should have escaped.
    return link(target, label)


def _command(command: str, label: str) -> Said:
    name, *arguments = command.split("^")
    if name in _EVERYBODY:
        return literal(f"@{name}")
    if label:
        return literal(label)
    if name == "subteam" and arguments:
        return literal(f"@{arguments[0]}")
    if name == "date":
        return literal(arguments[0] if arguments else "")
    return literal(f"@{name}")
