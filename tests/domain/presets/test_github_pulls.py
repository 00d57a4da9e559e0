"""Pull requests in words."""

import pytest

from tests.vectors.github.events import ALICE, BOB, HOME, SHA, tale, told

PULL = {
    "number": 7,
    "title": "Light it",
    "html_url": f"{HOME}/pull/7",
    "head": {"ref": "fire"},
    "base": {"ref": "main"},
}
THING = 'pull request #7 "Light it"'
WAY = "(fire → main)"


@pytest.mark.parametrize(
    ("action", "members", "expected"),
    [
        ("opened", {}, f"opened {THING} {WAY}"),
        ("closed", {}, f"closed {THING} {WAY}"),
        ("reopened", {}, f"reopened {THING} {WAY}"),
        ("synchronize", {}, f"pushed to {THING} {WAY}"),
        ("ready_for_review", {}, f"marked {THING} as ready for review {WAY}"),
        ("edited", {"changes": {"body": {}}}, f"edited the description of {THING}"),
        ("edited", {"changes": {"title": {}}}, f"edited the title of {THING}"),
        ("edited", {"changes": {"title": {}, "body": {}}}, f"edited {THING}"),
        ("converted_to_draft", {}, f"turned {THING} into a draft"),
        (
            "review_requested",
            {"requested_reviewer": BOB},
            f"asked bob to review {THING}",
        ),
        (
            "review_requested",
            {"requested_team": {"name": "crew"}},
            f"asked team crew to review {THING}",
        ),
        ("assigned", {"assignee": BOB}, f"assigned bob to {THING}"),
        ("assigned", {"assignee": ALICE}, f"assigned themselves to {THING}"),
        ("labeled", {"label": {"name": "bug"}}, f"labeled {THING} with bug"),
        ("auto_merge_enabled", {}, f"turned on auto-merge of {THING}"),
        ("enqueued", {}, f"added {THING} to the merge queue"),
        (
            "dequeued",
            {"reason": "MERGE_CONFLICT"},
            f"removed {THING} from the merge queue (merge conflict)",
        ),
    ],
)
def test_a_pull_request_says_what_became_of_it(
    action: str, members: dict[str, object], expected: str
) -> None:
    """Every action has its words; where it matters, from where to where it goes."""
    line = tale("pull_request", action=action, pull_request=PULL, **members)

    assert line == f"alice {expected}"


@pytest.mark.parametrize(
    ("merged", "expected"),
    [
        (True, f"merged {THING} {WAY}"),
        (False, f"closed {THING} without merging it {WAY}"),
        ("yes", f"closed {THING} {WAY}"),
    ],
)
def test_merged_is_not_closed(merged: object, expected: str) -> None:
    """GitHub has one action for both."""
    pull = {**PULL, "merged": merged}

    line = tale("pull_request", action="closed", pull_request=pull)

    assert line == f"alice {expected}"


def test_a_draft_is_told_as_one() -> None:
    """Nobody needs to look at it yet."""
    pull = {**PULL, "draft": True}

    line = tale("pull_request", action="opened", pull_request=pull)

    assert line == f'alice opened draft pull request #7 "Light it" {WAY}'


def test_the_branch_of_a_fork_has_its_owner() -> None:
    """Its name alone might be one of ours."""
    head = {"ref": "main", "label": "bob:main", "repo": {"full_name": "bob/rocket"}}
    base = {"ref": "main", "label": "acme:main", "repo": {"full_name": "acme/rocket"}}

    line = tale(
        "pull_request",
        action="reopened",
        pull_request={**PULL, "head": head, "base": base},
    )

    assert line.endswith("(bob:main → main)")


def test_a_branch_that_is_not_known_is_not_told() -> None:
    """Half of the way says nothing."""
    pull = {**PULL, "head": None}

    line = tale("pull_request", action="reopened", pull_request=pull)

    assert line == f"alice reopened {THING}"


