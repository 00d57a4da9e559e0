"""What happened to pull requests at GitHub."""

from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.github_issues import (
    ON_A_THREAD,
    commented,
    edited,
    renamed,
)
from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    acted,
    after,
    bracketed,
    branch,
    excerpt,
    joined,
    login,
    numbered,
    short,
    spaced,
    subject,
    was,
)
from gateway.domain.presets.reading import a_line, at

_ON_A_PULL: Final[Mapping[str, str]] = {
    **ON_A_THREAD,
    "merged": "merged {thing}",
    "synchronize": "pushed to {thing}",
    "ready_for_review": "marked {thing} as ready for review",
    "converted_to_draft": "turned {thing} into a draft",
    "review_requested": "asked {other} to review {thing}",
    "review_request_removed": "no longer asks {other} to review {thing}",
    "auto_merge_enabled": "turned on auto-merge of {thing}",
    "auto_merge_disabled": "turned off auto-merge of {thing}",
    "enqueued": "added {thing} to the merge queue",
    "dequeued": "removed {thing} from the merge queue",
}
# Those that have to do with its branches.
_ON_BRANCHES: Final = frozenset(
    ["opened", "reopened", "closed", "merged", "synchronize", "ready_for_review"]
)
_REVIEWED: Final[Mapping[str, str]] = {
    "approved": "approved {thing}",
    "changes_requested": "requested changes on {thing}",
    "commented": "reviewed {thing}",
}
_REVIEW: Final[Mapping[str, str]] = {
    "submitted": "reviewed {thing}",
    "edited": "edited a review of {thing}",
    "dismissed": "dismissed a review of {thing}",
}
_THREADS: Final[Mapping[str, str]] = {
    "resolved": "resolved a thread on {thing}",
    "unresolved": "reopened a thread on {thing}",
}


def pull_request(notice: Notice) -> Told | None:
    """Tell what became of a pull request; of a new one also how it begins."""
    about = notice.at("pull_request")
    is_draft = at(about, "draft") is True and notice.action == "opened"
    thing = numbered("draft pull request" if is_draft else "pull request", about)
    if notice.action == "closed" and at(about, "merged") is True:
        line: str | None = f"{notice.anybody} merged {thing}"
    else:
        line = acted(notice, _ON_A_PULL, edited(notice, thing))
    if line is None:
        return None
    closed = notice.action == "closed" and at(about, "merged") is False
    new = at(about, "body") if notice.action == "opened" else None
    return Told(
        joined(
            *(line, "without merging it" if closed else "", _why_dequeued(notice)),
            _way(notice),
        ),
        (renamed(notice), _rebased(notice), _size(notice), excerpt(new)),
        notice.link("pull_request", "html_url"),
    )


def _way(notice: Notice) -> str:
    """Return `(head → base)`, the head with its owner if it is of a fork."""
    if notice.action not in _ON_BRANCHES and not _rebased(notice):
        return ""
    head, base = notice.at("pull_request", "head"), notice.at("pull_request", "base")
    source, target = a_line(at(head, "ref"), 120), a_line(at(base, "ref"), 120)
    if not source or not target:
        return ""
    theirs = a_line(at(head, "repo", "full_name"), 140)
    label = a_line(at(head, "label"), 180)
    is_fork = theirs and theirs != a_line(at(base, "repo", "full_name"), 140)
    return bracketed(f"{label if is_fork and label else source} → {target}")


def _why_dequeued(notice: Notice) -> str:
    reason = notice.line("reason", limit=60) if notice.action == "dequeued" else ""
    return bracketed(spaced(reason).lower())


def _rebased(notice: Notice) -> str:
    before = was(notice, "base", "ref")
    return f"Its base was: {before}" if before else ""


def _size(notice: Notice) -> str:
    """Return how large a new pull request is, `+12 -3 in 2 files`."""
    about = notice.at("pull_request")
    added, removed = _whole(at(about, "additions")), _whole(at(about, "deletions"))
    files = _whole(at(about, "changed_files"))
    if notice.action != "opened" or not (added and removed and files):
        return ""
    return f"+{added} -{removed} in {files} file{'' if files == '1' else 's'}"


def _whole(value: object) -> str:
    """Return a number that counts something, "" for all else."""
    return a_line(value, 20) if isinstance(value, int) else ""


def review(notice: Notice) -> Told | None:
    """Tell how somebody judged a pull request."""
    thing = numbered("pull request", notice.at("pull_request"))
    state = notice.line("review", "state", limit=40).lower()
    if notice.action == "submitted" and state in _REVIEWED:
        told = _REVIEWED[state].format(thing=thing)
        line: str | None = f"{notice.anybody} {told}"
    else:
        line = acted(notice, _REVIEW, thing)
    if line is None:
        return None
    author = login(notice.at("review", "user"))
    whose = "" if author == notice.who else after("written by", author)
    return Told(
        joined(line, bracketed(whose)),
        (excerpt(notice.at("review", "body")),),
        notice.link("review", "html_url") or notice.link("pull_request", "html_url"),
    )


def review_comment(notice: Notice) -> Told | None:
    """Tell what was written to a line of a pull request."""
    path = notice.line("comment", "path", limit=120)
    line = notice.line("comment", "line", limit=20)
    line = line or notice.line("comment", "original_line", limit=20)
    thing = numbered("pull request", notice.at("pull_request"))
    place = joined(path, line, by=":") if path else ""
    return commented(notice, joined(thing, bracketed(place)))


def review_thread(notice: Notice) -> Told | None:
    """Tell that what was asked for in a review is done, or is not."""
    line = acted(notice, _THREADS, numbered("pull request", notice.at("pull_request")))
    if line is None:
        return None
    return Told(line, url=notice.link("pull_request", "html_url"))


def merge_group(notice: Notice) -> Told | None:
    """Tell what becomes of a group in the merge queue."""
    group = notice.at("merge_group")
    queue = joined("the merge queue", after("of", branch(at(group, "base_ref"))))
    reason = notice.line("reason", limit=40)
    line = {
        "checks_requested": f"Checks are asked for in {queue}",
        "destroyed": joined(f"A group left {queue}", bracketed(spaced(reason))),
    }.get(notice.action)
    if line is None:
        return None
    commit = at(group, "head_commit")
    head = short(at(commit, "id"))
    sha = a_line(at(commit, "id")) if head else ""
    told = joined(head, subject(at(commit, "message")))
    return Told(line, (after("-", told),), notice.page("commit", sha) if sha else "")


TELLERS: Final[Mapping[str, Teller]] = {
    "pull_request": pull_request,
    "pull_request_review": review,
    "pull_request_review_comment": review_comment,
    "pull_request_review_thread": review_thread,
    "merge_group": merge_group,
}
