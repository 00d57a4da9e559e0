"""What happened to repositories, teams and people at GitHub."""

from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    after,
    bracketed,
    by_form,
    joined,
    login,
    oneself,
    quoted,
    spaced,
    was,
)
from gateway.domain.presets.reading import a_line, an_object, at

_REPOSITORIES: Final[Mapping[str, str]] = {
    "created": "created the repository",
    "deleted": "deleted the repository",
    "archived": "archived the repository",
    "unarchived": "unarchived the repository",
    "edited": "edited the repository",
    "renamed": "renamed the repository",
    "transferred": "transferred the repository",
    "publicized": "made the repository public",
    "privatized": "made the repository private",
}
_IMPORTS: Final[Mapping[str, str]] = {
    "success": "succeeded",
    "failure": "failed",
    "cancelled": "was cancelled",
}
_EDITED: Final[Mapping[str, str]] = {
    "default_branch": "default branch",
    "description": "description",
    "homepage": "homepage",
    "topics": "topics",
    "name": "name",
}
_MEMBERS: Final[Mapping[str, str]] = {
    "added": "added {name} as a collaborator",
    "removed": "removed {name} from the collaborators",
    "edited": "changed what {name} may do",
}
_TEAMS: Final[Mapping[str, str]] = {
    "created": "created {name}",
    "deleted": "deleted {name}",
    "edited": "edited {name}",
    "added_to_repository": "gave {name} access",
    "removed_from_repository": "took access from {name}",
}
_ORGANIZATIONS: Final[Mapping[str, str]] = {
    "member_added": "added {name} to the organization",
    "member_removed": "removed {name} from the organization",
    "member_invited": "invited {name} to the organization",
    "renamed": "renamed the organization",
    "deleted": "deleted the organization",
}


def star(notice: Notice) -> Told | None:
    """Tell who likes the repository, or no longer does, and how many do."""
    verb = {"created": "starred", "deleted": "unstarred"}.get(notice.action)
    if verb is None:
        return None
    stars = notice.at("repository", "stargazers_count")
    whole = isinstance(stars, int) and not isinstance(stars, bool)
    count = f"{a_line(stars, 20)} star{'' if stars == 1 else 's'}" if whole else ""
    return Told(
        joined(notice.anybody, verb, "the repository", bracketed(count)),
        url=notice.home,
    )


def watch(notice: Notice) -> Told | None:
    """Tell who wants to hear of the repository."""
    if notice.action not in ("", "started"):
        return None
    return Told(
        f"{notice.anybody} started watching the repository",
        url=notice.home,
    )


def member(notice: Notice) -> Told | None:
    """Tell who may work on the repository."""
    who = login(notice.at("member")) or "somebody"
    # An invitation that is accepted comes as this from the guest.
    is_guest = notice.action == "added" and who == notice.who
    form = "joined the collaborators" if is_guest else _MEMBERS.get(notice.action)
    line = by_form(notice, form, who)
    if line is None:
        return None
    role = notice.line("changes", "role_name", "to", limit=40)
    may = role or notice.line("changes", "permission", "to", limit=40)
    before = was(notice, "old_permission")
    return Told(
        joined(line, bracketed(after("as", may), after("before:", before))),
        url=notice.home,
    )


def membership(notice: Notice) -> Told | None:
    """Tell who came to a team or left it."""
    form = {"added": "to", "removed": "from"}.get(notice.action)
    if form is None:
        return None
    who = login(notice.at("member")) or "somebody"
    team = notice.line("team", "name", limit=80)
    return Told(
        joined(
            *(notice.anybody, notice.action, oneself(notice, who), form, "team", team),
        ),
        url=notice.link("team", "html_url"),
    )


def team(notice: Notice) -> Told | None:
    """Tell what became of a team."""
    form = _TEAMS.get(notice.action)
    if notice.event == "team_add":
        form = _TEAMS["added_to_repository"]
    name = after("team", notice.line("team", "name", limit=80)) or "a team"
    line = by_form(notice, form, name)
    if line is None:
        return None
    may = notice.line("team", "permission", limit=40)
    gives = notice.action in ("added_to_repository", "")
    before = was(notice, "name")
    return Told(
        joined(
            *(line, bracketed(may) if gives else ""),
            f"(it was {before})" if before else "",
        ),
        url=notice.link("team", "html_url"),
    )


def organization(notice: Notice) -> Told | None:
    """Tell who came to an organization or left it, or what it is called now."""
    who = login(notice.at("membership", "user")) or login(notice.at("user"))
    who = who or login(notice.at("invitation")) or "somebody"
    line = by_form(notice, _ORGANIZATIONS.get(notice.action), who)
    if line is None:
        return None
    role = notice.line("membership", "role", limit=40) or notice.line(
        "invitation", "role", limit=40
    ).removeprefix("direct_")
    before = was(notice, "login")
    return Told(
        joined(
            *(line, after("from", before)),
            after("as", spaced(role)) if notice.action != "member_removed" else "",
        ),
        url=notice.link("membership", "user", "html_url"),
    )


def repository(notice: Notice) -> Told | None:
    """Tell what became of a repository."""
    form = _REPOSITORIES.get(notice.action)
    if notice.event == "public":
        form = _REPOSITORIES["publicized"]
    line = by_form(notice, form, "")
    if line is None:
        return None
    owner = at(notice.at("changes", "owner"), "from")
    before = was(notice, "repository", "name") or (
        login(at(owner, "user")) or login(at(owner, "organization"))
    )
    edited = _EDITED.get(_only(notice.at("changes"))) if before == "" else None
    if edited and notice.action == "edited":
        line = f"{notice.anybody} edited the {edited} of the repository"
    return Told(
        joined(line, after("from", before)),
        (_about(notice),),
        notice.home if notice.action != "deleted" else "",
    )


def _only(changes: object) -> str:
    """Return what was changed, if it is one thing."""
    names = list(an_object(changes))
    return names[0] if len(names) == 1 else ""


def repository_import(notice: Notice) -> Told | None:
    """Tell how the copying of a repository from elsewhere ended."""
    became = _IMPORTS.get(notice.line("status", limit=40))
    if became is None:
        return None
    line = joined("The import of the repository", became, bracketed(notice.who))
    return Told(line, url=notice.home)


def security_and_analysis(notice: Notice) -> Told:
    """Tell that what GitHub looks for in the code has changed."""
    return Told(
        f"{notice.anybody} changed the security settings of the repository",
        url=notice.home,
    )


def _about(notice: Notice) -> str:
    if notice.action == "created":
        return quoted(notice.line("repository", "description"))
    return after("Its default branch was:", was(notice, "default_branch"))


def org_block(notice: Notice) -> Told | None:
    """Tell who is kept out of an organization."""
    if notice.action not in ("blocked", "unblocked"):
        return None
    who = login(notice.at("blocked_user")) or "somebody"
    return Told(f"{notice.anybody} {notice.action} {who}")


TELLERS: Final[Mapping[str, Teller]] = {
    "star": star,
    "watch": watch,
    "member": member,
    "membership": membership,
    "team": team,
    "team_add": team,
    "organization": organization,
    "repository": repository,
    "public": repository,
    "repository_import": repository_import,
    "security_and_analysis": security_and_analysis,
    "org_block": org_block,
}
