"""Apps, plans and sponsors in words, and the webhook itself."""

import pytest

from tests.vectors.github.events import BOB, tale, told

APP = {"app_slug": "tidy", "account": {"login": "acme"}}


@pytest.mark.parametrize(
    ("event", "members", "expected"),
    [
        (
            "installation",
            {"action": "created", "repositories": [{"full_name": "acme/a"}] * 7},
            "installed tidy on acme/a, acme/a, acme/a, acme/a, acme/a, 2 more",
        ),
        ("installation", {"action": "deleted"}, "uninstalled tidy"),
        ("installation", {"action": "unsuspend"}, "resumed tidy"),
        (
            "installation",
            {
                "action": "created",
                "installation": {**APP, "repository_selection": "all"},
            },
            "installed tidy on all repositories",
        ),
        (
            "github_app_authorization",
            {"action": "revoked"},
            "no longer lets the app act for them",
        ),
        (
            "installation_repositories",
            {"action": "added", "repositories_added": [{"full_name": "acme/a"}]},
            "gave tidy access to acme/a",
        ),
        (
            "installation_repositories",
            {"action": "removed", "repositories_removed": [{"full_name": "acme/a"}]},
            "took access to acme/a from tidy",
        ),
        (
            "sponsorship",
            {
                "action": "created",
                "sponsorship": {"sponsorable": BOB, "tier": {"name": "$5 a month"}},
            },
            "sponsors bob ($5 a month)",
        ),
        (
            "sponsorship",
            {
                "action": "tier_changed",
                "sponsorship": {"sponsorable": BOB, "tier": {"name": "$5 a month"}},
                "changes": {"tier": {"from": {"name": "$9 a month"}}},
            },
            "changed the tier of sponsoring bob ($5 a month, before: $9 a month)",
        ),
        (
            "marketplace_purchase",
            {
                "action": "changed",
                "marketplace_purchase": {"plan": {"name": "Big"}},
                "previous_marketplace_purchase": {"plan": {"name": "Small"}},
            },
            'changed to plan "Big" (it was "Small")',
        ),
        (
            "meta",
            {"action": "deleted", "hook": {"events": ["push"]}},
            "deleted this webhook at GitHub (1 event)",
        ),
    ],
)
def test_what_happened_to_an_app_is_a_line(
    event: str, members: dict[str, object], expected: str
) -> None:
    """Who did what, with which app, and where."""
    line = tale(event, **{"installation": APP, **members})

    assert line == f"alice {expected}"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"hook": {"events": ["*"]}}, "It tells of everything"),
        ({"hook": {"events": ["push", "team_add"]}}, "It tells of push, team add"),
    ],
)
def test_a_ping_says_of_what_it_tells(
    members: dict[str, object], expected: str
) -> None:
    """So one sees at once whether an event is missing."""
    assert told("ping", **members).split("\n")[1] == expected


def test_a_ping_of_an_organization_says_so() -> None:
    """It has no repository."""
    text = told("ping", repository=None, organization={"login": "acme"}, zen="Om.")

    assert text == "acme: GitHub is connected (alice)\nOm."


@pytest.mark.parametrize(
    "event",
    [
        *("installation", "installation_repositories", "sponsorship"),
        *("marketplace_purchase", "meta", "github_app_authorization"),
    ],
)
def test_an_action_unknown_is_told_by_its_name(event: str) -> None:
    """Nothing is said of it that might be wrong."""
    assert tale(event, action="juggled").startswith("alice juggled ")
