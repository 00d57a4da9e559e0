"""What Prometheus Alertmanager notifies of, and Grafana in its way.

Sources: Prometheus, "Configuration" of Alertmanager, `<webhook_config>`, version 4;
Grafana, "Configure webhook notifications".
"""

from collections.abc import Container, Mapping, Sequence
from itertools import islice
from typing import Final

from gateway.domain.presets.reading import (
    a_line,
    a_link,
    a_moment,
    an_array,
    an_object,
    at,
    first_line,
    over_link,
    without_nothing,
)

MAX_ALERTS: Final = 10
MAX_TEXT: Final = 4_000

_WHERE: Final = ("instance", "pod", "service", "job", "namespace", "cluster")
# Labels that are told in another place, or are of use to machines alone.
_TOLD: Final = frozenset(
    ["alertname", "severity", "grafana_folder", "ref_id", "datasource_uid"]
)
_RUNBOOKS: Final = ("runbook_url", "runbook", "dashboard_url", "dashboard")
_PAGES: Final = ("panelURL", "dashboardURL")  # Of an alert of Grafana.
_MAX_LABELS: Final = 4
_MAX_COUNT: Final = 10**9


def said(payload: object) -> str:
    """Return how many alerts fire and are resolved, and what ten of them say.

    Those that fire come first. Below that what to do about it, and a link: of a single
    alert of Grafana to its panel, else to where the alerts are.
    """
    notice = an_object(payload)
    alerts = _firing_first(notice)
    lines = [_head(notice)]
    lines += [_alert(alert, notice) for alert in alerts[:MAX_ALERTS]]
    more = len(alerts) - MAX_ALERTS
    truncated = notice.get("truncatedAlerts")
    if isinstance(truncated, int) and 0 < truncated < _MAX_COUNT:
        more = max(more, 0) + truncated
    lines.append(f"and {more} more" if more > 0 else "")
    runbook = _first_link(notice.get("commonAnnotations"), _RUNBOOKS)
    lines.append(f"Runbook: {runbook}" if runbook else "")
    return over_link(lines, _link(notice, alerts), MAX_TEXT)


def facts(payload: object) -> dict[str, object]:
    """Return the state of the group, its counts, its labels and ten of its alerts."""
    notice = an_object(payload)
    alerts = _firing_first(notice)
    return without_nothing(
        {
            "event": "alertmanager",
            "status": a_line(notice.get("status")),
            "receiver": a_line(notice.get("receiver")),
            "firing": _count(notice, "firing"),
            "resolved": _count(notice, "resolved"),
            "labels": _short(notice.get("commonLabels")),
            "annotations": _short(notice.get("commonAnnotations")),
            "alerts": [_facts(alert) for alert in alerts[:MAX_ALERTS]],
            "url": a_link(notice.get("externalURL")),
        }
    )


def _firing_first(notice: Mapping[str, object]) -> Sequence[object]:
    alerts = an_array(notice.get("alerts"))
    return sorted(alerts, key=lambda alert: at(alert, "status") != "firing")


def _head(notice: Mapping[str, object]) -> str:
    firing, resolved = _count(notice, "firing"), _count(notice, "resolved")
    counts = [f"{firing} firing"] if firing else []
    counts += [f"{resolved} resolved"] if resolved else []
    if not counts:
        return _without_alerts(notice)
    name, group = _name(notice), _pairs(notice.get("groupLabels"), _shown(notice))
    told = f"{name} ({group})" if name and group else name or group
    return ": ".join(part for part in (", ".join(counts), told) if part)


def _without_alerts(notice: Mapping[str, object]) -> str:
    """Return what a notice says of itself, as one of Grafana's old alerting."""
    title = first_line(notice.get("title"), notice.get("ruleName"), _name(notice))
    message = a_line(notice.get("message"), 300)
    told = ": ".join(part for part in (title, message) if part)
    return told or first_line(notice.get("status"), notice.get("state")) or "No alerts"


def _name(notice: Mapping[str, object]) -> str:
    """Return what all the alerts are called."""
    return first_line(
        at(notice, "commonLabels", "alertname"), at(notice, "groupLabels", "alertname")
    )


