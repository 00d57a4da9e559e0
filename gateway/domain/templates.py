"""Templates: an event said as its receiver wants to hear it.

A template is JSON whose strings are Liquid. Each string is rendered by itself and the
whole is written as JSON after that, so no quote and no line break in a message can
break it or add to it. A template that is a string alone is rendered to text.

The library is only loaded once there is a template.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from typing_extensions import override

from gateway.domain import liquid_text, rendering

if TYPE_CHECKING:
    from gateway.domain.bounded_liquid import Budget, Leaf

MAX_TEMPLATE_BYTES = 65_536  # As JSON.
MAX_LEAVES = 1_000
MAX_DEPTH = 20

_TEMPLATES_KEPT = 128


class BadTemplate(ValueError):
    """A value that is not a template.

    Attributes:
        pointer: Which of its strings is not Liquid, as a JSON Pointer (RFC 6901).
        line: Where in it, counted from 1.
        column: The place in that line, counted from 1.
        problem: What is wrong there.
    """

    def __init__(
        self, *, problem: str, pointer: str = "", line: int = 1, column: int = 1
    ) -> None:
        super().__init__(problem, pointer, line, column)
        self.pointer = pointer
        self.problem = problem
        self.line = line
        self.column = column

    @override
    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}"
        inside = f"{self.pointer}, {where}" if self.pointer else where
        return f"bad template at {inside}: {self.problem}"


class TemplateFailed(ValueError):
    """An event that a template could not say; the sentence shows nothing of it."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was understood.

    Attributes:
        is_json: Whether it renders to JSON; if not, to text.
    """

    is_json: bool
    _tree: object

    def render(self, variables: Mapping[str, object]) -> bytes:
        """Return an event as the template has it, in UTF-8.

        Args:
            variables: What it can name: JSON, as Python has it. Other names are empty.

        Raises:
            TemplateFailed: A filter met a value that it cannot work with, or rendering
                takes more loops, output or work than it may.
        """
        from gateway.domain import bounded_liquid  # noqa: PLC0415 - loaded by now

        try:
            said = _rendered(self._tree, variables, bounded_liquid.Budget())
        except bounded_liquid.LeafFailed as error:
            message = f"the template failed: {error}"
            raise TemplateFailed(message) from error
        if self.is_json:
            return rendering.utf8(_dumps(said))
        return str(said).encode("utf-8", "replace")


def compile_template(value: object, *, is_json: bool) -> Template:
    """Return the template that a value is.

    Args:
        value: JSON, as Python has it. Keys are taken as they are.
        is_json: Whether it renders to JSON; if not, it must be a string.

    Raises:
        BadTemplate: It is larger or deeper than templates may be, not JSON, or one of
            its strings is not Liquid.
    """
    try:
        size = len(_dumps(value).encode("utf-8", "surrogatepass"))
    except (TypeError, ValueError, RecursionError) as error:
        raise BadTemplate(problem="it is not JSON") from error
    if size > MAX_TEMPLATE_BYTES:
        raise BadTemplate(problem=f"it is longer than {MAX_TEMPLATE_BYTES} bytes")
    if not is_json and not isinstance(value, str):
        raise BadTemplate(problem="a template for text is a string")
    return Template(is_json=is_json, _tree=_Compiler().tree(value, "", 0))


@lru_cache(maxsize=_TEMPLATES_KEPT)
def stored_template(text: str, *, is_json: bool) -> Template:
    """Return the template whose JSON is a text: `compile_template`, remembered.

    Raises:
        BadTemplate: The text is not JSON, or its value is not a template.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadTemplate(problem="it is not JSON") from error
    return compile_template(value, is_json=is_json)


class _Compiler:
    """Compiles the strings of a template, of which there may be so many."""

    def __init__(self) -> None:
        self._left = MAX_LEAVES

    def tree(self, value: object, pointer: str, depth: int) -> object:
        """Return a value with its strings compiled."""
        if depth > MAX_DEPTH:
            problem = f"it is over {MAX_DEPTH} levels deep"
            raise BadTemplate(pointer=pointer, problem=problem)
        if isinstance(value, str):
            return self._leaf(value, pointer)
        if isinstance(value, Mapping):
            return {
                name: self.tree(inner, f"{pointer}/{_escaped(name)}", depth + 1)
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [
                self.tree(inner, f"{pointer}/{index}", depth + 1)
                for index, inner in enumerate(value)
            ]
        return value

    def _leaf(self, source: str, pointer: str) -> "Leaf":
        from gateway.domain import bounded_liquid  # noqa: PLC0415 - seldom needed

        self._left -= 1
        if self._left < 0:
            problem = f"it has more than {MAX_LEAVES} strings"
            raise BadTemplate(pointer=pointer, problem=problem)
        try:
            return bounded_liquid.Leaf(source, pointer)
        except liquid_text.NoLeaf as error:
            raise BadTemplate(
                pointer=pointer,
                problem=error.problem,
                line=error.line,
                column=error.column,
            ) from error


def _rendered(
    tree: object, variables: Mapping[str, object], budget: "Budget"
) -> object:
    from gateway.domain.bounded_liquid import Leaf  # noqa: PLC0415 - loaded by now

    if isinstance(tree, Leaf):
        return tree.render(variables, budget)
    if isinstance(tree, dict):
        return {
            name: _rendered(inner, variables, budget) for name, inner in tree.items()
        }
    if isinstance(tree, list):
        return [_rendered(inner, variables, budget) for inner in tree]
    return tree


def _escaped(name: str) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
