"""What all notices of GitHub have in common, and the words for it.

Source: GitHub, "Webhook events and payloads".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.domain.presets.reading import a_line, a_link, an_object, at, cut

_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING: Final = re.compile(r"#{1,6} +")
_SHA: Final = re.compile(r"[0-9a-fA-F]{7,64}", re.ASCII)
_MOMENT: Final = re.compile(
    r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)", re.ASCII
)
_MAX_BODY: Final = 4_000  # Characters in which the first line is looked for.
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Notice:
    """One event, with nothing in it believed."""

    event: str
    payload: Mapping[str, object]

    def at(self, *path: str) -> object:
        """Return what is at the end of a path of names, or `None`."""
        return at(self.payload, *path)

    def line(self, *path: str, limit: int = 200) -> str:
        """Return what is there as one line, "" if it is neither text nor a number."""
        return a_line(self.at(*path), limit)

    def link(self, *path: str) -> str:
        """Return the address that is there, or ""."""
        return a_link(self.at(*path))

    @property
    def action(self) -> str:
        """What was done, in GitHub's word; "" for events that have but one."""
        return self.line("action", limit=60)

    @property
    def who(self) -> str:
        """The login of who did it."""
        return login(self.at("sender")) or self.line("pusher", "name", limit=60)

    @property
    def anybody(self) -> str:
        """The login of who did it, or a word that stands for it."""
        return self.who or "somebody"

    @property
    def where(self) -> str:
        """The repository it happened in, else the organization or account."""
        return (
            self.line("repository", "full_name", limit=140)
            or self.line("organization", "login", limit=60)
            or self.line("installation", "account", "login", limit=60)
            or self.line("enterprise", "slug", limit=60)
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a notice: a line, more lines, an address."""

    line: str
    more: tuple[str, ...] = ()
    url: str = ""


Teller = Callable[[Notice], Told | None]
"""Tells a kind of event; `None` for an action that it has no words for."""


def login(value: object) -> str:
    """Return what an account is called, or ""."""
    return a_line(at(value, "login"), 60) or a_line(at(value, "name"), 60)


def joined(*words: str, by: str = " ") -> str:
    """Return the words that say something as one text."""
    return by.join(word for word in words if word)


def spaced(name: str) -> str:
    """Return a name of GitHub's, as `review_requested`, in words."""
    return a_line(name.replace("_", " ").replace("-", " "))


def bracketed(*words: str) -> str:
    """Return words in brackets, "" if there are none."""
    told = joined(*words, by=", ")
    return f"({told})" if told else ""


def after(word: str, told: str) -> str:
    """Return `word told`, "" if there is nothing told."""
    return f"{word} {told}" if told else ""


def numbered(kind: str, thing: object) -> str:
    """Return `issue #5 "Its title"`, with what is known of it."""
    number, title = a_line(at(thing, "number"), 20), a_line(at(thing, "title"))
    return joined(kind, f"#{number}" if number else "", f'"{title}"' if title else "")


def excerpt(body: object, limit: int = 200) -> str:
    """Return the first line that somebody wrote.

    No quotation, no hidden comment, and a heading only if nothing else is there.
    """
    if not isinstance(body, str):
        return ""
    heading = ""
    for raw in _COMMENT.sub("", body[:_MAX_BODY]).splitlines():
        line = a_line(raw, limit)
        if line.startswith((">", "```")) or not any(map(str.isalnum, line)):
            continue
        if not _HEADING.match(line):
            return line
        heading = heading or _HEADING.sub("", line)
    return heading


def subject(message: object, limit: int = 120) -> str:
    """Return the first line of a message of a commit."""
    if not isinstance(message, str):
        return ""
    return a_line(message[:_MAX_BODY].strip().partition("\n")[0], limit)


def short(sha: object) -> str:
    """Return the first 7 digits of the name of a commit, "" if it is none."""
    return sha[:7] if isinstance(sha, str) and _SHA.fullmatch(sha) else ""


def is_nothing(sha: object) -> bool:
    """Say whether a commit is the one of all zeros, that stands for none."""
    return isinstance(sha, str) and bool(sha) and not sha.strip("0")


def branch(ref: object) -> str:
    """Return the name of a branch or tag without the folders of Git before it."""
    return a_line(ref, 120).removeprefix("refs/heads/").removeprefix("refs/tags/")


def counted(count: int, noun: str) -> str:
    """Return `1 commit`, `2 commits`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def took(start: object, end: object) -> str:
    """Return how long something took, as `3 min 20 s`; "" if that is nothing."""
    begun, ended = _moment(start), _moment(end)
    if begun is None or ended is None or ended < begun:
        return ""
    seconds = int((ended - begun).total_seconds())
    if seconds < _MINUTE_S:
        return f"{seconds} s" if seconds else ""
    if seconds < _HOUR_S:
        minutes, rest = divmod(seconds, _MINUTE_S)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if seconds < _DAY_S:
        hours, rest = divmod(seconds // _MINUTE_S, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return counted(seconds // _DAY_S, "day")


def other(notice: Notice) -> str:
    """Return what a notice names beside the main thing: a label, a person, a team."""
    return (
        notice.line("label", "name", limit=60)
        or login(notice.at("assignee"))
        or login(notice.at("requested_reviewer"))
        or after("team", notice.line("requested_team", "name", limit=60))
        or notice.line("milestone", "title", limit=80)
    )


def acted(notice: Notice, acts: Mapping[str, str], thing: str) -> str | None:
    """Return `alice closed issue #5 "Its title"`.

    `acts` has for each action a form of words with `{thing}` and perhaps `{other}`.
    `None` for an action that is not there, and if nothing is there for `{other}`.
    """
    form = acts.get(notice.action)
    beside = other(notice)
    if form is None or ("{other}" in form and not beside):
        return None
    return f"{notice.anybody} {form.format(thing=thing, other=beside)}"


def was(notice: Notice, *path: str) -> str:
    """Return what something was before it was changed."""
    return a_line(at(an_object(notice.at("changes")), *path, "from"), 120)


def bounded(told: Told, limit: int) -> str:
    """Return at most so many characters of text, with the address whole or left out."""
    url = told.url if len(told.url) <= limit // 2 else ""
    room = limit - len(url) - 1
    # What people write under a title is often the title again.
    more = (line for line in told.more if line and f'"{line}"' not in f'"{told.line}"')
    text = cut("\n".join((told.line, *more)), room)
    return f"{text}\n{url}" if url else text


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None
