"""Nulls in the examples of the description, which the framework leaves out."""

from collections.abc import Mapping
from typing import Any, Final

_EXAMPLES: Final = frozenset({"example", "examples"})


def restore(said: object, meant: object, *, is_example: bool = False) -> None:
    """Put the nulls of examples back into a part of the description.

    An answer has all of its members; an example without those that are null, or a
    merge patch without what it takes back, would be another.

    Args:
        said: The part as the framework wrote it; it is changed.
        meant: The same part as it was given.
        is_example: Whether it is within an example.
    """
    if isinstance(said, dict) and isinstance(meant, Mapping):
        for name, value in meant.items():
            if name in said:
                inside = is_example or name in _EXAMPLES
                restore(said[name], value, is_example=inside)
        if is_example and None in meant.values():
            _complete(said, meant)
    elif isinstance(said, list) and isinstance(meant, list | tuple):
        for one, other in zip(said, meant, strict=False):
            restore(one, other, is_example=is_example)


def _complete(said: dict[str, Any], meant: Mapping[str, object]) -> None:
    """Put nulls back among the members of an example, in the order of those given."""
    for name, value in meant.items():
        if name in said or value is None:
            said[name] = said.pop(name, None)
