"""Issues and discussions in words."""

import pytest

from tests.vectors.github.events import BOB, HOME, tale, told

ISSUE = {"number": 6, "title": "It falls", "html_url": f"{HOME}/issues/6"}
THING = 'issue #6 "It falls"'
TALK = {"number": 4, "title": "Why fly?", "category": {"name": "Ideas"}}


@pytest.mark.parametrize(
    ("action", "members", "expected"),
    [
        ("opened", {}, f"opened {THING}"),
        ("closed", {}, f"closed {THING}"),
        (
            "closed",
            {"issue": {**ISSUE, "state_reason": "not_planned"}},
            f"closed {THING} as not planned",
        ),
        ("reopened", {}, f"reopened {THING}"),
        ("assigned", {"assignee": BOB}, f"assigned bob to {THING}"),
        ("unassigned", {"assignee": BOB}, f"unassigned bob from {THING}"),
        ("labeled", {"label": {"name": "bug"}}, f"labeled {THING} with bug"),
        ("unlabeled", {"label": {"name": "bug"}}, f"removed label bug from {THING}"),
        (
            "milestoned",
            {"milestone": {"title": "v1"}},
            f"added {THING} to milestone v1",
        ),
        (
            "transferred",
            {"changes": {"new_repository": {"full_name": "acme/boat"}}},
            f"transferred {THING} to acme/boat",
        ),
        ("pinned", {}, f"pinned {THING}"),
        ("labeled", {}, "labeled issue #6: It falls"),
        ("typed", {"type": {"name": "Bug"}}, f"set the type of {THING} to Bug"),
        ("edited", {"changes": {"body": {}}}, f"edited the description of {THING}"),
        (
            "milestoned",
            {"milestone": {"title": "v1"}, "issue": {**ISSUE, "pull_request": {}}},
            'added pull request #6 "It falls" to milestone v1',
        ),
    ],
)
def test_an_issue_says_what_became_of_it(
    action: str, members: dict[str, object], expected: str
) -> None:
    """Every action has its words; one that lacks its object is told plainly."""
    line = tale("issues", action=action, **{"issue": ISSUE, **members})

    assert line == f"alice {expected}"


def test_a_new_title_is_told_with_the_old_one() -> None:
    """Who remembers the old one finds the issue again."""
    text = told(
        "issues", action="edited", issue=ISSUE, changes={"title": {"from": "It flies"}}
    )

    assert text.split("\n")[1] == "Its title was: It flies"


@pytest.mark.parametrize(
    ("event", "members", "expected"),
    [
        ("issue_comment", {"issue": ISSUE}, f"commented on {THING}"),
        (
            "issue_comment",
            {"issue": {**ISSUE, "pull_request": {"url": "x"}}},
            'commented on pull request #6 "It falls"',
        ),
        (
            "discussion_comment",
            {"discussion": TALK},
            'commented on discussion #4 "Why fly?"',
        ),
    ],
)
def test_a_comment_is_told_with_its_first_line(
    event: str, members: dict[str, object], expected: str
) -> None:
    """On an issue, a pull request or a discussion."""
    comment = {
        "body": "# Idea\n\n> you said\n\nFill it.\nThen",
        "html_url": f"{HOME}/1",
    }

    text = told(event, action="created", comment=comment, **members)

    assert text == f"acme/rocket: alice {expected}\n> Fill it.\n{HOME}/1"


def test_a_comment_that_is_gone_is_not_told() -> None:
    """Whoever deleted it did not want it read; whose it was is told."""
    comment = {"body": "Oh", "user": BOB, "html_url": f"{HOME}/issues/6#1"}

    text = told("issue_comment", action="deleted", issue=ISSUE, comment=comment)

    assert text == (
        f"acme/rocket: alice deleted a comment on {THING} (written by bob)\n"
        f"{HOME}/issues/6"
    )


@pytest.mark.parametrize(
    ("event", "action", "members", "expected"),
    [
        ("discussion", "created", {}, 'started discussion #4 "Why fly?" in Ideas'),
        (
            "discussion",
            "category_changed",
            {},
            'moved discussion #4 "Why fly?" to Ideas',
        ),
        ("discussion", "answered", {}, 'chose an answer in discussion #4 "Why fly?"'),
        (
            "milestone",
            "closed",
            {"milestone": {"title": "v1", "due_on": "2026-05-01T07:00:00Z"}},
            "closed milestone v1 (due 2026-05-01)",
        ),
        ("label", "created", {"label": {"name": "bug"}}, "created label bug"),
        (
            "label",
            "edited",
            {"label": {"name": "bug"}, "changes": {"name": {"from": "bugg"}}},
            "edited label bug (it was bugg)",
        ),
        (
            "projects_v2_item",
            "archived",
            {"projects_v2_item": {"content_type": "Issue"}},
            "archived an issue of a project",
        ),
        (
            "projects_v2_item",
            "edited",
            {
                "projects_v2_item": {"content_type": "Issue"},
                "changes": {
                    "field_value": {
                        "field_name": "Status",
                        "from": {"name": "Todo"},
                        "to": {"name": "Done"},
                    }
                },
            },
            "edited an issue of a project (Status: Todo → Done)",
        ),
        (
            "sub_issues",
            "sub_issue_added",
            {"sub_issue": ISSUE, "parent_issue": {"number": 5, "title": "Fly"}},
            f'made {THING} a part of issue #5 "Fly"',
        ),
        (
            "issue_dependencies",
            "blocked_by_added",
            {"blocked_issue": ISSUE, "blocking_issue": {"number": 5, "title": "Fly"}},
            f'marked {THING} as blocked by issue #5 "Fly"',
        ),
        (
            "discussion",
            "transferred",
            {"changes": {"new_repository": {"full_name": "acme/boat"}}},
            'transferred discussion #4 "Why fly?" to acme/boat',
        ),
    ],
)
def test_what_is_around_issues_is_a_line(
    event: str, action: str, members: dict[str, object], expected: str
) -> None:
    """Discussions, milestones, labels, projects."""
    line = tale(event, action=action, **{"discussion": TALK, **members})

    assert line == f"alice {expected}"


@pytest.mark.parametrize(
    "event",
    [
        *("issues", "issue_comment", "discussion", "milestone", "label"),
        *("projects_v2_item", "sub_issues"),
    ],
)
def test_an_action_unknown_is_told_by_its_name(event: str) -> None:
    """Nothing is said of it that might be wrong."""
    assert tale(event, action="juggled").startswith("alice juggled ")
