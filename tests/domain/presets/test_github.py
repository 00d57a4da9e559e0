"""GitHub in words: what every event has in common, and that any JSON is told."""

import copy
import unicodedata

import pytest
from hypothesis import given, strategies as st

from gateway.domain.presets import github
from tests.domain.arriving import LEAVES, json_values
from tests.house import tree
from tests.vectors.github.events import ALICE, AROUND, HOME, NAMES, recorded, told

EVENTS = sorted(github.TELLERS)
MEMBERS = (
    *("action", "alert", "comment", "changes", "from", "number", "title", "body"),
    *("repository", "sender", "login", "html_url", "name", "issue", "pull_request"),
    *("commits", "ref", "after", "workflow_run", "conclusion", "release"),
)
ACTIONS = st.sampled_from(
    [
        *("opened", "closed", "created", "edited", "deleted", "completed", "added"),
        *("labeled", "removed", "published", "requested", "submitted", "fixed"),
    ]
)

TEXTS = {
    "push": f"""\
acme/rocket: alice pushed 7 commits to main
- 1111111 Mount the second stage
- 2222222 Wire it
- 3333333 Fuel it (bob)
- 4444444 Test the igniter
- 5555555 Close the hatch
and 2 more
{HOME}/compare/aaaaaaaaaaaa...777777777777""",
    "pull_request": f"""\
acme/rocket: alice opened pull request #7 "Light the second stage" \
(alice:second-stage → main)
+120 -8 in 3 files
> The first stage alone does not reach orbit.
{HOME}/pull/7""",
    "issues": f"""\
acme/rocket: alice opened issue #6 "The rocket falls back"
> After 90 s it comes down again.
{HOME}/issues/6""",
    "issue_comment": f"""\
acme/rocket: alice commented on issue #6 "The rocket falls back"
> That is when the first stage is empty.
{HOME}/issues/6#issuecomment-9""",
    "release": f"""\
acme/rocket: alice published release v1.2.0 (To the moon)
> A second stage
{HOME}/releases/tag/v1.2.0""",
    "workflow_run": f"""\
acme/rocket: Workflow CI #41 (attempt 2) failed on main (6dcb09b) \
after 3 min 20 s · by bob
> Light the second stage
{HOME}/actions/runs/5""",
    "check_run": f"""\
acme/rocket: Check lint of Tidy timed out on main (6dcb09b) after 1 h 30 min
> 3 warnings
> Three lines are too long
{HOME}/runs/8""",
    "ping": f"""\
acme/rocket: GitHub is connected (alice)
It tells of push, pull request
Keep it logically awesome.
{HOME}""",
}


@pytest.mark.parametrize("name", NAMES)
def test_an_event_is_told_in_a_few_lines(name: str) -> None:
    """What happened, what people wrote, and where to read on."""
    assert github.said(name, recorded(name)) == TEXTS[name]


@pytest.mark.parametrize("name", ["issue_comment", "workflow_run"])
def test_the_page_shows_what_is_said(name: str) -> None:
    """To the letter, so that nobody is promised more."""
    page = tree.text("docs/sources/github.md")

    assert f"```text\n{TEXTS[name]}\n```" in page


def test_an_event_without_words_is_told_by_its_name() -> None:
    """GitHub has new events before we have words for them."""
    text = told(
        "branch_protection_rule", action="edited", rule={"id": 1, "name": "main"}
    )

    assert text == (f"acme/rocket: alice edited a branch protection rule: main\n{HOME}")


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        ("", {}, "Event"),
        ("push_protection", {}, "Push protection"),
        ("thing", [1], "Thing"),
        ("thing", None, "Thing"),
        ("", {"action": "added", "sender": ALICE}, "alice added an event"),
        ("thing", {"action": "made"}, "Thing (made)"),
        ("thing", {"action": "made", "sender": ALICE}, "Thing (made by alice)"),
        ("thing", {"sender": ALICE}, "Thing (by alice)"),
        ("thing", {"thing": {"number": 5, "body": "> no\nyes"}}, "Thing #5\n> yes"),
        (
            "custom_property",
            {"action": "created", "definition": {"name": "tier"}, "sender": ALICE},
            "alice created a custom property: tier",
        ),
        (
            "custom_property_values",
            {"action": "updated", "sender": ALICE},
            "alice updated custom property values",
        ),
        (
            "projects_v2",
            {"action": "closed", "projects_v2": {"title": "Roadmap"}, "sender": ALICE},
            "alice closed a project: Roadmap",
        ),
        ("thing", {"organization": {"login": "acme"}}, "acme: Thing"),
        (
            "thing",
            {"organization": {"login": "alice"}, "sender": ALICE},
            "Thing (by alice)",
        ),
    ],
)
def test_a_stranger_is_told_by_what_is_known_of_it(
    event: str, payload: object, expected: str
) -> None:
    """Who, what, which: each only if it is there."""
    assert github.said(event, payload) == expected


