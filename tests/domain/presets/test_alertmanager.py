"""Alertmanager in words: what fires, where, since when, and what is over."""

import pytest
from hypothesis import given

from gateway.domain.presets import alertmanager
from tests.domain.arriving import json_values

FIRING = {
    "status": "firing",
    "labels": {
        "alertname": "HighLatency",
        "severity": "critical",
        "instance": "web-1:9100",
    },
    "annotations": {"summary": "p99 above 2 s"},
    "startsAt": "2026-03-14T12:00:00.123Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "c5f2",
}
RESOLVED = {
    **FIRING,
    "status": "resolved",
    "labels": {"alertname": "HighLatency", "instance": "web-2:9100"},
    "annotations": {},
    "endsAt": "2026-03-14T14:30:00+02:00",
}
NOTICE = {
    "version": "4",
    "groupKey": '{}:{alertname="HighLatency"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "room",
    "groupLabels": {"alertname": "HighLatency"},
    "commonLabels": {"alertname": "HighLatency"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "alerts": [FIRING, RESOLVED],
}
NAMES = (
    "alerts",
    "labels",
    "annotations",
    "status",
    "alertname",
    "startsAt",
    "summary",
)


def test_a_group_is_a_head_its_alerts_and_a_link() -> None:
    """What all the alerts share is said once."""
    assert alertmanager.said(NOTICE) == (
        "1 firing, 1 resolved: HighLatency\n"
        "[FIRING] critical on web-1:9100: p99 above 2 s (since 2026-03-14 12:00 UTC)\n"
        "[RESOLVED] on web-2:9100 (2026-03-14 12:00 to 12:30 UTC)\n"
        "http://alertmanager:9093"
    )


def test_alerts_of_several_names_are_told_with_theirs() -> None:
    """The head has what they are grouped by."""
    other = {**FIRING, "labels": {"alertname": "DiskFull"}}
    notice = {
        **NOTICE,
        "groupLabels": {"team": "web"},
        "commonLabels": {},
        "alerts": [FIRING, other],
    }

    first, second, third, _ = alertmanager.said(notice).splitlines()

    assert first == "2 firing: team=web"
    assert second.startswith("[FIRING] HighLatency critical on web-1:9100: ")
    assert third.startswith("[FIRING] DiskFull: ")


def test_what_tells_alerts_apart_is_told() -> None:
    """The labels that not all of them have; those of the group are in the head."""
    common = {"alertname": "HighLatency", "instance": "web-1:9100", "cluster": "eu"}
    alerts = [
        {**FIRING, "labels": {**common, "device": device}} for device in ("sda", "sdb")
    ]
    group = {"alertname": "HighLatency", "cluster": "eu"}
    notice = {
        **NOTICE,
        "groupLabels": group,
        "commonLabels": common,
        "commonAnnotations": {"runbook_url": "https://runbooks.example/disk"},
        "alerts": alerts,
    }

    assert alertmanager.said(notice) == (
        "2 firing: HighLatency (cluster=eu)\n"
        "[FIRING] on web-1:9100: p99 above 2 s"
        " (device=sda, since 2026-03-14 12:00 UTC)\n"
        "[FIRING] on web-1:9100: p99 above 2 s"
        " (device=sdb, since 2026-03-14 12:00 UTC)\n"
        "Runbook: https://runbooks.example/disk\n"
        "http://alertmanager:9093"
    )


def test_an_alert_of_grafana_is_told_with_its_value_and_panel() -> None:
    """Where nobody wrote what it says."""
    labels = {"alertname": "High CPU", "grafana_folder": "Infra", "host": "web-1"}
    alert = {
        **FIRING,
        "labels": labels,
        "annotations": {},
        "values": {"A": 92.5},
        "panelURL": "https://grafana.example/d/abc?viewPanel=2",
    }
    notice = {
        **NOTICE,
        "groupLabels": {"alertname": "High CPU", "grafana_folder": "Infra"},
        "commonLabels": labels,
        "alerts": [alert],
    }

    assert alertmanager.said(notice) == (
        "1 firing: High CPU\n"
        "[FIRING] (host=web-1, A=92.5, since 2026-03-14 12:00 UTC)\n"
        "https://grafana.example/d/abc?viewPanel=2"
    )


def test_missing_data_is_told_with_the_rule_that_misses_it() -> None:
    """Grafana has its own name for such alerts."""
    labels = {"alertname": "DatasourceNoData", "rulename": "High CPU"}
    notice = {
        "commonLabels": labels,
        "alerts": [{"status": "firing", "labels": labels}],
    }

    assert alertmanager.said(notice) == "1 firing: DatasourceNoData\n[FIRING] High CPU"


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        (
            {
                "title": "[Alerting] CPU",
                "state": "alerting",
                "message": "It is hot",
                "ruleUrl": "https://grafana.example/d/1",
            },
            "[Alerting] CPU: It is hot\nhttps://grafana.example/d/1",
        ),
        ({"status": "resolved"}, "resolved"),
        ({}, "No alerts"),
    ],
)
def test_a_notice_without_alerts_says_what_it_can(
    notice: dict[str, object], expected: str
) -> None:
    """As those of Grafana's old alerting do."""
    assert alertmanager.said(notice) == expected


