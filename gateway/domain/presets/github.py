"""What happened at GitHub, in words.

Source: GitHub, "Webhook events and payloads".
"""

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.domain.presets import (
    github_alerts,
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
    bounded,
    bracketed,
    excerpt,
    joined,
    spaced,
)
from gateway.domain.presets.reading import a_line, a_link, an_object, at

MAX_TEXT: Final = 1_000

TELLERS: Final[Mapping[str, Teller]] = {
    **github_code.TELLERS,
    **github_issues.TELLERS,
    **github_pulls.TELLERS,
    **github_runs.TELLERS,
    **github_alerts.TELLERS,
    **github_places.TELLERS,
}
# Members that say where and by whom, not what.
_AROUND: Final = frozenset(
    ["repository", "sender", "organization", "installation", "enterprise", "changes"]
)
_TITLES: Final = (
    *("title", "display_title", "name", "full_name", "login", "slug", "key"),
    *("summary", "note", "ref", "tag_name"),
)


def said(event: str, payload: object) -> str:
    """Return what happened, as plain text of a few lines, the last one a link.

    Args:
        event: The name of it, as GitHub's header `X-GitHub-Event` has it; may be "".
        payload: Any JSON. What is not as GitHub sends it is left out.

    Returns:
        Never empty, at most 1 000 characters. What people wrote at GitHub is in it as
        single lines without control characters, Markdown and all.
    """
    notice = Notice(a_line(event, 60), an_object(payload))
    teller = TELLERS.get(notice.event)
    told = (teller(notice) if teller else None) or anything(notice)
    where = f"{notice.where}: " if notice.where else ""
    return bounded(Told(f"{where}{told.line}", told.more, told.url), MAX_TEXT)


def anything(notice: Notice) -> Told:
    """Tell an event that there are no words for, by its name and its main thing."""
    kind = joined(notice.event, notice.action, by=".")
    name, thing = _main(notice)
    noun = spaced(name or notice.event) or "event"
    title = next((a_line(at(thing, key)) for key in _TITLES if _has(thing, key)), "")
    title = title or excerpt(at(thing, "body"))
    number = a_line(at(thing, "number"), 20)
    what = joined(_article(noun), f"#{number}" if number else "")
    done = spaced(notice.action)
    line = joined(notice.who, done, what) if notice.who and done else what
    if notice.who and not done:
        line = f"{what} by {notice.who}"
    line = line if notice.who else joined(what, done)
    return Told(
        joined(f"{line}: {title}" if title else line, bracketed(kind)),
        url=a_link(at(thing, "html_url")) or notice.link("repository", "html_url"),
    )


def _main(notice: Notice) -> tuple[str, object]:
    """Return the member that an event is about: of its name, else the first object."""
    return next(_things(notice), ("", None))


def _things(notice: Notice) -> Iterator[tuple[str, object]]:
    # `branch_protection_rule` has `rule`, and others their last word as well.
    names = (notice.event, notice.event.rpartition("_")[2])
    for name in names:
        if isinstance(notice.at(name), dict):
            yield notice.event, notice.at(name)
    for name, value in notice.payload.items():
        if isinstance(value, dict) and value and name not in _AROUND:
            yield a_line(name, 40), value


def _has(thing: object, key: str) -> bool:
    return bool(a_line(at(thing, key)))


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
