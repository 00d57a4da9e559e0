"""Repositories, teams and people in words."""

import pytest

from tests.vectors.github.events import ALICE, BOB, HOME, tale, told

TEAM = {"name": "crew", "permission": "push"}


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
        ("team_add", {"team": None}, "gave a team access"),
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
        ("member", {"action": "added", "member": ALICE}, "joined the collaborators"),
        (
            "membership",
            {"action": "added", "member": ALICE},
            "added themselves to team crew",
        ),
        (
            "repository",
            {"action": "edited", "changes": {"description": {"from": None}}},
            "edited the description of the repository",
        ),
        (
            "security_and_analysis",
            {},
            "changed the security settings of the repository",
        ),
        ("org_block", {"action": "blocked", "blocked_user": BOB}, "blocked bob"),
    ],
)
def test_what_happened_to_a_place_is_a_line(
    event: str, members: dict[str, object], expected: str
) -> None:
    """Who did what, with whom and as what."""
    line = tale(event, **{"member": BOB, "team": TEAM, **members})

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
    ("status", "expected"),
    [
        ("success", "The import of the repository succeeded (alice)"),
        ("failure", "The import of the repository failed (alice)"),
        ("lost", "Repository import (by alice)"),
    ],
)
def test_an_import_says_how_it_ended(status: str, expected: str) -> None:
    """If that is known."""
    assert tale("repository_import", status=status) == expected


def test_a_new_repository_is_told_with_what_it_is_for() -> None:
    """In the words of whoever made it."""
    repository = {"full_name": "acme/boat", "description": "It floats."}

    text = told("repository", action="created", repository=repository)

    assert text == "acme/boat: alice created the repository\n> It floats."


def test_another_default_branch_is_told_with_the_old_one() -> None:
    """Those who have it need to know."""
    changes = {"default_branch": {"from": "master"}}

    text = told("repository", action="edited", changes=changes)

    assert text == (
        "acme/rocket: alice edited the default branch of the repository\n"
        f"Its default branch was: master\n{HOME}"
    )


@pytest.mark.parametrize(
    "event",
    [
        *("star", "watch", "member", "membership", "team", "organization"),
        *("repository", "org_block"),
    ],
)
def test_an_action_unknown_is_told_by_its_name(event: str) -> None:
    """Nothing is said of it that might be wrong."""
    assert tale(event, action="juggled").startswith("alice juggled ")
