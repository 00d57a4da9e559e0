"""Filters: which events a webhook wants, and queries of a payload, in JMESPath.

The library is only loaded once there is a filter.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from typing_extensions import override

MAX_FILTER_CHARACTERS = 1_000

_FILTERS_KEPT = 1_024


class BadFilter(ValueError):
    """A text that is not a filter.

    Attributes:
        position: Where it stops being one: characters before that place.
        problem: What is wrong there.
    """

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(position, problem)
        self.position = position
        self.problem = problem

    @override
    def __str__(self) -> str:
        return f"bad filter at character {self.position}: {self.problem}"


class Filter(Protocol):
    """A filter that can be asked."""

    def accepts(self, envelope: Mapping[str, object], /) -> bool:
        """Say whether an event fits: whether the expression is true of its envelope.

        False are null, false, "", [] and {}, as JMESPath has it; 0 is true. An
        expression that does not apply to this event (`contains` of something that is
        neither text nor array) and one that takes too much work do not fit either.
        Nothing is ever raised.
        """


class Finder(Filter, Protocol):
    """An expression that can also be asked what it finds."""

    def found(self, value: object, /) -> object:
        """Return what the expression finds in a JSON value; nothing is ever raised.

        `None` where it does not apply, finds nothing or takes too much work.
        """


def compile_query(text: str) -> Finder:
    """Return the expression that a text is, with the limits of a filter.

    Raises:
        BadFilter: As with `compile_filter`.
    """
    return _compiled(text)


def compile_filter(text: str) -> Filter:
    """Return the filter that a text says.

    Raises:
        BadFilter: It is longer than `MAX_FILTER_CHARACTERS`, no JMESPath, nested too
            deeply, or calls a function that does not exist or takes other arguments.
    """
    return _compiled(text)


@lru_cache(maxsize=_FILTERS_KEPT)
def _compiled(text: str) -> Finder:
    from gateway.domain import bounded_jmespath  # noqa: PLC0415 - seldom needed

    if len(text) > MAX_FILTER_CHARACTERS:
        problem = f"it is longer than {MAX_FILTER_CHARACTERS} characters"
        raise BadFilter(MAX_FILTER_CHARACTERS, problem)
    try:
        return bounded_jmespath.Query(text)
    except bounded_jmespath.NoQuery as error:
        raise BadFilter(error.position, error.problem) from error
