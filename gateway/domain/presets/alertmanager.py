"""What Prometheus Alertmanager notifies of, and Grafana in its way.

Source: Prometheus, "Configuration" of Alertmanager, `<webhook_config>`, version 4.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.domain.presets.reading import (
    a_line,
    a_link,
    an_array,
    an_object,
    at,
    cut,
    first_line,
    without_nothing,
)

MAX_ALERTS: Final = 10
MAX_TEXT: Final = 4_000

_SINCE: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)"
)
_WHERE: Final = ("instance", "pod", "service", "job", "namespace", "cluster")
_NEVER: Final = "0001-01-01"


def said(payload: object) -> str:
    """Return how many alerts fire and are resolved, and what the first ten say."""
    notice = an_object(payload)
    alerts = an_array(notice.get("alerts"))
    lines = [_head(notice)]
    lines += [_alert(alert, _name(notice)) for alert in alerts[:MAX_ALERTS]]
    more = len(alerts) - MAX_ALERTS
    truncated = notice.get("truncatedAlerts")
    if isinstance(truncated, int) and 0 < truncated < 10**9:
        more = max(more, 0) + truncated
    if more > 0:
        lines.append(f"and {more} more")
    lines.append(a_link(notice.get("externalURL")))
    return cut("\n".join(line for line in lines if line), MAX_TEXT)


def facts(payload: object) -> dict[str, object]:
    """Return the state of the group, its counts, its labels and the first alerts."""
    notice = an_object(payload)
    alerts = an_array(notice.get("alerts"))
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


def _head(notice: Mapping[str, object]) -> str:
    firing, resolved = _count(notice, "firing"), _count(notice, "resolved")
    counts = [f"{firing} firing"] if firing else []
    counts += [f"{resolved} resolved"] if resolved else []
    told = ", ".join(counts) or a_line(notice.get("status")) or "No alerts"
    return ": ".join(part for part in (told, _name(notice)) if part)


def _name(notice: Mapping[str, object]) -> str:
    """Return what all the alerts are called, or what they are grouped by."""
    name = first_line(
        at(notice, "commonLabels", "alertname"), at(notice, "groupLabels", "alertname")
    )
    if name:
        return name
    group = _short(notice.get("groupLabels"))
    return " ".join(f"{label}={value}" for label, value in group.items())[:200]


def _count(notice: Mapping[str, object], status: str) -> int:
    return sum(
        at(alert, "status") == status for alert in an_array(notice.get("alerts"))
    )


def _alert(alert: object, group: str) -> str:
    labels, notes = an_object(at(alert, "labels")), an_object(at(alert, "annotations"))
    status = a_line(at(alert, "status")).upper() or "ALERT"
    name = a_line(labels.get("alertname"))
    severity = a_line(labels.get("severity"))
    where = first_line(*(labels.get(label) for label in _WHERE))
    words = [
        f"[{status}]",
        name if name != group else "",
        severity,
        f"on {where}" if where else "",
    ]
    line = " ".join(word for word in words if word)
    told = first_line(
        notes.get("summary"), notes.get("description"), notes.get("message"), limit=300
    )
    since = _moment(at(alert, "startsAt"))
    until = _moment(at(alert, "endsAt")) if status == "RESOLVED" else ""
    line += f": {told}" if told else ""
    line += f" (since {since}" if since else ""
    line += f" until {until}" if since and until else ""
    return line + (")" if since else "")


def _moment(value: object) -> str:
    found = _SINCE.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[1] == _NEVER:
        return ""
    return f"{found[1]} {found[2]} {'UTC' if found[3] == 'Z' else found[3]}"


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
    pairs = list(an_object(members).items())[:50]
    return {a_line(name): a_line(value, 500) for name, value in pairs}
