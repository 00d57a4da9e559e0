"""What happened to repositories, teams and people at GitHub."""

from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    after,
    bracketed,
    counted,
    joined,
    login,
    spaced,
    was,
)
from gateway.domain.presets.reading import a_line, a_link, an_array, at

_MAX_NAMES: Final = 5

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
_MEMBERS: Final[Mapping[str, str]] = {
    "added": "added {who} as a collaborator",
    "removed": "removed {who} from the collaborators",
    "edited": "changed what {who} may do",
}
_TEAMS: Final[Mapping[str, str]] = {
    "created": "created team {name}",
    "deleted": "deleted team {name}",
    "edited": "edited team {name}",
    "added_to_repository": "gave team {name} access",
    "removed_from_repository": "took access from team {name}",
}
_ORGANIZATIONS: Final[Mapping[str, str]] = {
    "member_added": "added {who} to the organization",
    "member_removed": "removed {who} from the organization",
    "member_invited": "invited {who} to the organization",
    "renamed": "renamed the organization",
    "deleted": "deleted the organization",
}
_INSTALLATIONS: Final[Mapping[str, str]] = {
    "created": "installed {name}",
    "deleted": "uninstalled {name}",
    "suspend": "suspended {name}",
    "unsuspend": "took up {name} again",
    "new_permissions_accepted": "accepted new permissions of {name}",
}
_SPONSORS: Final[Mapping[str, str]] = {
    "created": "sponsors {name}",
    "cancelled": "no longer sponsors {name}",
    "edited": "edited the sponsorship of {name}",
    "tier_changed": "changed the tier of sponsoring {name}",
    "pending_cancellation": "is going to end the sponsorship of {name}",
    "pending_tier_change": "is going to change the tier of sponsoring {name}",
}

_PURCHASES: Final[Mapping[str, str]] = {
    "purchased": "bought {name}",
    "cancelled": "cancelled {name}",
    "changed": "changed to {name}",
    "pending_change": "is going to change to {name}",
    "pending_change_cancelled": "stays with {name}",
}


def _by(notice: Notice, form: str | None, name: str) -> str | None:
    if form is None:
        return None
    return f"{notice.anybody} {form.format(name=name, who=name)}"


def ping(notice: Notice) -> Told:
    """Tell that GitHub reaches us, and of which events it is going to tell."""
    events = [a_line(name, 40) for name in an_array(notice.at("hook", "events"))[:40]]
    told = "everything" if "*" in events else joined(*map(spaced, events), by=", ")
    line = joined("GitHub is connected", bracketed(notice.who))
    return Told(
        line,
        (after("It tells of", a_line(told)), notice.line("zen")),
        notice.link("repository", "html_url"),
    )


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
        url=notice.link("repository", "html_url"),
    )


def watch(notice: Notice) -> Told | None:
    """Tell who wants to hear of the repository."""
    if notice.action not in ("", "started"):
        return None
    return Told(
        f"{notice.anybody} started watching the repository",
        url=notice.link("repository", "html_url"),
    )


def member(notice: Notice) -> Told | None:
    """Tell who may work on the repository."""
    who = login(notice.at("member")) or "somebody"
    line = _by(notice, _MEMBERS.get(notice.action), who)
    if line is None:
        return None
    role = notice.line("changes", "role_name", "to", limit=40)
    may = role or notice.line("changes", "permission", "to", limit=40)
    before = was(notice, "old_permission")
    return Told(
        joined(line, bracketed(after("as", may), after("before:", before))),
        url=notice.link("repository", "html_url"),
    )


def membership(notice: Notice) -> Told | None:
    """Tell who came to a team or left it."""
    form = {"added": "to", "removed": "from"}.get(notice.action)
    if form is None:
        return None
    who = login(notice.at("member")) or "somebody"
    team = notice.line("team", "name", limit=80)
    return Told(
        joined(notice.anybody, notice.action, who, form, "team", team),
        url=notice.link("team", "html_url"),
    )


def team(notice: Notice) -> Told | None:
    """Tell what became of a team."""
    form = _TEAMS.get(notice.action)
    if notice.event == "team_add":
        form = _TEAMS["added_to_repository"]
    name = notice.line("team", "name", limit=80)
    line = _by(notice, form, name)
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
    line = _by(notice, _ORGANIZATIONS.get(notice.action), who)
    if line is None:
        return None
    role = notice.line("membership", "role", limit=40) or notice.line(
        "invitation", "role", limit=40
    )
    before = was(notice, "login")
    return Told(
        joined(
            *(line, after("from", before)),
            after("as", spaced(role)) if notice.action != "member_removed" else "",
        )
    )


