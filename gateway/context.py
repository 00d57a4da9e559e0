"""What every line of the log tells besides: whose work it is of."""

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

_FACTS: Final[ContextVar[Mapping[str, object]]] = ContextVar(
    "facts", default=MappingProxyType({})
)


def bind(**facts: object) -> None:
    """Have facts told from now on by the task at hand, and by those that it begins."""
    _FACTS.set({**_FACTS.get(), **facts})


def bound() -> Mapping[str, object]:
    """Return the facts that were bound."""
    return _FACTS.get()
