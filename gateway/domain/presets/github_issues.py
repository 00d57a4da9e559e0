"""What happened to issues and discussions at GitHub, and what people wrote there."""

from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    acted,
    after,
    bracketed,
    excerpt,
    joined,
    login,
    numbered,
    quoted,
    spaced,
    was,
)
from gateway.domain.presets.reading import a_line, a_link, an_object, at

ON_A_THREAD: Final[Mapping[str, str]] = {
    "opened": "opened {thing}",
    "edited": "edited {thing}",
    "deleted": "deleted {thing}",
    "closed": "closed {thing}",
    "reopened": "reopened {thing}",
    "assigned": "assigned {other} to {thing}",
    "unassigned": "unassigned {other} from {thing}",
    "labeled": "labeled {thing} with {other}",
    "unlabeled": "removed label {other} from {thing}",
    "milestoned": "added {thing} to milestone {other}",
    "demilestoned": "removed {thing} from milestone {other}",
    "locked": "locked {thing}",
    "unlocked": "unlocked {thing}",
    "pinned": "pinned {thing}",
    "unpinned": "unpinned {thing}",
    "transferred": "transferred {thing}",
}
_ON_AN_ISSUE: Final[Mapping[str, str]] = {
    **ON_A_THREAD,
    "typed": "set the type of {thing} to {other}",
    "untyped": "removed the type of {thing}",
}
_ON_A_DISCUSSION: Final[Mapping[str, str]] = {
    **ON_A_THREAD,
    "created": "started {thing}",
    "answered": "chose an answer in {thing}",
    "unanswered": "took back the answer in {thing}",
    "category_changed": "moved {thing}",
}
_COMMENTED: Final[Mapping[str, str]] = {
    "created": "commented on {thing}",
    "edited": "edited a comment on {thing}",
    "deleted": "deleted a comment on {thing}",
    "pinned": "pinned a comment on {thing}",
    "unpinned": "unpinned a comment on {thing}",
}
_MILESTONES: Final[Mapping[str, str]] = {
    "created": "created {thing}",
    "opened": "reopened {thing}",
    "closed": "closed {thing}",
    "edited": "edited {thing}",
    "deleted": "deleted {thing}",
}

_ITEMS: Final[Mapping[str, str]] = {
    "archived": "archived {thing} of a project",
    "converted": "turned a draft of a project into {thing}",
    "created": "added {thing} to a project",
    "deleted": "removed {thing} from a project",
    "edited": "edited {thing} of a project",
    "reordered": "moved {thing} within a project",
    "restored": "restored {thing} of a project",
}
_CONTENTS: Final[Mapping[str, str]] = {
    "DraftIssue": "a draft issue",
    "Issue": "an issue",
    "PullRequest": "a pull request",
}
_RELATED: Final[Mapping[str, str]] = {
    "sub_issue_added": "made {one} a part of {other}",
    "parent_issue_added": "made {one} a part of {other}",
    "sub_issue_removed": "removed {one} from {other}",
    "parent_issue_removed": "removed {one} from {other}",
    "blocked_by_added": "marked {one} as blocked by {other}",
    "blocking_added": "marked {one} as blocked by {other}",
    "blocked_by_removed": "no longer marks {one} as blocked by {other}",
    "blocking_removed": "no longer marks {one} as blocked by {other}",
}


def issues(notice: Notice) -> Told | None:
    """Tell what became of an issue; of a new one also how it begins."""
    line = acted(notice, _ON_AN_ISSUE, edited(notice, _numbered(notice)))
    if line is None:
        return None
    moved = notice.line("changes", "new_repository", "full_name", limit=140)
    url = notice.link("changes", "new_issue", "html_url")
    new = notice.at("issue", "body") if notice.action == "opened" else None
    gone = notice.action == "deleted"
    return Told(
        joined(line, _why_closed(notice), after("to", moved)),
        (renamed(notice), excerpt(new)),
        url or (notice.home if gone else notice.link("issue", "html_url")),
    )


def _numbered(notice: Notice) -> str:
    # Labels and milestones of pull requests are told as those of issues as well.
    is_pull = notice.at("issue", "pull_request") is not None
    kind = "pull request" if is_pull else "issue"
    return numbered(kind, notice.at("issue"))


def edited(notice: Notice, thing: str) -> str:
    """Return what of a thing somebody edited, if that is one part of it."""
    changes = an_object(notice.at("changes"))
    part = next(iter(changes), "") if len(changes) == 1 else ""
    name = {"title": "title", "body": "description"}.get(part)
    return f"the {name} of {thing}" if name and notice.action == "edited" else thing


