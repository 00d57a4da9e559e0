"""The description of bodies that an endpoint reads by itself."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from gateway.api.bodies import JSON


def body_of(
    model: type[BaseModel], examples: Mapping[str, Any], *, is_needed: bool = True
) -> dict[str, Any]:
    """Return what OpenAPI is told of a JSON body, the models inside written out."""
    schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    for name, inner in schema.pop("$defs", {}).items():
        schema = _inlined(schema, f"#/$defs/{name}", inner)
    content = {"schema": schema, **({"examples": examples} if examples else {})}
    return {"requestBody": {"required": is_needed, "content": {JSON: content}}}


def _inlined(schema: Any, ref: str, inner: Any) -> Any:  # noqa: ANN401  # Any JSON.
    if isinstance(schema, dict):
        if schema.get("$ref") == ref:
            beside = {name: each for name, each in schema.items() if name != "$ref"}
            return {**inner, **beside}
        return {name: _inlined(value, ref, inner) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_inlined(value, ref, inner) for value in schema]
    return schema
