"""The description of bodies that an endpoint reads by itself."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from gateway.api import repeats
from gateway.api.asked import MAX_WAIT_S
from gateway.api.bodies import FORM, JSON, MULTIPART

_NOWHERE: Final[Mapping[str, str]] = {}


def body_of(
    model: type[BaseModel], examples: Mapping[str, Any], *, is_needed: bool = True
) -> dict[str, Any]:
    """Return what OpenAPI is told of a JSON body, the models inside written out."""
    schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    for name, inner in schema.pop("$defs", {}).items():
        schema = _inlined(schema, f"#/$defs/{name}", inner)
    content = {"schema": schema, **({"examples": examples} if examples else {})}
    return {"requestBody": {"required": is_needed, "content": {JSON: content}}}


def message_of(
    schema: str,
    shown: Mapping[str, Any],
    in_path: Mapping[str, str] = _NOWHERE,
    *,
    usual_wait: str = "5, and 0 while the room is away,",
) -> dict[str, Any]:
    """Return what FastAPI cannot see of a route that takes messages.

    That is its path, query, headers and body.

    Args:
        schema: Name of the body's schema.
        shown: Examples by Content-Type.
        in_path: Names in the path, and what each is.
        usual_wait: How long it is waited, in seconds, if nothing is said.
    """
    suffixes = {FORM: "Form", MULTIPART: "Multipart"}
    base = f"#/components/schemas/{schema}"
    return {
        "requestBody": {
            "required": True,
            "content": {
                kind: {
                    "schema": {"$ref": base + suffixes.get(kind, "")},
                    "examples": shown[kind],
                }
                for kind in shown
            },
        },
        "parameters": [
            *(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "description": what,
                    "schema": {"type": "string"},
                }
                for name, what in in_path.items()
            ),
            {
                "name": "wait",
                "in": "query",
                "description": "Seconds to hold the answer for the room's"
                f" acknowledgement; {usual_wait} if left out.",
                "schema": {"type": "integer", "minimum": 0, "maximum": MAX_WAIT_S},
            },
            {
                "name": "dry_run",
                "in": "query",
                "description": "Only say who would get it, or why not.",
                "schema": {"type": "boolean", "default": False},
            },
            {
                "name": "Prefer",
                "in": "header",
                "description": "`wait=N` is the same as `?wait=N` (RFC 7240).",
                "schema": {"type": "string"},
                "example": "wait=10",
            },
            dict(repeats.PARAMETER),
        ],
    }


def _inlined(schema: Any, ref: str, inner: Any) -> Any:  # noqa: ANN401  # Any JSON.
    if isinstance(schema, dict):
        if schema.get("$ref") == ref:
            beside = {name: each for name, each in schema.items() if name != "$ref"}
            return {**inner, **beside}
        return {name: _inlined(value, ref, inner) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_inlined(value, ref, inner) for value in schema]
    return schema
