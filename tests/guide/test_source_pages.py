"""What the pages of sources say beside their commands is so."""

import json
import re

import pytest

from gateway.api.source_shapes import VerifyBody
from gateway.domain.model import InboundState, Profile, Verification
from gateway.inbound import terms
from gateway.inbound.amending import amend, rotated
from tests.fakes.inbound import SECRET, a_source, room_of
from tests.house import tree

PAGES = ("README", "alertmanager", "github", "hmac", "slack", "stripe")
SIGNED = a_source(verify=Verification(Profile.BEARER, (SECRET,)))
FRAGMENT = re.compile(r'`("(\w+)":[^`]*)`')
SECTION = tree.text("docs/api.md").split("\n## Sources\n")[1].split("\n## ")[0]


def fragments() -> list[tuple[str, str, str]]:
    """Return the members of JSON within sentences: page, member, all of it."""
    return [
        (page, name, text)
        for page in PAGES
        for text, name in FRAGMENT.findall(tree.text(f"docs/sources/{page}.md"))
    ]


def first_cells(table: str) -> list[str]:
    """Return the code that the rows of tables begin with."""
    return re.findall(r"^\| `([^`]+)`", table, flags=re.MULTILINE)


def named(text: str) -> set[str]:
    """Return the members that the rows of tables are about."""
    rows = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"(\w+)\"?(?::true)?`", row)}


@pytest.mark.parametrize(("page", "name", "text"), fragments())
def test_a_member_that_a_sentence_names_is_taken(
    page: str, name: str, text: str
) -> None:
    """As it stands there: whoever copies it into a body is not refused."""
    if "…" in text:
        assert name == "secrets", page
        return
    body = json.loads("{" + text + "}")

    if name == "keep":
        assert rotated(SIGNED, {"secret": "new", **body}).verify.secrets
    else:
        assert amend(a_source(), body, room_of).name


def test_every_profile_is_listed() -> None:
    """With what it proves by, and the secret that it wants."""
    table = tree.text("docs/sources/hmac.md").split("\n## Which profile\n")[1]

    listed = first_cells(table)
    assert sorted(listed[1:]) == sorted(Profile)
    assert listed[0] == "verify.profile"


def test_every_field_of_a_source_is_explained() -> None:
    """In the order of the page, with none that is not there."""
    table, verify = SECTION.split("\n`verify.profile` is ")

    assert named(table) == set(terms.as_json(a_source()))
    assert named(verify.split("\n### ")[0]) | {"profile"} == set(
        VerifyBody.model_fields
    )


def test_every_status_is_explained() -> None:
    """Where the requests of a source are."""
    for state in InboundState:
        assert f"`{state.value}`" in SECTION
        assert f"`{state.value}`" in tree.text("docs/sources/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_section_with_commands_is_followed(page: str) -> None:
    """By a test that names the page and the section."""
    sections = tree.text(f"docs/sources/{page}.md").split("\n## ")[1:]
    followed = tree.text("tests/guide/test_sources.py")

    for section in sections:
        title = section.partition("\n")[0]
        assert "```sh" not in section or f'"{title}"' in followed, title
