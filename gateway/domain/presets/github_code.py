"""What happened to the code at GitHub: pushes, branches, comments, releases."""

import re
from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    after,
    bracketed,
    branch,
    counted,
    excerpt,
    is_nothing,
    joined,
    login,
    quoted,
    short,
    spaced,
    subject,
)
from gateway.domain.presets.reading import a_line, a_link, an_array, at

MAX_COMMITS: Final = 5
_MAX_PAGES: Final = 5
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_SHOWN_OF_DIGEST: Final = len("sha256:") + 12

_RELEASES: Final[Mapping[str, str]] = {
    "created": "created",
    "edited": "edited",
    "deleted": "deleted",
    "published": "published",
    "unpublished": "unpublished",
    "prereleased": "pre-released",
    "released": "released",
}
_NEW: Final = frozenset(["published", "prereleased", "released"])
_PACKAGES: Final[Mapping[str, str]] = {"published": "published", "updated": "updated"}


def push(notice: Notice) -> Told:
    """Tell who pushed what where, with the first commits and the comparison."""
    target = _target(notice)
    if notice.at("deleted") is True or is_nothing(notice.at("after")):
        return Told(f"{notice.anybody} deleted {target}", url=notice.home)
    commits = an_array(notice.at("commits"))
    shown = [_commit(notice, commit) for commit in commits[:MAX_COMMITS]]
    more = len(commits) - MAX_COMMITS
    return Told(
        f"{notice.anybody} {_pushed(notice, target, len(commits))}",
        (*shown, f"and {more} more" if more > 0 else ""),
        notice.link("compare") or notice.link("head_commit", "url"),
    )


def _target(notice: Notice) -> str:
    ref = notice.line("ref", limit=140)
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    return f"{kind} {branch(ref)}" if ref else "a branch"


def _pushed(notice: Notice, target: str, count: int) -> str:
    if notice.at("created") is True:
        told = joined("created", target)
        return joined(told, after("with", counted(count, "commit")) if count else "")
    verb = "force-pushed" if notice.at("forced") is True else "pushed"
    head = short(notice.at("after"))
    if count:
        told = counted(count, "commit")
    else:
        told = after("commit", head) if notice.at("forced") is True else ""
    return joined(verb, told, "to", target.removeprefix("branch "))


def _commit(notice: Notice, commit: object) -> str:
    author = a_line(at(commit, "author", "username"), 60) or a_line(
        at(commit, "author", "name"), 60
    )
    own = {notice.who, notice.line("pusher", "name", limit=60), ""}
    by = "" if author in own else f"({author})"
    told = joined(short(at(commit, "id")), subject(at(commit, "message")), by)
    return after("-", told)


def create(notice: Notice) -> Told:
    """Tell of a new branch or tag."""
    kind = notice.line("ref_type", limit=40) or "branch"
    ref = branch(notice.at("ref"))
    folder = ("releases", "tag") if kind == "tag" else ("tree",)
    if kind == "repository":
        return Told(f"{notice.anybody} created the repository", url=notice.home)
    url = notice.page(*folder, ref) if ref else notice.home
    return Told(joined(notice.anybody, "created", kind, ref), url=url)


def delete(notice: Notice) -> Told:
    """Tell of a branch or tag that is gone."""
    kind = notice.line("ref_type", limit=40) or "branch"
    ref = branch(notice.at("ref"))
    return Told(joined(notice.anybody, "deleted", kind, ref), url=notice.home)


def commit_comment(notice: Notice) -> Told:
    """Tell what was written to a commit."""
    path = notice.line("comment", "path", limit=120)
    line = notice.line("comment", "line", limit=20)
    return Told(
        joined(
            f"{notice.anybody} commented on commit",
            short(notice.at("comment", "commit_id")),
            bracketed(joined(path, line, by=":") if path else ""),
        ),
        (excerpt(notice.at("comment", "body")),),
        notice.link("comment", "html_url"),
    )


def release(notice: Notice) -> Told | None:
    """Tell of a release, with the first line of its notes when it is new."""
    verb = _RELEASES.get(notice.action)
    if verb is None:
        return None
    tag = notice.line("release", "tag_name", limit=100)
    name = notice.line("release", "name", limit=120)
    if verb in ("released", "pre-released"):
        what = tag or name or "a release"
    else:
        what = joined(_kind(notice), tag or name)
    notes = notice.at("release", "body") if notice.action in _NEW else None
    return Told(
        joined(
            notice.anybody, verb, what, bracketed(name if tag and name != tag else "")
        ),
        (excerpt(notes),),
        notice.link("release", "html_url") if verb != "deleted" else notice.home,
    )


def _kind(notice: Notice) -> str:
    if notice.at("release", "draft") is True:
        return "draft release"
    return "pre-release" if notice.at("release", "prerelease") is True else "release"


def gollum(notice: Notice) -> Told:
    """Tell which pages of the wiki were written."""
    pages = an_array(notice.at("pages"))
    told = [_page(page) for page in pages[:_MAX_PAGES]]
    more = len(pages) - _MAX_PAGES
    what = joined(*told, f"{more} more" if more > 0 else "", by="; ")
    url = a_link(at(pages[0], "html_url")) if pages else ""
    return Told(f"{notice.anybody} {what or 'changed the wiki'}", url=url)


def _page(page: object) -> str:
    done = spaced(a_line(at(page, "action"), 40)) or "changed"
    title = a_line(at(page, "title"), 100) or a_line(at(page, "page_name"), 100)
    summary = a_line(at(page, "summary"), 100)
    return joined(done, "wiki page", f'"{title}"' if title else "", bracketed(summary))


def package(notice: Notice) -> Told | None:
    """Tell which version of a package is out."""
    verb = _PACKAGES.get(notice.action)
    if verb is None:
        return None
    about = notice.at("package") or notice.at("registry_package")
    version = at(about, "package_version")
    name = a_line(at(about, "name"), 120)
    kind = a_line(at(about, "package_type"), 40).lower()
    return Told(
        joined(
            *(notice.anybody, verb, kind, "package", name),
            _version(version),
        ),
        (quoted(a_line(at(version, "summary")) or a_line(at(about, "description"))),),
        a_link(at(version, "html_url")) or a_link(at(about, "html_url")),
    )


def _version(version: object) -> str:
    """Return the version; of an image its tag, else the beginning of its digest."""
    tag = a_line(at(version, "container_metadata", "tag", "name"), 80)
    name = a_line(at(version, "version"), 80)
    is_digest = _DIGEST.fullmatch(name) is not None
    return (tag or name[:_SHOWN_OF_DIGEST]) if is_digest else name


def fork(notice: Notice) -> Told:
    """Tell where a copy of the repository is now."""
    name = notice.line("forkee", "full_name", limit=140)
    owner = login(notice.at("forkee", "owner"))
    return Told(
        joined(notice.anybody, "forked the repository", after("to", name or owner)),
        url=notice.link("forkee", "html_url"),
    )


TELLERS: Final[Mapping[str, Teller]] = {
    "push": push,
    "create": create,
    "delete": delete,
    "commit_comment": commit_comment,
    "release": release,
    "gollum": gollum,
    "package": package,
    "registry_package": package,
    "fork": fork,
}
