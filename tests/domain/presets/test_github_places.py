"""Repositories, teams and people in words."""

import pytest

from tests.vectors.github.events import BOB, HOME, tale, told

TEAM = {"name": "crew", "permission": "push"}
APP = {"app_slug": "tidy", "account": {"login": "acme"}}


@pytest.mark.parametrize(
    ("event", "members", "expected"),
    [
        ("star", {"action": "created"}, "starred the repository"),
        ("star", {"action": "deleted"}, "unstarred the repository"),
        ("watch", {"action": "started"}, "started watching the repository"),
        (
            "member",
            {"action": "added", "changes": {"permission": {"to": "write"}}},
            "added bob as a collaborator (as write)",
        ),
        ("member", {"action": "removed"}, "removed bob from the collaborators"),
        (
            "member",
            {"action": "edited", "changes": {"old_permission": {"from": "read"}}},
            "changed what bob may do (before: read)",
        ),
        ("membership", {"action": "added"}, "added bob to team crew"),
        ("membership", {"action": "removed"}, "removed bob from team crew"),
        ("team", {"action": "created"}, "created team crew"),
        (
            "team",
            {"action": "edited", "changes": {"name": {"from": "gang"}}},
            "edited team crew (it was gang)",
        ),
        ("team", {"action": "added_to_repository"}, "gave team crew access (push)"),
        ("team_add", {}, "gave team crew access (push)"),
        (
            "organization",
            {"action": "member_added", "membership": {"user": BOB, "role": "admin"}},
            "added bob to the organization as admin",
        ),
        (
            "organization",
            {"action": "member_removed", "membership": {"user": BOB, "role": "admin"}},
            "removed bob from the organization",
        ),
        (
            "organization",
            {"action": "member_invited", "invitation": {"login": "bob"}},
            "invited bob to the organization",
        ),
        (
            "organization",
            {"action": "renamed", "changes": {"login": {"from": "acne"}}},
            "renamed the organization from acne",
        ),
        ("repository", {"action": "archived"}, "archived the repository"),
        ("repository", {"action": "deleted"}, "deleted the repository"),
        (
            "repository",
            {
                "action": "renamed",
                "changes": {"repository": {"name": {"from": "boat"}}},
            },
            "renamed the repository from boat",
        ),
        (
            "repository",
            {
                "action": "transferred",
                "changes": {"owner": {"from": {"organization": {"login": "acne"}}}},
            },
            "transferred the repository from acne",
        ),
        ("public", {}, "made the repository public"),
        ("org_block", {"action": "blocked", "blocked_user": BOB}, "blocked bob"),
        (
            "installation",
            {"action": "created", "repositories": [{"full_name": "acme/a"}] * 7},
            "installed tidy on acme/a, acme/a, acme/a, acme/a, acme/a, 2 more",
        ),
        ("installation", {"action": "deleted"}, "uninstalled tidy"),
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
            "marketplace_purchase",
            {
                "action": "changed",
                "marketplace_purchase": {"plan": {"name": "Big"}},
                "previous_marketplace_purchase": {"plan": {"name": "Small"}},
            },
            "changed to the plan Big (it was Small)",
        ),
        (
            "meta",
            {"action": "deleted", "hook": {"events": ["push"]}},
            "deleted this webhook at GitHub (1 event)",
        ),
    ],
)
def test_what_happened_to_a_place_is_a_line(
    event: str, members: dict[str, object], expected: str
) -> None:
    """Who did what, with whom and as what."""
    line = tale(event, member=BOB, team=TEAM, installation=APP, **members)

    assert line == f"alice {expected}"


@pytest.mark.parametrize(
    ("stars", "expected"),
    [
        (1, "starred the repository (1 star)"),
        (2_000, "starred the repository (2000 stars)"),
        (True, "starred the repository"),
        ("9", "starred the repository"),
    ],
)
def test_a_star_is_counted(stars: object, expected: str) -> None:
    """If the count is a number."""
    line = tale("star", action="created", repository={"stargazers_count": stars})

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


def test_another_default_branch_is_told_with_the_old_one() -> None:
    """Those who have it need to know."""
    changes = {"default_branch": {"from": "master"}}

    text = told("repository", action="edited", changes=changes)

    assert text == (
        "acme/rocket: alice edited the repository\n"
        f"Its default branch was: master\n{HOME}"
    )


@pytest.mark.parametrize(
    "event",
    [
        *("star", "watch", "member", "membership", "team", "organization"),
        *("repository", "org_block", "installation", "installation_repositories"),
        *("sponsorship", "marketplace_purchase", "meta"),
    ],
)
def test_an_action_unknown_is_told_by_its_name(event: str) -> None:
    """Nothing is said of it that might be wrong."""
    assert tale(event, action="juggled").endswith(f"({event}.juggled)")