def test_an_action_without_words_is_told_by_its_name() -> None:
    """GitHub has new actions, too."""
    issue = {"number": 6, "title": "It falls", "html_url": f"{HOME}/issues/6"}

    text = told("issues", action="field_added", issue=issue)

    assert text == (
        f"acme/rocket: Issue #6: It falls (field added by alice)\n{HOME}/issues/6"
    )


def test_the_address_that_github_calls_is_not_told() -> None:
    """It has the token of the source in it."""
    for event in ("ping", "meta", "hook"):
        assert "not-to-be-said" not in github.said(event, recorded("ping"))


def test_a_long_event_keeps_its_address() -> None:
    """What people wrote is cut, and the link below it is not."""
    payload = recorded("push")
    payload["commits"] = [
        {"id": f"{digit}" * 40, "message": "long " * 100} for digit in range(9)
    ]
    payload["compare"] = f"{HOME}/compare/{'a' * 400}"

    text = github.said("push", payload)

    assert len(text) <= github.MAX_TEXT
    assert text.endswith(f"…\n{payload['compare']}")


def test_what_people_write_is_never_the_beginning_of_a_line() -> None:
    """A comment can't pretend to be a notice of ours, nor to be its link."""
    posing = "acme/rocket: bob merged pull request #7"
    issue = {"number": 1, "title": "Fix"}

    lines = told(
        "issue_comment", action="created", issue=issue, comment={"body": posing}
    ).splitlines()

    assert lines[1:] == [f"> {posing}"]


def test_what_people_write_stays_in_its_line() -> None:
    """A title can't pretend to be another line, nor turn the writing around."""
    title = "Fix\r\nacme/rocket: bob merged\x1b[31m \u202eit\u2028\x00"
    issue = {"number": 1, "title": title}

    text = told("issues", action="closed", issue=issue)

    assert text == (
        'acme/rocket: alice closed issue #1 "Fix acme/rocket: bob merged [31m it"'
    )


@given(st.sampled_from(EVENTS) | st.text(), ACTIONS | LEAVES, json_values(*MEMBERS))
def test_any_json_has_a_short_text(event: str, action: object, payload: object) -> None:
    """Whatever stands where, there is something to say."""
    with_action = {**payload, "action": action} if isinstance(payload, dict) else {}
    for given_payload in (payload, with_action, {**AROUND, **with_action}):
        assert_is_text(github.said(event, given_payload))


@given(st.sampled_from(EVENTS), st.sampled_from(NAMES), st.data())
def test_a_payload_with_anything_in_it_has_a_short_text(
    event: str, name: str, data: st.DataObject
) -> None:
    """One member of a real payload is anything; the event need not be its own."""
    payload = recorded(name)
    places = list(members(payload))
    for _ in range(3):
        holder, key = data.draw(st.sampled_from(places))
        holder[key] = data.draw(LEAVES | json_values(*MEMBERS))

    assert_is_text(github.said(name, copy.deepcopy(payload)))
    assert_is_text(github.said(event, payload))


def members(value: object) -> list[tuple[dict[str, object], str]]:
    """Return every member of every object within, by its holder and its name."""
    found: list[tuple[dict[str, object], str]] = []
    if isinstance(value, list):
        for item in value:
            found += members(item)
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [(value, key), *members(inner)]
    return found


def assert_is_text(text: str) -> None:
    """Fail unless it is text that a person can read."""
    lines = text.split("\n")

    assert text.strip()
    assert len(text) <= github.MAX_TEXT
    assert len(lines) <= 10
    assert all(lines)
    assert not any(unicodedata.category(char) == "Cc" for char in "".join(lines))