def test_what_is_over_is_told_after_what_is_not() -> None:
    """Ten that are over must not hide the one that fires."""
    alerts = [RESOLVED] * 12 + [FIRING]

    lines = alertmanager.said({**NOTICE, "alerts": alerts}).splitlines()

    assert lines[0] == "1 firing, 12 resolved: HighLatency"
    assert lines[1].startswith("[FIRING]")
    assert len(lines) == 1 + 10 + 2


def test_much_text_leaves_the_link_whole() -> None:
    """It is what one needs when there is much."""
    alerts = [{**FIRING, "labels": {f"l{i}": "x" * 90 for i in range(9)}}] * 12
    notice = {**NOTICE, "commonLabels": {}, "alerts": alerts}

    text = alertmanager.said(notice)

    assert len(text) <= alertmanager.MAX_TEXT
    assert text.endswith("\nhttp://alertmanager:9093")


def test_many_alerts_are_counted() -> None:
    """Ten are told; those that Alertmanager itself left out count as well."""
    notice = {**NOTICE, "alerts": [FIRING] * 12, "truncatedAlerts": 30}

    lines = alertmanager.said(notice).splitlines()

    assert lines[0] == "12 firing: HighLatency"
    assert len([line for line in lines if line.startswith("[FIRING]")]) == 10
    assert lines[-2] == "and 32 more"


def test_left_out_alerts_are_told_beside_a_few() -> None:
    """Also where fewer than ten came."""
    notice = {**NOTICE, "alerts": [FIRING], "truncatedAlerts": 3}

    assert alertmanager.said(notice).splitlines()[-2] == "and 3 more"


def test_the_facts_are_those_of_the_group() -> None:
    """An agent finds labels and addresses without reading the text."""
    facts = alertmanager.facts({**NOTICE, "alerts": [FIRING]})

    assert facts == {
        "event": "alertmanager",
        "status": "firing",
        "receiver": "room",
        "firing": 1,
        "resolved": 0,
        "labels": {"alertname": "HighLatency"},
        "alerts": [
            {
                "status": "firing",
                "labels": FIRING["labels"],
                "annotations": FIRING["annotations"],
                "starts_at": "2026-03-14T12:00:00.123Z",
                "ends_at": "0001-01-01T00:00:00Z",
                "fingerprint": "c5f2",
                "url": "http://prometheus/graph",
            }
        ],
        "url": "http://alertmanager:9093",
    }


@given(json_values(*NAMES))
def test_any_notice_has_a_short_text(notice: object) -> None:
    """Whatever stands where, there is something to say."""
    for payload in (notice, {"alerts": notice}, {"alerts": [notice, FIRING]}):
        text = alertmanager.said(payload)

        assert text.strip()
        assert len(text) <= alertmanager.MAX_TEXT
        assert isinstance(alertmanager.facts(payload), dict)
