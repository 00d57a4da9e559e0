"""Events of GitHub, written by hand with the members that its documentation names."""

import json
from pathlib import Path
from typing import Final

from gateway.domain.presets import github

HOME: Final = "https://github.com/acme/rocket"
ALICE: Final = {"login": "alice", "html_url": "https://github.com/alice"}
BOB: Final = {"login": "bob"}
AROUND: Final[dict[str, object]] = {
    "repository": {
        "name": "rocket",
        "full_name": "acme/rocket",
        "html_url": HOME,
        "owner": {"login": "acme"},
    },
    "sender": ALICE,
}
NAMES: Final = (
    *("check_run", "issue_comment", "issues", "ping", "pull_request"),
    *("push", "release", "workflow_run"),
)
SHA: Final = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
NOTHING: Final = "0" * 40


def recorded(name: str) -> dict[str, object]:
    """Return the payload of the event of that name that lies beside this module."""
    text = Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8")
    payload: dict[str, object] = json.loads(text)
    return payload


def told(event: str, **members: object) -> str:
    """Return what is said of an event that Alice caused in the repository."""
    return github.said(event, {**AROUND, **members})


def tale(event: str, **members: object) -> str:
    """Return the first line of it, without the name of the repository."""
    return told(event, **members).partition("\n")[0].removeprefix("acme/rocket: ")
