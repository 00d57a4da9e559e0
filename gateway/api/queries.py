"""The kinds of values that queries have."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, Field

from gateway.api import problems
from gateway.delivery.moments import read_moment
from gateway.domain.model import EventType
from gateway.domain.routing import is_subscribed

MAX_WORDS: Final = 100  # of one parameter; a store can't ask for any number of them

_WAYS: Final = ("a time such as 2030-01-31T12:00:00Z", "how long ago (10m, 2h, 7d)")
_Value = TypeVar("_Value")


def split(value: object) -> object:
    """Return `a,b`, given once or several times, as a list of words.

    Raises:
        ValueError: They are more than `MAX_WORDS`; none of them has been looked at.
    """
    if not isinstance(value, list):
        return value
    words = [word for each in value for word in str(each).split(",")]
    if len(words) > MAX_WORDS:
        message = f"It should have at most {MAX_WORDS} words, not {len(words)}."
        raise ValueError(message)
    return words


Word = Annotated[str, Field(min_length=1)]
_Few = Field(max_length=MAX_WORDS)
Words = Annotated[list[Word], _Few, BeforeValidator(split)]
Several = Annotated[list[_Value], _Few, BeforeValidator(split)]
Moment = Annotated[
    str,
    Field(
        description="A time (RFC 3339), or how long ago: `90s`, `10m`, `2h`, `7d`.",
        examples=["10m", "2030-01-31T12:00:00Z"],
    ),
]


def moment(
    text: str, now: datetime, *, at: str, besides: Iterable[str] = ()
) -> datetime:
    """Return the moment that a parameter names, in UTC.

    Args:
        text: A time (RFC 3339), or so long before `now`. What a query does to a `+` in
            it is undone.
        now: The present, in UTC.
        at: The parameter, such as `?since`.
        besides: Words that its caller takes instead, and a refusal names.

    Raises:
        Invalid: It names none. It points at the parameter.
    """
    found = read_moment(text.replace(" ", "+"), now)
    if found is None:
        *ways, last = (*_WAYS, *besides)
        detail = f"It should be {', '.join(ways)} or {last}."
        raise problems.invalid(detail, at=at)
    return found


def maybe_moment(text: str | None, now: datetime, *, at: str) -> datetime | None:
    """Return what `moment` does, if the parameter was given."""
    return None if text is None else moment(text, now, at=at)


def event_types(patterns: Iterable[str], *, at: str) -> list[str]:
    """Return the types of events that patterns name, each once.

    Args:
        patterns: Types, prefixes such as `message.*`, or `*`.
        at: The parameter, such as `?events`.

    Raises:
        Invalid: One of them names none. It lists all types.
    """
    named: list[str] = []
    for pattern in patterns:
        found = [each.value for each in EventType if is_subscribed([pattern], each)]
        if not found:
            detail = f"{pattern!r} is no event. Events are {', '.join(EventType)}."
            raise problems.invalid(detail, at=at)
        named += found
    return list(dict.fromkeys(named))


def maybe_event_types(patterns: Iterable[str] | None, *, at: str) -> list[str] | None:
    """Return what `event_types` does, if the parameter was given."""
    return None if patterns is None else event_types(patterns, at=at)


def refuse_unknown(names: Iterable[str], known: frozenset[str]) -> None:
    """Refuse a parameter that is not known: it would be silently ignored.

    Raises:
        Invalid: Pointing at the first of them.
    """
    for name in names:
        if name not in known:
            raise problems.invalid(problems.NO_PARAMETER, at=f"?{name}")
