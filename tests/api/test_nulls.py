"""Examples say what is null."""

from typing import Any

import pytest

from gateway.api.nulls import restore


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"example": {"b": 1}}, {"example": {"a": None, "b": 1}}),
        (
            {"examples": {"one": {"value": {"in": [{}, 2]}}}},
            {"examples": {"one": {"value": {"in": [{"a": None}, 2]}}}},
        ),
    ],
)
def test_a_null_of_an_example_is_put_back(
    said: dict[str, Any], meant: dict[str, Any]
) -> None:
    """Wherever it is, and in its place among the others."""
    restore(said, meant)

    assert repr(said) == repr(meant)


def test_elsewhere_nothing_is_changed() -> None:
    """A schema has its own way of saying that something may be null."""
    said: dict[str, Any] = {"schema": {"type": "string"}, "other": 1}

    restore(said, {"schema": {"type": "string", "default": None}, "model": object})

    assert said == {"schema": {"type": "string"}, "other": 1}
