"""The pages are complete, and what they point to exists."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.api import problems
from gateway.domain.model import ErrorClass, EventType
from tests.house import tree

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
SHELL = re.compile(r"^ *```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
LINE_NAME = re.compile(
    r"(?:api_key|delivery|event|gateway|inbound|library|message|participant|public_url|replay"
    r"|request|room|room_token|source|store|stream|webhook)\.[a-z_]+"
)
# Libraries within, and values: what logs is handed in elsewhere.
WITHOUT_LINES = {"domain", "emulator", "room"}


def log_events() -> set[str]:
    """Return the name of each line that the gateway may log.

    They are the first argument of what writes them, at most one helper away; those
    about messages and participants are named after the event.
    """
    found = {
        each.value
        for each in EventType
        if each.value.startswith(("message.", "participant."))
    }
    for path in tree.modules("gateway"):
        if path.relative_to(tree.ROOT).parts[1] not in WITHOUT_LINES:
            for call in tree.calls(path):
                found |= {name for first in call.args[:1] for name in names_in(first)}
    return found


def names_in(argument: ast.expr) -> Iterator[str]:
    """Yield the names that an expression may come to."""
    match argument:
        case ast.Constant(value=str(text)) if LINE_NAME.fullmatch(text):
            yield text
        case ast.IfExp():
            yield from names_in(argument.body)
            yield from names_in(argument.orelse)
        case _:
            pass


@pytest.mark.parametrize("page", tree.documents(), ids=tree.name)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    """A page that moves takes the links to it along."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    dead = [
        target
        for target in targets
        if "://" not in target
        and not target.startswith("mailto:")
        and not (page.parent / target).exists()
    ]

    assert dead == []


def test_every_log_line_is_explained() -> None:
    """Whoever reads a line at night finds its name in docs/operations.md."""
    guide = tree.text("docs/operations.md")

    missing = sorted(name for name in log_events() if f"| `{name}` |" not in guide)

    assert missing == []


def test_every_explained_log_line_is_written_somewhere() -> None:
    """A line that went leaves the guide as well."""
    table = tree.text("docs/operations.md").split("## Log lines")[1].split("\n## ")[0]
    explained = re.findall(r"^\| `([a-z_]+\.[a-z_]+)`", table, re.MULTILINE)

    assert sorted(set(explained) - log_events()) == []


def test_every_event_is_explained() -> None:
    """Whoever subscribes finds each type of event in docs/webhooks.md."""
    guide = tree.text("docs/webhooks.md")

    assert [each for each in EventType if f"`{each.value}`" not in guide] == []


def test_every_kind_of_failed_attempt_is_explained() -> None:
    """Whoever looks at an attempt at night finds there where to look next."""
    page = tree.text("docs/operations.md")

    unexplained = [each for each in ErrorClass if f"`{each}`" not in page]

    assert unexplained == []


@pytest.mark.parametrize("page", tree.documents(), ids=tree.name)
def test_what_pages_have_curl_send_is_json(page: Path) -> None:
    """As the shell hands it on: a quote within quotes ends them."""
    shown = SHELL.findall(page.read_text(encoding="utf-8"))
    words = [shlex.split(each, comments=True) for each in shown if "<<" not in each]

    sent = [
        body
        for each in words
        for option, body in pairwise(each)
        if option == "--json" and body.startswith("{")
    ]

    assert [isinstance(json.loads(body), dict) for body in sent] == [True] * len(sent)


def test_every_problem_is_explained() -> None:
    """Whoever gets a `code` finds it in docs/api.md, with its status."""
    guide = tree.text("docs/api.md")

    missing = [
        (row.status, error.code)
        for error, row in problems.TABLE.items()
        if not re.search(rf"^\| {row.status} \| `{error.code}` \|", guide, re.MULTILINE)
    ]

    assert missing == []


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    """A decision is found by its number, and the list has them all."""
    folder = tree.ROOT / "docs" / "decisions"
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))

    numbers = [int(name[:4]) for name in files]

    assert numbers == list(range(1, len(files) + 1))
    assert [
        name
        for name in files
        if f"({name})" not in tree.text("docs/decisions/README.md")
    ] == []


def test_the_commands_that_pages_name_exist() -> None:
    """`make something` in a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", tree.text("Makefile"), re.MULTILINE))

    named = {
        target
        for page in tree.documents()
        for target in re.findall(
            r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    }

    assert named - targets == set()
