"""What happened at GitHub, in words.

Source: GitHub, "Webhook events and payloads".
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.domain.presets import (
    github_alerts,
    github_apps,
    github_code,
    github_issues,
    github_places,
    github_pulls,
    github_runs,
)
from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    after,
    bounded,
    bracketed,
    excerpt,
    joined,
    spaced,
)
from gateway.domain.presets.reading import (
    a_line,
    a_link,
    an_object,
    at,
    without_nothing,
)

MAX_TEXT: Final = 1_000

TELLERS: Final[Mapping[str, Teller]] = {
    **github_code.TELLERS,
    **github_issues.TELLERS,
    **github_pulls.TELLERS,
    **github_runs.TELLERS,
    **github_alerts.TELLERS,
    **github_places.TELLERS,
    **github_apps.TELLERS,
}
# Members that say where and by whom, not what.
_AROUND: Final = frozenset(
    ["repository", "sender", "organization", "installation", "enterprise", "changes"]
)
# Names of events that are no words.
_NOUNS: Final[Mapping[str, str]] = {
    "projects_v2": "project",
    "projects_v2_status_update": "status update of a project",
}
_TITLES: Final = (
    *("title", "display_title", "name", "full_name", "login", "slug"),
    *("summary", "note", "ref", "tag_name"),
)
_NUMBERED: Final = ("pull_request", "issue", "discussion")
# Whose pages are the address of what happened, the first that there is.
_PAGES: Final = (
    *("comment", "review", *_NUMBERED, "release", "workflow_run", "workflow_job"),
    *("check_run", "check_suite", "alert", "deployment", "forkee", "repository"),
)


def said(event: str, payload: object) -> str:
    """Return what happened, as plain text of a few lines, the last one a link.

    Args:
        event: The name of it, as GitHub's header `X-GitHub-Event` has it; may be "".
        payload: Any JSON. What is not as GitHub sends it is left out.

    Returns:
        Never empty, at most 1 000 characters. What people wrote at GitHub is in it as
        single lines without control characters: titles in quotation marks or behind a
        colon, the rest behind `- ` or `> `.
    """
    notice = Notice(a_line(event, 60), an_object(payload))
    teller = TELLERS.get(notice.event)
    told = (teller(notice) if teller else None) or anything(notice)
    where = f"{notice.where}: " if notice.where else ""
    return bounded(Told(f"{where}{told.line}", told.more, told.url), MAX_TEXT)


def facts(event: str, payload: object) -> dict[str, object]:
    """Return what happened where and by whom, and the address of the main thing.

    Args:
        event: As GitHub names it in a header, on one line.
        payload: What was sent.
    """
    links = (a_link(at(payload, name, "html_url")) for name in _PAGES)
    return without_nothing(
        {
            "event": event,
            "action": a_line(at(payload, "action")),
            "repository": a_line(at(payload, "repository", "full_name")),
            "sender": a_line(at(payload, "sender", "login")),
            "ref": a_line(at(payload, "ref")),
            "number": _number(payload),
            "url": a_link(at(payload, "compare")) or next(filter(None, links), ""),
        }
    )


def _number(payload: object) -> int | None:
    for name in _NUMBERED:
        number = at(payload, name, "number")
        if isinstance(number, int) and not isinstance(number, bool):
            return number
    return None


def anything(notice: Notice) -> Told:
    """Tell an event that there are no words for, by its name and its main thing."""
    noun, thing = _main(notice)
    named = (a_line(at(thing, key)) for key in _TITLES)
    title = next(filter(None, named), "")
    wrote = "" if title else excerpt(at(thing, "body"))
    number = after("#", a_line(at(thing, "number"), 20)).replace(" ", "")
    return Told(
        _sentence(notice, joined(noun, number), title),
        (wrote,),
        a_link(at(thing, "html_url")) or notice.home,
    )


def _sentence(notice: Notice, what: str, title: str) -> str:
    done = spaced(notice.action)
    named = f"{what}: {title}" if title else what
    # Only what is plainly done, as `edited`, goes before its thing.
    if notice.who and done.endswith("ed") and " " not in done:
        return f"{notice.who} {done} {_article(what)}{named}"
    by = after("by", notice.who)
    told = joined(named, bracketed(joined(done, by)))
    return told[:1].upper() + told[1:]


def _main(notice: Notice) -> tuple[str, object]:
    """Return what an event is about: the noun for it, and the member that it is.

    That is the member of its name, or of the last word of it, as
    `branch_protection_rule` has `rule`; else the first that is an object.
    """
    name, thing = next(_things(notice), ("", None))
    is_many = notice.event == f"{name}s"
    noun = name if is_many else _NOUNS.get(notice.event) or notice.event or name
    return spaced(noun) or "event", thing


def _things(notice: Notice) -> Iterator[tuple[str, object]]:
    for name in (notice.event, notice.event.rpartition("_")[2]):
        if isinstance(notice.at(name), dict):
            yield name, notice.at(name)
    for name, value in notice.payload.items():
        if isinstance(value, dict) and value and name not in _AROUND:
            yield a_line(name, 40), value


def _article(noun: str) -> str:
    if noun.endswith("s") or "#" in noun:
        return ""
    return "an " if noun[:1].lower() in "aeiou" else "a "