def _why_closed(notice: Notice) -> str:
    reason = notice.line("issue", "state_reason", limit=40)
    return after("as", spaced(reason)) if notice.action == "closed" else ""


def renamed(notice: Notice) -> str:
    """Return what a thread was called before somebody edited its title."""
    title = was(notice, "title")
    return f"Its title was: {title}" if title and notice.action == "edited" else ""


def issue_comment(notice: Notice) -> Told | None:
    """Tell what was written to an issue or a pull request."""
    return commented(notice, _numbered(notice))


def commented(notice: Notice, thing: str) -> Told | None:
    """Tell of a comment on a thing, with its first line unless it is gone."""
    line = acted(notice, _COMMENTED, thing)
    if line is None:
        return None
    gone = notice.action == "deleted"
    author = login(notice.at("comment", "user"))
    # Whose it was tells mending from moderating.
    own = notice.action == "created" or author == notice.who
    names = (*(() if gone else ("comment",)), "pull_request", "issue", "discussion")
    urls = (notice.link(name, "html_url") for name in names)
    return Told(
        joined(line, bracketed("" if own else after("written by", author))),
        ("" if gone else excerpt(notice.at("comment", "body")),),
        next(filter(None, urls), ""),
    )


def discussion(notice: Notice) -> Told | None:
    """Tell what became of a discussion; of a new one also how it begins."""
    about = notice.at("discussion")
    thing = edited(notice, numbered("discussion", about))
    line = acted(notice, _ON_A_DISCUSSION, thing)
    if line is None:
        return None
    category = a_line(at(about, "category", "name"), 80)
    placed = {"created": "in", "category_changed": "to"}.get(notice.action, "")
    body = {
        "created": at(about, "body"),
        "answered": notice.at("answer", "body"),
    }.get(notice.action)
    moved = notice.line("changes", "new_repository", "full_name", limit=140)
    return Told(
        joined(line, after(placed, category) if placed else "", after("to", moved)),
        (renamed(notice), excerpt(body)),
        notice.link("changes", "new_discussion", "html_url")
        or notice.link("answer", "html_url")
        or a_link(at(about, "html_url")),
    )


def discussion_comment(notice: Notice) -> Told | None:
    """Tell what was written in a discussion."""
    return commented(notice, numbered("discussion", notice.at("discussion")))


def projects_v2_item(notice: Notice) -> Told | None:
    """Tell what became of an item of a project."""
    form = _ITEMS.get(notice.action)
    kind = _CONTENTS.get(notice.line("projects_v2_item", "content_type"))
    if form is None or kind is None:
        return None
    field = notice.line("changes", "field_value", "field_name", limit=60)
    before = notice.line("changes", "field_value", "from", "name", limit=60)
    now = notice.line("changes", "field_value", "to", "name", limit=60)
    value = joined(before, now, by=" → ")
    return Told(
        joined(
            f"{notice.anybody} {form.format(thing=kind)}",
            bracketed(joined(field, value, by=": ") if field else ""),
        )
    )


def related(notice: Notice) -> Told | None:
    """Tell which issue is a part of which, or waits for which, or no longer does."""
    form = _RELATED.get(notice.action)
    if form is None:
        return None
    one = notice.at("sub_issue") or notice.at("blocked_issue")
    other = notice.at("parent_issue") or notice.at("blocking_issue")
    told = form.format(one=numbered("issue", one), other=numbered("issue", other))
    return Told(f"{notice.anybody} {told}", url=a_link(at(one, "html_url")))


def milestone(notice: Notice) -> Told | None:
    """Tell what became of a milestone, and when it is due."""
    title = notice.line("milestone", "title", limit=120)
    line = acted(notice, _MILESTONES, joined("milestone", title))
    if line is None:
        return None
    due = notice.line("milestone", "due_on", limit=40).partition("T")[0]
    return Told(
        joined(line, f"(due {due})" if due else ""),
        url=notice.link("milestone", "html_url"),
    )


def label(notice: Notice) -> Told | None:
    """Tell what became of a label."""
    if notice.action not in ("created", "edited", "deleted"):
        return None
    name = notice.line("label", "name", limit=80)
    before = was(notice, "name")
    return Told(
        joined(
            *(notice.anybody, notice.action, "label", name),
            f"(it was {before})" if before else "",
        ),
        (quoted(notice.line("label", "description")),),
        notice.page("labels"),
    )


TELLERS: Final[Mapping[str, Teller]] = {
    "issues": issues,
    "issue_comment": issue_comment,
    "discussion": discussion,
    "discussion_comment": discussion_comment,
    "projects_v2_item": projects_v2_item,
    "sub_issues": related,
    "issue_dependencies": related,
    "milestone": milestone,
    "label": label,
}
