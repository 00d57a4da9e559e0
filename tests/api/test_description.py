"""The OpenAPI document: complete, consistent, and ours."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.api.description import describe, methods
from gateway.api.service import create_framework
from gateway.cli.openapi import description
from tests.fakes.bridge import Bridge


@pytest.fixture(scope="module", params=["smallest", "whole"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The description of an application, without and with all that it may serve."""
    if request.param == "smallest":
        return describe(create_framework(Bridge().services()))
    whole: dict[str, Any] = json.loads(description())
    return whole


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk all operations, each with its path."""
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def places(operation: dict[str, Any]) -> set[tuple[str, str]]:
    """Return where an operation's parameters are, and their names."""
    return {(each["in"], each["name"]) for each in operation.get("parameters", ())}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """No schema or example is missing."""
    references = set(re.findall(r"#/components/(\w+)/(\w+)", json.dumps(document)))

    missing = [(k, n) for k, n in references if n not in document["components"][k]]

    assert missing == []


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    """Generated clients get one method each, in a group, with a summary."""
    named = [each for _, each in operations(document)]

    assert len({each["operationId"] for each in named}) == len(named)
    assert all(each["tags"] and each["summary"] for each in named)


def test_every_failure_is_a_problem(document: dict[str, Any]) -> None:
    """The framework's own shapes are nowhere."""
    text = json.dumps(document)

    assert "HTTPValidationError" not in text
    for _, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"]


def test_the_bodies_of_sends_are_described_in_three_ways(
    document: dict[str, Any],
) -> None:
    """JSON, form and multipart, each with examples."""
    content = document["paths"]["/send"]["post"]["requestBody"]["content"]

    assert set(content) == {
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }
    assert all(each["examples"] for each in content.values())


def test_examples_say_what_is_null() -> None:
    """A patch that takes something back, and an answer with all of its members."""
    paths = json.loads(description())["paths"]
    one = paths["/sources/{source_id}"]
    json_of = "application/json"

    patch = one["patch"]["requestBody"]["content"][json_of]["examples"]["reworded"]
    shown = one["get"]["responses"]["200"]["content"][json_of]["example"]

    assert patch["value"]["filter"] is None
    assert (shown["to"], shown["last_request"]["reason"]) == (None, None)


def test_no_name_of_python_shows(document: dict[str, Any]) -> None:
    """Schemas are called what they are for callers."""
    names = document["components"]["schemas"]

    assert {"Send", "Broadcast", "Receipt", "Room", "Participant"} <= set(names)
    assert not any(name.endswith(("Body", "Shape")) for name in names)


def test_what_a_path_leaves_open_is_described(document: dict[str, Any]) -> None:
    """Or nobody could fill it in, a generated client least of all."""
    left_open = [
        (path, name)
        for path, operation in operations(document)
        for name in re.findall(r"{(\w+)}", path)
        if ("path", name) not in places(operation)
    ]

    assert left_open == []


def test_open_addresses_are_marked(document: dict[str, Any]) -> None:
    """All others need a key."""
    is_open = {p for p, each in operations(document) if each.get("security") == []}

    assert is_open == {"/", "/healthz", "/readyz"}
    assert document["security"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/send", {"POST"}),
        ("/rooms/lobby", {"GET", "HEAD"}),
        ("/rooms/lobby/attributes", {"PATCH"}),
        ("/nowhere", set()),
    ],
)
def test_the_methods_of_a_path_are_known(
    document: dict[str, Any], path: str, found: set[str]
) -> None:
    """Whatever is in its variables."""
    assert methods(document, path) == found
