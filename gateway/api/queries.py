"""The kinds of values that queries have."""

import re
from collections.abc import Iterable
from typing import Annotated, Final, TypeVar

from pydantic import AwareDatetime, BeforeValidator, Field

from gateway.api import problems

_Value = TypeVar("_Value")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]")  # RFC 3339 §5.6


def split(value: object) -> object:
    """Return `a,b`, given once or several times, as a list of words."""
    if not isinstance(value, list):
        return value
    return [word for each in value for word in str(each).split(",")]


def mended(value: object) -> object:
    """Undo what a query does to `+` in a time; `ValueError` for a bare number."""
    if not isinstance(value, str):
        return value
    if not _TIME.match(value):
        message = "It should be a time such as 2030-01-31T12:00:00Z."
        raise ValueError(message)
    return value.replace(" ", "+")


Word = Annotated[str, Field(min_length=1)]
Words = Annotated[list[Word], BeforeValidator(split)]
Several = Annotated[list[_Value], BeforeValidator(split)]
Time = Annotated[AwareDatetime, BeforeValidator(mended)]


def refuse_unknown(names: Iterable[str], known: frozenset[str]) -> None:
    """Refuse a parameter that is not known: it would be silently ignored.

    Raises:
        Invalid: Pointing at the first of them.
    """
    for name in names:
        if name not in known:
            detail = "There is no such parameter."
            raise problems.invalid(detail, at=f"?{name}")