def _shown(notice: Mapping[str, object]) -> frozenset[str]:
    """Return the labels that the line of an alert has, so that the head need not."""
    labels = at(next(iter(an_array(notice.get("alerts"))), None), "labels")
    where = next((label for label in _WHERE if a_line(at(labels, label))), "")
    return _TOLD | {where}


def _count(notice: Mapping[str, object], status: str) -> int:
    return sum(
        at(alert, "status") == status for alert in an_array(notice.get("alerts"))
    )


def _alert(alert: object, notice: Mapping[str, object]) -> str:
    labels, notes = an_object(at(alert, "labels")), an_object(at(alert, "annotations"))
    status = a_line(at(alert, "status"), 40).upper() or "ALERT"
    # An alert on missing data has the name of the rule beside that.
    name = first_line(labels.get("rulename"), labels.get("alertname"))
    where = next((label for label in _WHERE if a_line(labels.get(label))), "")
    severity = a_line(labels.get("severity"), 60)
    words = (
        f"[{status}]",
        name if name != _name(notice) else "",
        severity if severity != "none" else "",
        f"on {a_line(labels[where])}" if where else "",
    )
    told = first_line(
        notes.get("summary"), notes.get("description"), notes.get("message"), limit=300
    )
    line = " ".join(word for word in words if word) + (f": {told}" if told else "")
    # What all the alerts have says nothing more of this one.
    common = an_object(notice.get("commonLabels" if told else "groupLabels"))
    beside = (
        _pairs(labels, _TOLD | {where, "rulename"}, common),
        "" if told else _pairs(at(alert, "values")),
        _when(alert, is_over=status == "RESOLVED"),
    )
    details = ", ".join(detail for detail in beside if detail)
    return f"{line} ({details})" if details else line


def _pairs(
    labels: object,
    told: Container[str] = frozenset(),
    common: Container[str] = frozenset(),
) -> str:
    """Return the first labels that are not told elsewhere, as `device=sda, fs=ext4`."""
    pairs = (
        f"{a_line(name, 60)}={a_line(value, 80)}"
        for name, value in an_object(labels).items()
        if name not in told and name not in common and a_line(value, 80)
    )
    return ", ".join(islice(pairs, _MAX_LABELS))


def _when(alert: object, *, is_over: bool) -> str:
    """Return since when it fires, or from when to when it did, in UTC."""
    since, until = a_moment(at(alert, "startsAt")), a_moment(at(alert, "endsAt"))
    if since is None or since.year == 1:  # What Go has for no time at all.
        return ""
    begun = f"{since:%Y-%m-%d %H:%M}"
    if not is_over or until is None or until < since:
        return f"since {begun} UTC"
    end = (
        f"{until:%H:%M}" if until.date() == since.date() else f"{until:%Y-%m-%d %H:%M}"
    )
    return f"{begun} to {end} UTC"


def _link(notice: Mapping[str, object], alerts: Sequence[object]) -> str:
    page = _first_link(alerts[0], _PAGES) if len(alerts) == 1 else ""
    return page or _first_link(notice, ("externalURL", "ruleUrl"))


def _first_link(holder: object, names: Sequence[str]) -> str:
    links = (a_link(at(holder, name)) for name in names)
    return next((link for link in links if link), "")


def _facts(alert: object) -> dict[str, object]:
    return without_nothing(
        {
            "status": a_line(at(alert, "status")),
            "labels": _short(at(alert, "labels")),
            "annotations": _short(at(alert, "annotations")),
            "starts_at": a_line(at(alert, "startsAt")),
            "ends_at": a_line(at(alert, "endsAt")),
            "fingerprint": a_line(at(alert, "fingerprint")),
            "url": a_link(at(alert, "generatorURL")),
        }
    )


def _short(members: object) -> dict[str, str]:
    """Return labels or annotations, at most 50 and each as one line."""
    pairs = islice(an_object(members).items(), 50)
    return {a_line(name): a_line(value, 500) for name, value in pairs}
