"""Pushes, branches, releases and packages in words."""

import pytest

from gateway.domain.presets import github_code
from tests.vectors.github.events import BOB, HOME, NOTHING, SHA, tale, told

COMMIT = {"id": SHA, "message": "Fuel it", "author": {"username": "alice"}}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"ref": "refs/heads/main", "commits": [COMMIT]}, "pushed 1 commit to main"),
        (
            {"ref": "refs/heads/main", "commits": [COMMIT, COMMIT], "forced": True},
            "force-pushed 2 commits to main",
        ),
        (
            {"ref": "refs/heads/main", "forced": True, "after": SHA},
            "force-pushed commit 6dcb09b to main",
        ),
        ({"ref": "refs/heads/a/b", "created": True}, "created branch a/b"),
        (
            {"ref": "refs/heads/a/b", "created": True, "commits": [COMMIT]},
            "created branch a/b with 1 commit",
        ),
        ({"ref": "refs/tags/v1", "created": True}, "created tag v1"),
        ({"ref": "refs/tags/v1", "after": SHA}, "pushed to tag v1"),
        ({"ref": "refs/heads/old", "deleted": True}, "deleted branch old"),
        ({"ref": "refs/tags/v1", "after": NOTHING}, "deleted tag v1"),
        ({}, "pushed to a branch"),
    ],
)
def test_a_push_says_what_it_did(members: dict[str, object], expected: str) -> None:
    """Forced, created, deleted, a tag: each in its own words."""
    assert tale("push", **members) == f"alice {expected}"


def test_a_branch_that_is_gone_links_to_the_repository() -> None:
    """There is nothing to compare."""
    text = told("push", ref="refs/heads/old", deleted=True, compare=f"{HOME}/compare")

    assert text.endswith(f"deleted branch old\n{HOME}")


def test_a_push_by_somebody_unknown_names_who_pushed() -> None:
    """A deploy key has no account."""
    assert tale("push", sender=None, pusher={"name": "robot"}) == (
        "robot pushed to a branch"
    )
    assert tale("push", sender=None) == "somebody pushed to a branch"


def test_at_most_five_commits_are_told() -> None:
    """How many more there are is said, for the link to show."""
    lines = told("push", commits=[COMMIT] * 8).split("\n")

    assert lines[1:6] == ["- 6dcb09b Fuel it"] * github_code.MAX_COMMITS
    assert lines[6] == "and 3 more"


@pytest.mark.parametrize(
    ("event", "members", "expected"),
    [
        ("create", {"ref_type": "branch", "ref": "a/b c"}, "created branch a/b c"),
        ("create", {"ref_type": "tag", "ref": "v1"}, "created tag v1"),
        ("create", {"ref_type": "repository"}, "created the repository"),
        ("delete", {"ref_type": "tag", "ref": "v1"}, "deleted tag v1"),
        (
            "commit_comment",
            {"comment": {"commit_id": SHA}},
            "commented on commit 6dcb09b",
        ),
        (
            "commit_comment",
            {"comment": {"commit_id": SHA, "path": "a.py", "line": 3}},
            "commented on commit 6dcb09b (a.py:3)",
        ),
        (
            "fork",
            {"forkee": {"full_name": "bob/rocket"}},
            "forked the repository to bob/rocket",
        ),
        ("fork", {"forkee": {"owner": BOB}}, "forked the repository to bob"),
        ("fork", {}, "forked the repository"),
        (
            "gollum",
            {
                "pages": [
                    {"action": "created", "title": "Home"},
                    {"action": "edited", "page_name": "FAQ", "summary": "typo"},
                ]
            },
            'created wiki page "Home"; edited wiki page "FAQ" (typo)',
        ),
        ("gollum", {}, "changed the wiki"),
    ],
)
def test_what_happened_to_the_code_is_a_line(
    event: str, members: dict[str, object], expected: str
) -> None:
    """Branches, comments, copies and pages."""
    assert tale(event, **members) == f"alice {expected}"


@pytest.mark.parametrize(
    ("kind", "ref", "expected"),
    [
        ("branch", "a/b c#d", f"{HOME}/tree/a/b%20c%23d"),
        ("tag", "v1", f"{HOME}/releases/tag/v1"),
    ],
)
def test_a_new_branch_has_a_link(kind: str, ref: str, expected: str) -> None:
    """Whatever its name is made of."""
    assert told("create", ref_type=kind, ref=ref).split("\n")[1:] == [expected]


@pytest.mark.parametrize(
    ("action", "release", "expected"),
    [
        ("published", {"tag_name": "v1"}, "published release v1"),
        ("published", {"tag_name": "v1", "name": "v1"}, "published release v1"),
        ("published", {"name": "One"}, "published release One"),
        ("created", {"tag_name": "v1", "draft": True}, "created draft release v1"),
        ("edited", {"tag_name": "v1", "prerelease": True}, "edited pre-release v1"),
        ("prereleased", {"tag_name": "v1", "name": "One"}, "pre-released v1 (One)"),
        ("released", {}, "released a release"),
    ],
)
def test_a_release_is_told_by_its_tag(
    action: str, release: dict[str, object], expected: str
) -> None:
    """And by its name, if that says more."""
    assert tale("release", action=action, release=release) == f"alice {expected}"


def test_a_release_that_is_gone_has_no_notes() -> None:
    """Nor a page of its own."""
    release = {"tag_name": "v1", "body": "Notes", "html_url": f"{HOME}/releases/1"}

    text = told("release", action="deleted", release=release)

    assert text == f"acme/rocket: alice deleted release v1\n{HOME}"


@pytest.mark.parametrize("event", ["package", "registry_package"])
def test_a_package_is_told_with_its_version(event: str) -> None:
    """In both names that GitHub has for the event."""
    about = {
        "name": "rocket",
        "package_type": "NPM",
        "description": "It flies.",
        "package_version": {"version": "1.2.0", "html_url": f"{HOME}/packages/1"},
    }

    text = told(event, action="published", **{event: about})

    assert text == (
        "acme/rocket: alice published npm package rocket 1.2.0\n"
        f"> It flies.\n{HOME}/packages/1"
    )


@pytest.mark.parametrize(
    ("tag", "expected"), [("v2", "boat v2"), (None, "boat sha256:6dcb09b5b578")]
)
def test_an_image_is_told_by_its_tag_or_the_beginning_of_its_digest(
    tag: object, expected: str
) -> None:
    """Nobody reads 64 digits."""
    version = {
        "version": f"sha256:{SHA}{SHA[:24]}",
        "container_metadata": {"tag": {"name": tag}},
    }

    line = tale(
        "package",
        action="published",
        package={"name": "boat", "package_version": version},
    )

    assert line.endswith(expected)


@pytest.mark.parametrize("event", ["release", "package", "registry_package"])
def test_an_action_unknown_is_told_by_its_name(event: str) -> None:
    """Nothing is said of it that might be wrong."""
    assert tale(event, action="juggled").startswith("alice juggled ")