def test_another_base_is_told_with_the_old_one() -> None:
    """As is another title."""
    changes = {"base": {"ref": {"from": "dev"}}, "title": {"from": "Fire"}}

    text = told("pull_request", action="edited", pull_request=PULL, changes=changes)

    assert text.split("\n")[1:3] == ["Its title was: Fire", "Its base was: dev"]


@pytest.mark.parametrize(
    ("files", "expected"), [(1, "+3 -0 in 1 file"), (2, "+3 -0 in 2 files")]
)
def test_a_new_pull_request_says_how_large_it_is(files: int, expected: str) -> None:
    """To see whether there is time to read it."""
    pull = {**PULL, "additions": 3, "deletions": 0, "changed_files": files}

    text = told("pull_request", action="opened", pull_request=pull)

    assert text.split("\n")[1] == expected


@pytest.mark.parametrize(
    ("action", "state", "expected"),
    [
        ("submitted", "approved", f"approved {THING}"),
        ("submitted", "CHANGES_REQUESTED", f"requested changes on {THING}"),
        ("submitted", "commented", f"reviewed {THING}"),
        ("submitted", "puzzled", f"reviewed {THING}"),
        ("dismissed", "dismissed", f"dismissed a review of {THING}"),
        ("edited", "approved", f"edited a review of {THING}"),
    ],
)
def test_a_review_says_how_it_judges(action: str, state: str, expected: str) -> None:
    """With its first line."""
    review = {"state": state, "body": "Mind the fuel."}

    text = told("pull_request_review", action=action, pull_request=PULL, review=review)

    assert text == f"acme/rocket: alice {expected}\n> Mind the fuel.\n{HOME}/pull/7"


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ({"path": "a.py", "line": 3}, f"commented on {THING} (a.py:3)"),
        ({"path": "a.py"}, f"commented on {THING} (a.py)"),
        (
            {"path": "a.py", "line": None, "original_line": 9},
            f"commented on {THING} (a.py:9)",
        ),
        ({"line": 3}, f"commented on {THING}"),
    ],
)
def test_a_comment_says_to_which_line(
    comment: dict[str, object], expected: str
) -> None:
    """As far as GitHub says it."""
    line = tale(
        "pull_request_review_comment",
        action="created",
        pull_request=PULL,
        comment=comment,
    )

    assert line == f"alice {expected}"


def test_whose_review_is_dismissed_is_told() -> None:
    """Since somebody else did it."""
    review = {"user": BOB}

    line = tale(
        "pull_request_review", action="dismissed", pull_request=PULL, review=review
    )

    assert line == f"alice dismissed a review of {THING} (written by bob)"


def test_a_thread_is_resolved() -> None:
    """Or it is not."""
    event = "pull_request_review_thread"

    assert tale(event, action="resolved", pull_request=PULL) == (
        f"alice resolved a thread on {THING}"
    )
    assert tale(event, action="unresolved", pull_request=PULL) == (
        f"alice reopened a thread on {THING}"
    )


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("checks_requested", "Checks are asked for in the merge queue of main"),
        ("destroyed", "A group left the merge queue of main (merged)"),
    ],
)
def test_the_merge_queue_says_how_far_it_is(action: str, expected: str) -> None:
    """With the commit that it is about."""
    group = {
        "base_ref": "refs/heads/main",
        "head_commit": {"id": SHA, "message": "Light it\n\nAt last."},
    }

    text = told("merge_group", action=action, reason="merged", merge_group=group)

    assert text == (f"acme/rocket: {expected}\n- 6dcb09b Light it\n{HOME}/commit/{SHA}")


@pytest.mark.parametrize(
    "event",
    [
        *("pull_request", "pull_request_review", "pull_request_review_comment"),
        *("pull_request_review_thread", "merge_group"),
    ],
)
def test_an_action_unknown_is_told_by_its_name(event: str) -> None:
    """Nothing is said of it that might be wrong."""
    assert tale(event, action="juggled").startswith("alice juggled ")
