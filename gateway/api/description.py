"""The OpenAPI description: what FastAPI knows, completed by what it cannot see."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute, compile_path

from gateway.api import problems, shapes
from gateway.api.batch_bodies import BatchBody
from gateway.api.nulls import restore
from gateway.api.schemas import BroadcastBody, ReplyBody, SendBody, form_schema

TITLE: Final = "MeshAgent Gateway"
SUMMARY: Final = "HTTP and webhooks for MeshAgent rooms"
DESCRIPTION: Final = """\
Say something to people and agents in a MeshAgent room, see who is there, read what was
said, have what they say brought to a webhook, and what third parties send said to them.

**A 5xx means that nothing was accepted: repeat it safely. A 4xx means that nothing was
or will be said. 200 and 202: read `status`.**

Times are RFC 3339 in UTC with milliseconds. With one room configured, `room` may be
left out everywhere. Fields that are not known are refused. Failures are problem
documents (RFC 9457); rely on their `code`.

Changes to this API are additive; anything else comes under another path.
"""
TAGS: Final = (
    ("Sending", "Say something in a room."),
    ("Participants", "See who is there."),
    ("Messages", "Read what was said."),
    ("Events", "Read what happened, live or from any place on."),
    ("Rooms", "Look after the link to each room."),
    ("Webhooks", "Have events brought to an address of yours."),
    ("Deliveries", "What is owed to webhooks, and what became of it."),
    ("Sources", "Take in the webhooks of third parties, and say them in a room."),
    ("Gateway", "The gateway itself."),
)
_SECURITY: Final[dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The key as user or as password: `curl -u :KEY`.",
    },
}
_SCHEMAS: Final = "#/components/schemas/"
_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_FRAMEWORKS_OWN: Final = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an app, complete with errors and bodies."""
    document = get_openapi(
        title=TITLE,
        summary=SUMMARY,
        description=DESCRIPTION,
        version=app.version,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/"}],
    )
    _restore_examples(document["paths"], app.routes)
    components = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    schemas.update(_further_schemas())
    schemas[problems.SCHEMA_NAME] = problems.schema()
    components["examples"] = problems.examples()
    components["securitySchemes"] = _SECURITY
    document["security"] = [{name: []} for name in _SECURITY]
    for path in document["paths"].values():
        for method in path.keys() & _METHODS:
            _complete(path[method])
    names = {name: schema.get("title", name) for name, schema in schemas.items()}
    # Names in Python tell requests and answers from values; callers need not know.
    renamed: dict[str, Any] = _renamed(document, names)
    kept = renamed["components"]
    kept["schemas"] = {names[key]: kept["schemas"][key] for key in sorted(names)}
    return renamed


def methods(document: Mapping[str, Any], path: str) -> set[str]:
    """Return the methods that a document describes for a path; HEAD comes with GET."""
    found: set[str] = set()
    for template, operations in document["paths"].items():
        if compile_path(template)[0].match(path):
            found |= {name.upper() for name in operations.keys() & _METHODS}
    return found | {"HEAD"} if "GET" in found else found


def _restore_examples(paths: Mapping[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Have examples say what is null."""
    for route in _described(routes):
        answers = {str(status): told for status, told in route.responses.items()}
        for method in route.methods or ():
            operation = paths[route.path_format][method.lower()]
            restore(operation, route.openapi_extra or {})
            restore(operation["responses"], answers)


def _described(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """Yield the routes of an app that are described, those of its routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _described(included.routes)
        elif isinstance(route, APIRoute) and route.include_in_schema:
            yield route


def _further_schemas() -> dict[str, Any]:
    _, described = models_json_schema(
        [
            (SendBody, "validation"),
            (BroadcastBody, "validation"),
            (ReplyBody, "validation"),
            (BatchBody, "validation"),
            (shapes.Receipt, "serialization"),
            (shapes.Rehearsed, "serialization"),
            (shapes.BatchAnswer, "serialization"),
        ],
        ref_template="#/components/schemas/{model}",
    )
    found: dict[str, Any] = described["$defs"]
    for name, title in (
        ("SendBody", "Send"),
        ("BroadcastBody", "Broadcast"),
        ("ReplyBody", "Reply"),
    ):
        for suffix, files in (("Form", False), ("Multipart", True)):
            form = form_schema(found[name], files=files)
            found[title + suffix] = {**form, "title": title + suffix}
    return found


def _renamed(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401  # any part of a JSON document
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(each, names) for key, each in value.items()}
    reference = renamed.get("$ref")
    if isinstance(reference, str) and reference.startswith(_SCHEMAS):
        name = reference.removeprefix(_SCHEMAS)
        renamed["$ref"] = _SCHEMAS + names.get(name, name)
    return renamed


def _complete(operation: dict[str, Any]) -> None:
    """Turn the framework's own 422 into ours, and name the answer to all else."""
    reference = {"$ref": f"#/components/schemas/{problems.SCHEMA_NAME}"}
    answers: dict[str, Any] = operation["responses"]
    given = answers.get("422", {}).get("content", {})
    if problems.MEDIA_TYPE not in given:
        answers.pop("422", None)
    answers["default"] = {
        "description": "Any other failure, as a problem document.",
        "content": {problems.MEDIA_TYPE: {"schema": reference}},
    }
