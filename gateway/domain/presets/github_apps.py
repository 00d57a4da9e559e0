"""What happened to apps, plans and sponsors at GitHub, and to the webhook itself."""

from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    after,
    bracketed,
    by_form,
    counted,
    joined,
    login,
    spaced,
)
from gateway.domain.presets.reading import a_line, a_link, an_array, at

_MAX_NAMES: Final = 5

_INSTALLATIONS: Final[Mapping[str, str]] = {
    "created": "installed {name}",
    "deleted": "uninstalled {name}",
    "suspend": "suspended {name}",
    "unsuspend": "resumed {name}",
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
_TIER_BEFORE: Final = ("changes", "tier", "from", "name")


def ping(notice: Notice) -> Told:
    """Tell that GitHub reaches us, and of which events it is going to tell."""
    events = [a_line(name, 40) for name in an_array(notice.at("hook", "events"))[:40]]
    told = "everything" if "*" in events else joined(*map(spaced, events), by=", ")
    line = joined("GitHub is connected", bracketed(notice.who))
    return Told(
        line,
        (after("It tells of", a_line(told)), notice.line("zen")),
        notice.home,
    )


def installation(notice: Notice) -> Told | None:
    """Tell what became of an app's installation."""
    slug = notice.line("installation", "app_slug", limit=80)
    line = by_form(notice, _INSTALLATIONS.get(notice.action), slug or "the app")
    if line is None:
        return None
    is_all = notice.line("installation", "repository_selection") == "all"
    names = "all repositories" if is_all else _names(notice.at("repositories"))
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


def github_app_authorization(notice: Notice) -> Told | None:
    """Tell who no longer lets an app act for them."""
    if notice.action != "revoked":
        return None
    return Told(f"{notice.anybody} no longer lets the app act for them")


def sponsorship(notice: Notice) -> Told | None:
    """Tell who pays for whose work."""
    about = notice.at("sponsorship")
    form = _SPONSORS.get(notice.action)
    who = login(at(about, "sponsor")) or notice.anybody
    if form is None:
        return None
    name = login(at(about, "sponsorable")) or login(at(about, "maintainer"))
    tier = a_line(at(about, "tier", "name"), 60)
    before = after("before:", notice.line(*_TIER_BEFORE, limit=60))
    return Told(
        joined(
            f"{who} {form.format(name=name or 'somebody')}", bracketed(tier, before)
        ),
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
    named = f'plan "{plan}"' if plan else "a plan"
    before = notice.line("previous_marketplace_purchase", "plan", "name", limit=80)
    is_other = before and before != plan
    told = joined(who, form.format(name=named))
    return Told(joined(told, f'(it was "{before}")' if is_other else ""))


def meta(notice: Notice) -> Told | None:
    """Tell that GitHub is not going to tell of anything here again."""
    if notice.action != "deleted":
        return None
    events = len(an_array(notice.at("hook", "events")))
    told = bracketed(counted(events, "event")) if events else ""
    return Told(
        joined(notice.anybody, "deleted this webhook at GitHub", told),
        url=notice.home,
    )


TELLERS: Final[Mapping[str, Teller]] = {
    "ping": ping,
    "installation": installation,
    "installation_repositories": installation_repositories,
    "github_app_authorization": github_app_authorization,
    "sponsorship": sponsorship,
    "marketplace_purchase": marketplace_purchase,
    "meta": meta,
}
