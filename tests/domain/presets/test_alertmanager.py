"""Alertmanager in words: what fires, where, since when, and what is over."""

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
    "endsAt": "2026-03-14T12:30:00+02:00",
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
        "[RESOLVED] on web-2:9100"
        " (since 2026-03-14 12:00 UTC until 2026-03-14 12:30 +02:00)\n"
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