def repository(notice: Notice) -> Told | None:
    """Tell what became of a repository."""
    form = _REPOSITORIES.get(notice.action)
    if notice.event == "public":
        form = _REPOSITORIES["publicized"]
    line = _by(notice, form, "")
    if line is None:
        return None
    owner = at(notice.at("changes", "owner"), "from")
    before = was(notice, "repository", "name") or (
        login(at(owner, "user")) or login(at(owner, "organization"))
    )
    return Told(
        joined(line, after("from", before)),
        (_about(notice),),
        notice.link("repository", "html_url") if notice.action != "deleted" else "",
    )


def _about(notice: Notice) -> str:
    if notice.action == "created":
        return notice.line("repository", "description")
    return after("Its default branch was:", was(notice, "default_branch"))


def org_block(notice: Notice) -> Told | None:
    """Tell who is kept out of an organization."""
    if notice.action not in ("blocked", "unblocked"):
        return None
    who = login(notice.at("blocked_user")) or "somebody"
    return Told(f"{notice.anybody} {notice.action} {who}")


def installation(notice: Notice) -> Told | None:
    """Tell what became of an app's installation."""
    slug = notice.line("installation", "app_slug", limit=80)
    line = _by(notice, _INSTALLATIONS.get(notice.action), slug or "the app")
    if line is None:
        return None
    names = _names(notice.at("repositories"))
    return Told(
        joined(line, after("on", names) if notice.action == "created" else ""),
        url=notice.link("installation", "html_url"),
    )


def installation_repositories(notice: Notice) -> Told | None:
    """Tell which repositories an app has, or has no longer."""
    names = {
        "added": _names(notice.at("repositories_added")),
        "removed": _names(notice.at("repositories_removed")),
    }.get(notice.action)
    if names is None:
        return None
    app = notice.line("installation", "app_slug", limit=80) or "the app"
    names = names or "repositories"
    added = f"gave {app} access to {names}"
    removed = f"took access to {names} from {app}"
    return Told(
        joined(notice.anybody, added if notice.action == "added" else removed),
        url=notice.link("installation", "html_url"),
    )


def _names(repositories: object) -> str:
    """Return what repositories are called, the first of them by name."""
    given = an_array(repositories)
    names = [a_line(at(one, "full_name"), 100) for one in given[:_MAX_NAMES]]
    more = len(given) - _MAX_NAMES
    return joined(*names, f"{more} more" if more > 0 else "", by=", ")


def sponsorship(notice: Notice) -> Told | None:
    """Tell who pays for whose work."""
    about = notice.at("sponsorship")
    form = _SPONSORS.get(notice.action)
    who = login(at(about, "sponsor")) or notice.anybody
    if form is None:
        return None
    name = login(at(about, "sponsorable")) or login(at(about, "maintainer"))
    tier = a_line(at(about, "tier", "name"), 60)
    return Told(
        joined(f"{who} {form.format(name=name or 'somebody')}", bracketed(tier)),
        url=a_link(at(about, "sponsorable", "html_url")),
    )


def marketplace_purchase(notice: Notice) -> Told | None:
    """Tell who buys which plan of an app."""
    form = _PURCHASES.get(notice.action)
    if form is None:
        return None
    bought = notice.at("marketplace_purchase")
    who = login(at(bought, "account")) or notice.anybody
    plan = a_line(at(bought, "plan", "name"), 80)
    before = notice.line("previous_marketplace_purchase", "plan", "name", limit=80)
    told = joined(who, form.format(name=joined("the plan", plan)))
    return Told(joined(told, f"(it was {before})" if before else ""))


def meta(notice: Notice) -> Told | None:
    """Tell that GitHub is not going to tell of anything here again."""
    if notice.action != "deleted":
        return None
    events = len(an_array(notice.at("hook", "events")))
    told = bracketed(counted(events, "event")) if events else ""
    return Told(joined(notice.anybody, "deleted this webhook at GitHub", told))


TELLERS: Final[Mapping[str, Teller]] = {
    "ping": ping,
    "star": star,
    "watch": watch,
    "member": member,
    "membership": membership,
    "team": team,
    "team_add": team,
    "organization": organization,
    "repository": repository,
    "public": repository,
    "org_block": org_block,
    "installation": installation,
    "installation_repositories": installation_repositories,
    "sponsorship": sponsorship,
    "marketplace_purchase": marketplace_purchase,
    "meta": meta,
}
