"""GitHub's warnings in words."""

import pytest

from tests.vectors.github.events import HOME, tale, told

LINK = f"{HOME}/security/1"


def test_a_weak_package_is_told_with_the_version_that_is_not() -> None:
    """What to do follows from it."""
    alert = {
        "number": 1,
        "html_url": LINK,
        "dependency": {
            "package": {"ecosystem": "pip", "name": "ansible"},
            "manifest_path": "requirements.txt",
        },
        "security_advisory": {"summary": "It tells secrets", "severity": "low"},
        "security_vulnerability": {
            "severity": "medium",
            "first_patched_version": {"identifier": "2.9.18"},
        },
    }

    text = told("dependabot_alert", action="created", alert=alert)

    assert text == (
        "acme/rocket: Dependabot alert #1 was opened by alice\n"
        "> It tells secrets\n"
        "severity medium, ansible (pip), fixed in 2.9.18, requirements.txt\n" + LINK
    )


def test_what_a_rule_dismissed_nobody_else_did() -> None:
    """GitHub names whoever made the rule as the sender."""
    line = tale("dependabot_alert", action="auto_dismissed", alert={"number": 1})

    assert line == "Dependabot alert #1 was dismissed by a rule"


def test_weak_code_is_told_with_its_place() -> None:
    """Rule, file and line, branch, and who found it."""
    alert = {
        "number": 2,
        "html_url": LINK,
        "rule": {
            "severity": "error",
            "security_severity_level": "high",
            "description": "Query built from what users write",
        },
        "tool": {"name": "CodeQL"},
        "most_recent_instance": {"location": {"path": "a.py", "start_line": 3}},
    }

    text = told(
        "code_scanning_alert",
        action="fixed",
        alert=alert,
        ref="refs/heads/main",
        sender={"login": "github"},
    )

    assert text == (
        "acme/rocket: Code scanning alert #2 is fixed\n"
        "> Query built from what users write\n"
        "severity high, a.py:3, on main, CodeQL\n" + LINK
    )


def test_a_secret_is_never_told() -> None:
    """What kind it is, is enough to know whose."""
    alert = {
        "number": 3,
        "secret_type": "acme_token",
        "secret": "acme_not_to_be_said",
        "resolution": "revoked",
        "html_url": LINK,
    }

    for event in ("secret_scanning_alert", "secret_scanning_alert_location"):
        for action in ("created", "resolved", "juggled"):
            assert "not_to_be_said" not in told(event, action=action, alert=alert)
    assert told("secret_scanning_alert", action="resolved", alert=alert) == (
        "acme/rocket: Secret scanning alert #3 is resolved (revoked)\n"
        f"acme token\n{LINK}"
    )


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (
            {"type": "commit", "details": {"path": "a.env", "start_line": 1}},
            "a.env:1",
        ),
        ({"type": "issue_body"}, "issue body"),
    ],
)
def test_where_a_secret_was_found_is_told(
    location: dict[str, object], expected: str
) -> None:
    """A file, or another thing that people write into."""
    line = tale(
        "secret_scanning_alert_location",
        action="created",
        alert={"number": 3},
        location=location,
    )

    assert line == f"The secret of alert #3 was found in {expected}"


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("github", "Dependabot alert #1 was dismissed (not used)"),
        ("alice", "Dependabot alert #1 was dismissed by alice (not used)"),
    ],
)
def test_who_dismissed_is_told_if_it_is_a_person(login: str, expected: str) -> None:
    """GitHub itself is nobody to ask."""
    line = tale(
        "dependabot_alert",
        action="dismissed",
        sender={"login": login},
        alert={"number": 1, "dismissed_reason": "not_used"},
    )

    assert line == expected


def test_an_alert_of_old_is_told_as_well() -> None:
    """Servers of companies still send them."""
    alert = {
        "affected_package_name": "rack",
        "affected_range": "< 2.0.6",
        "fixed_in": "2.0.6",
        "severity": "moderate",
        "external_reference": "https://nvd.example/1",
    }

    text = told("repository_vulnerability_alert", action="create", alert=alert)

    assert text == (
        "acme/rocket: Security alert was opened by alice\n"
        "severity moderate, rack < 2.0.6, fixed in 2.0.6\nhttps://nvd.example/1"
    )


@pytest.mark.parametrize("name", ["security_advisory", "repository_advisory"])
def test_an_advisory_is_told_with_its_packages(name: str) -> None:
    """Each of them once."""
    known = {
        "ghsa_id": "GHSA-1",
        "severity": "high",
        "description": "# What\n\nIt leaks.",
        "vulnerabilities": [{"package": {"name": "rack"}}] * 2,
        "references": [{"url": "ftp://x"}, {"url": "https://nvd.example/1"}],
    }

    text = told(name, action="published", **{name: known})

    assert text == (
        "acme/rocket: Security advisory GHSA-1 was published\n"
        "> It leaks.\nseverity high, rack\nhttps://nvd.example/1"
    )


@pytest.mark.parametrize(
    "event",
    [
        *("dependabot_alert", "code_scanning_alert", "secret_scanning_alert"),
        *("secret_scanning_alert_location", "repository_vulnerability_alert"),
        "security_advisory",
    ],
)
def test_an_action_unknown_is_told_by_its_name(event: str) -> None:
    """Nothing is said of it that might be wrong."""
    assert tale(event, action="juggled").startswith("alice juggled ")
