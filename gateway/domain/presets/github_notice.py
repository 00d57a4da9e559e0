"""What all notices of GitHub have in common, and the words for it.

Source: GitHub, "Webhook events and payloads".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from gateway.domain.presets.reading import (
    a_line,
    a_link,
    a_moment,
    an_object,
    at,
    cut,
    over_link,
)

_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING: Final = re.compile(r"#{1,6} +")
_BULLET: Final = re.compile(r"(?:[-*+]|\d{1,3}\.) (?:\[[ xX]\] )?")
_SHA: Final = re.compile(r"[0-9a-fA-F]{7,64}", re.ASCII)
# Of Markdown and HTML what is not for reading: images, addresses of links, tags.
_IMAGE: Final = re.compile(r"!\[[^\[\]]{0,200}\]\([^()]{0,500}\)")
_LINK: Final = re.compile(r"\[([^\[\]]{0,200})\]\([^()\s]{1,500}\)")
_TAG: Final = re.compile(
    r"</?(?:a|b|i|p|br|hr|em|h[1-6]|li|ol|ul|td|th|tr|div|img|pre|sub|sup|kbd|code"
    r"|span|table|tbody|thead|strong|details|summary|picture|source|blockquote)"
    r"(?:\s[^<>]{0,500})?/?>",
    re.ASCII | re.IGNORECASE,
)
_PULL_REF: Final = re.compile(r"refs/pull/(\d{1,19})/(?:merge|head)", re.ASCII)
_QUEUE_REF: Final = re.compile(
    r"gh-readonly-queue/(.{1,200})/pr-(\d{1,19})-[0-9a-f]{40,64}", re.ASCII
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
        """The repository it happened in, else the organization or account.

        "" for the account of who did it.
        """
        account = (
            self.line("organization", "login", limit=60)
            or self.line("installation", "account", "login", limit=60)
            or self.line("enterprise", "slug", limit=60)
        )
        own = "" if account == self.who else account
        return self.line("repository", "full_name", limit=140) or own

    @property
    def home(self) -> str:
        """The address of the repository, or ""."""
        return self.link("repository", "html_url")

    def page(self, *parts: str) -> str:
        """Return the address of a page of the repository, or ""."""
        return a_link("/".join([self.home, *map(quote, parts)])) if self.home else ""


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


def quoted(text: str) -> str:
    """Return what somebody wrote as a line that cannot be taken for one of ours."""
    return after(">", text)


def excerpt(body: object, limit: int = 200) -> str:
    """Return `> ` and the first line that somebody wrote, "" if there is none.

    No quotation, no hidden comment, no image, no mark of a list, of a link what it is
    called, and a heading only if nothing else is there.
    """
    return quoted(_first_line(body, limit)) if isinstance(body, str) else ""


def _first_line(body: str, limit: int) -> str:
    heading = ""
    for raw in _COMMENT.sub("", body[:_MAX_BODY]).splitlines():
        line = a_line(_TAG.sub("", _LINK.sub(r"\1", _IMAGE.sub("", raw))), limit)
        if line.startswith((">", "```")) or not any(map(str.isalnum, line)):
            continue
        if not _HEADING.match(line):
            return line[found.end() :] if (found := _BULLET.match(line)) else line
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
    """Return the name of a branch or tag without the folders of Git before it.

    Of the branches that GitHub makes itself, which pull request they are for.
    """
    name = a_line(ref, 300).removeprefix("refs/heads/").removeprefix("refs/tags/")
    pull, queue = _PULL_REF.fullmatch(name), _QUEUE_REF.fullmatch(name)
    if pull:
        return f"pull request #{pull[1]}"
    if queue:
        return f"the merge queue of {cut(queue[1], 80)} for #{queue[2]}"
    return cut(name, 120)


def counted(count: int, noun: str) -> str:
    """Return `1 commit`, `2 commits`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def took(start: object, end: object) -> str:
    """Return how long something took, as `3 min 20 s`; "" if that is nothing."""
    begun, ended = a_moment(start), a_moment(end)
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
        or oneself(notice, login(notice.at("assignee")))
        or oneself(notice, login(notice.at("requested_reviewer")))
        or after("team", notice.line("requested_team", "name", limit=60))
        or notice.line("milestone", "title", limit=80)
        or notice.line("type", "name", limit=60)
    )


def oneself(notice: Notice, name: str) -> str:
    """Return a name, or a word for it if that is who did it."""
    return "themselves" if name and name == notice.who else name


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


def by_form(notice: Notice, form: str | None, name: str) -> str | None:
    """Return who did it and a form of words with `{name}`; `None` without a form."""
    return form and f"{notice.anybody} {form.format(name=name)}"


def was(notice: Notice, *path: str) -> str:
    """Return what something was before it was changed."""
    return a_line(at(an_object(notice.at("changes")), *path, "from"), 120)


def bounded(told: Told, limit: int) -> str:
    """Return at most so many characters of text, with the address whole or left out."""
    # What people write under a title is often the title again.
    more = (
        line
        for line in told.more
        if f'"{line.removeprefix("> ")}"' not in f'"{told.line}"'
    )
    return over_link((told.line, *more), told.url, limit)
