"""What GitHub warns of: weak packages, weak code, secrets that leaked.

Of a secret only its kind is told, never itself.
"""

from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.github_notice import (
    Notice,
    Teller,
    Told,
    after,
    bracketed,
    branch,
    excerpt,
    joined,
    quoted,
    spaced,
)
from gateway.domain.presets.reading import a_line, a_link, an_array, at

_BECAME: Final[Mapping[str, str]] = {
    "created": "was opened",
    "create": "was opened",
    "appeared_in_branch": "appeared in another branch",
    "auto_dismissed": "was dismissed by a rule",
    "auto_reopened": "was reopened by a rule",
    "closed_by_user": "was closed",
    "dismissed": "was dismissed",
    "dismiss": "was dismissed",
    "fixed": "is fixed",
    "publicly_leaked": "is of a secret that leaked in public",
    "reintroduced": "is back",
    "reopened": "was reopened",
    "reopened_by_user": "was reopened",
    "resolve": "is resolved",
    "resolved": "is resolved",
    "revoked": "is of a secret that was revoked",
    "validated": "was checked",
}
_AUTOMATIC: Final = frozenset(["", "github"])
_ADVISORIES: Final[Mapping[str, str]] = {
    "published": "was published",
    "updated": "was updated",
    "withdrawn": "was withdrawn",
    "performed": "was performed",
}


def _line(notice: Notice, kind: str, why: str) -> str | None:
    """Return `Dependabot alert #1 was dismissed by alice (not used)`."""
    became = _BECAME.get(notice.action)
    if became is None:
        return None
    number = notice.line("alert", "number", limit=20)
    by = notice.who if notice.who not in _AUTOMATIC else ""
    is_done = became.startswith("was ") and not became.endswith("by a rule")
    verb = joined(became, after("by", by)) if is_done else became
    return joined(kind, f"#{number}" if number else "", verb, bracketed(spaced(why)))


def dependabot_alert(notice: Notice) -> Told | None:
    """Tell which package is weak, how badly, and which version is not."""
    alert = notice.at("alert")
    line = _line(notice, "Dependabot alert", a_line(at(alert, "dismissed_reason")))
    if line is None:
        return None
    weak = at(alert, "security_vulnerability")
    package = at(alert, "dependency", "package") or at(weak, "package")
    severity = at(weak, "severity") or at(alert, "security_advisory", "severity")
    patched = a_line(at(weak, "first_patched_version", "identifier"), 60)
    advisory = at(alert, "security_advisory")
    name = joined(
        a_line(at(package, "name"), 120), bracketed(a_line(at(package, "ecosystem")))
    )
    return Told(
        line,
        (
            quoted(a_line(at(advisory, "summary"))),
            joined(
                after("severity", a_line(severity, 40)),
                *(name, after("fixed in", patched)),
                a_line(at(alert, "dependency", "manifest_path"), 120),
                by=", ",
            ),
        ),
        a_link(at(alert, "html_url")),
    )


def code_scanning_alert(notice: Notice) -> Told | None:
    """Tell which rule was broken where."""
    alert = notice.at("alert")
    line = _line(notice, "Code scanning alert", a_line(at(alert, "dismissed_reason")))
    if line is None:
        return None
    rule, found = at(alert, "rule"), at(alert, "most_recent_instance")
    level = a_line(at(rule, "security_severity_level"), 40)
    severity = level or a_line(at(rule, "severity"), 40)
    place = joined(
        a_line(at(found, "location", "path"), 160),
        a_line(at(found, "location", "start_line"), 20),
        by=":",
    )
    ref = notice.at("ref") or at(found, "ref")
    return Told(
        line,
        (
            quoted(a_line(at(rule, "description")) or a_line(at(rule, "name"))),
            joined(
                *(after("severity", severity), place, after("on", branch(ref))),
                a_line(at(alert, "tool", "name"), 80),
                by=", ",
            ),
        ),
        a_link(at(alert, "html_url")),
    )


def secret_scanning_alert(notice: Notice) -> Told | None:
    """Tell what kind of secret was found."""
    alert = notice.at("alert")
    line = _line(notice, "Secret scanning alert", a_line(at(alert, "resolution")))
    if line is None:
        return None
    kind = a_line(at(alert, "secret_type_display_name"), 120)
    return Told(
        line,
        (kind or spaced(a_line(at(alert, "secret_type"), 120)),),
        a_link(at(alert, "html_url")),
    )


def secret_scanning_alert_location(notice: Notice) -> Told | None:
    """Tell where a secret was found."""
    if notice.action not in ("", "created"):
        return None
    number = notice.line("alert", "number", limit=20)
    kind = notice.line("alert", "secret_type_display_name", limit=120)
    where = notice.at("location")
    path = a_line(at(where, "details", "path"), 160)
    line = a_line(at(where, "details", "start_line"), 20) if path else ""
    return Told(
        joined(
            *("The secret of alert", f"#{number}" if number else "", "was found in"),
            joined(path, line, by=":") or spaced(a_line(at(where, "type"), 60)),
        ),
        (kind,),
        notice.link("alert", "html_url"),
    )


def repository_vulnerability_alert(notice: Notice) -> Told | None:
    """Tell which package is weak, in the words of GitHub of old."""
    alert = notice.at("alert")
    line = _line(notice, "Security alert", a_line(at(alert, "dismiss_reason")))
    if line is None:
        return None
    name = a_line(at(alert, "affected_package_name"), 120)
    return Told(
        line,
        (
            joined(
                after("severity", a_line(at(alert, "severity"), 40)),
                joined(name, a_line(at(alert, "affected_range"), 80)),
                after("fixed in", a_line(at(alert, "fixed_in"), 60)),
                by=", ",
            ),
        ),
        a_link(at(alert, "html_url")) or a_link(at(alert, "external_reference")),
    )


def security_advisory(notice: Notice) -> Told | None:
    """Tell of a weakness that became known, with the packages that have it."""
    became = _ADVISORIES.get(notice.action)
    if became is None:
        return None
    known = notice.at("security_advisory") or notice.at("repository_advisory")
    name = a_line(at(known, "ghsa_id"), 40)
    packages = [
        a_line(at(weak, "package", "name"), 80)
        for weak in an_array(at(known, "vulnerabilities"))[:3]
    ]
    links = [at(link, "url") for link in an_array(at(known, "references"))[:5]]
    urls = [a_link(link) for link in [at(known, "html_url"), *links] if a_link(link)]
    return Told(
        joined("Security advisory", name, became),
        (
            quoted(a_line(at(known, "summary"))) or excerpt(at(known, "description")),
            joined(
                after("severity", a_line(at(known, "severity"), 40)),
                joined(*dict.fromkeys(packages), by=", "),
                by=", ",
            ),
        ),
        urls[0] if urls else "",
    )


TELLERS: Final[Mapping[str, Teller]] = {
    "dependabot_alert": dependabot_alert,
    "code_scanning_alert": code_scanning_alert,
    "secret_scanning_alert": secret_scanning_alert,
    "secret_scanning_alert_location": secret_scanning_alert_location,
    "repository_vulnerability_alert": repository_vulnerability_alert,
    "security_advisory": security_advisory,
    "repository_advisory": security_advisory,
}
