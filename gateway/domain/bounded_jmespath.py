"""JMESPath for expressions and data from strangers: checked first, and bounded.

Source: JMESPath specification, https://jmespath.org/specification.html
"""

import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from jmespath.exceptions import (
    EmptyExpressionError,
    IncompleteExpressionError,
    LexerError,
    ParseError,
)
from jmespath.functions import Functions
from jmespath.lexer import Lexer
from jmespath.parser import Parser
from jmespath.visitor import Options, TreeInterpreter
from typing_extensions import override

from gateway.domain.weight import Allowance

if TYPE_CHECKING:
    from jmespath.visitor import _TreeNode as Node

MAX_BRACKETS = 50  # Nested in each other; each takes the parser several frames.
MAX_DEPTH = 120  # Of the tree, so of alternatives in a row; three frames for each.
WORK_UNITS = 2_000_000  # At its worst some tenths of a second.

_VISIT_UNITS = 20  # A step costs what reading 20 characters does.
_OPENING = frozenset({"lparen", "lbracket", "lbrace", "filter"})
_CLOSING = frozenset({"rparen", "rbracket", "rbrace"})
_PREFIXES = frozenset({"not", "expref"})
# What evaluation raises where an expression does not apply to a value, or costs too
# much. JMESPath's own errors, and ours, are ValueErrors.
_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class NoQuery(ValueError):
    """A text that is no expression.

    Attributes:
        position: Where it stops being one, in characters from 0.
        problem: What is wrong there.
    """

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(position, problem)
        self.position = position
        self.problem = problem


class Query:
    """An expression that holds of a value or not."""

    __slots__ = ("_root",)

    def __init__(self, text: str) -> None:
        """Parse and check an expression.

        Raises:
            NoQuery: It is none, or one nested too deeply.
        """
        with warnings.catch_warnings():
            # Of `word` in backticks for `"word"`: old, and in everybody's examples.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            try:
                _check_brackets(text)
                self._root = Parser().parse(text).parsed
            except (IncompleteExpressionError, EmptyExpressionError) as error:
                raise NoQuery(len(text), "it ends too early") from error
            except ParseError as error:
                raise NoQuery(error.lex_position, _problem(error)) from error
            except RecursionError as error:
                raise NoQuery(0, "it is nested too deeply") from error
        _check_tree(self._root, text)

    def accepts(self, value: Mapping[str, object]) -> bool:
        """Say whether the expression is true of a value; nothing is ever raised."""
        found = self.found(value)
        if isinstance(found, str | list | dict):
            return bool(found)
        return found is not None and found is not False

    def found(self, value: object) -> object:
        """Return what the expression finds in a value; nothing is ever raised.

        `None` where it does not apply or takes too much work. What is found can be far
        larger written out than what it was found in.
        """
        try:
            found: object = _Interpreter().visit(self._root, value)
        except _FAILURES:
            return None
        return found


class _Interpreter(TreeInterpreter):
    """An interpreter for one evaluation, which may take `WORK_UNITS`.

    Selecting costs its steps. Comparing and calling also cost what they are given,
    since `[@,@]|[@,@]|…` builds in few steps what takes for ever to read.
    """

    def __init__(self) -> None:
        self._allowance = Allowance(WORK_UNITS)
        functions = _Functions(self._allowance)
        super().__init__(Options(custom_functions=functions))

    @override
    def visit(self, node: "Node", *args: object, **kwargs: object) -> object:
        self._allowance.spend(_VISIT_UNITS)
        return super().visit(node, *args, **kwargs)

    @override
    def visit_comparator(self, node: "Node", value: object) -> object:
        operands = [self.visit(child, value) for child in node["children"]]
        self._allowance.spend_on(*operands)
        literals = [_literal(operand) for operand in operands]
        return super().visit_comparator({**node, "children": literals}, value)

    @override
    def visit_flatten(self, node: "Node", value: object) -> object:
        nested: object = self.visit(node["children"][0], value)
        if isinstance(nested, list):
            flat = sum(len(e) if isinstance(e, list) else 1 for e in nested)
            self._allowance.spend(_VISIT_UNITS * flat)
        return super().visit_flatten({**node, "children": [_literal(nested)]}, value)


class _Functions(Functions):
    """The functions, each paid for before it is called."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance

    @override
    def call_function(
        self, function_name: str, resolved_args: Iterable[object]
    ) -> object:
        arguments = list(resolved_args)
        self._allowance.spend_on(*arguments)
        if function_name == "join" and len(arguments) == 2:  # noqa: PLR2004 - glue, list
            glue, parts = arguments
            if isinstance(glue, str) and isinstance(parts, list):
                self._allowance.spend(len(glue) * len(parts))
        return super().call_function(function_name, arguments)


def _literal(value: object) -> "Node":
    return {"type": "literal", "value": value, "children": []}


def _problem(error: ParseError) -> str:
    said = error.message if isinstance(error, LexerError) else error.msg
    said = said.encode("utf-8", "backslashreplace").decode("utf-8")
    return said[:1].lower() + said[1:]


def _check_brackets(text: str) -> None:
    """Refuse what the parser, which is recursive, must not even try."""
    depth = prefixes = 0
    for token in Lexer().tokenize(text):
        kind = token["type"]
        depth += (kind in _OPENING) - (kind in _CLOSING)
        prefixes = prefixes + 1 if kind in _PREFIXES else 0
        if depth + prefixes > MAX_BRACKETS:
            raise NoQuery(token["start"], "it is nested too deeply")


def _check_tree(root: "Node", text: str) -> None:
    for node, depth in _nodes(root):
        if depth > MAX_DEPTH:
            raise NoQuery(0, "it is nested too deeply")
        if node["type"] == "function_expression":
            _check_call(node["value"], len(node["children"]), text)


def _nodes(root: "Node") -> Iterator[tuple["Node", int]]:
    pending = [(root, 0)]
    while pending:
        node, depth = pending.pop()
        yield node, depth
        if node["type"] != "slice":  # Its children are numbers.
            pending.extend((child, depth + 1) for child in node["children"])


def _check_call(name: str, given: int, text: str) -> None:
    known = Functions.FUNCTION_TABLE.get(name)
    if known is None:
        raise NoQuery(_call(name, text), f"there is no function {name}()")
    wanted = known["signature"]
    if wanted and wanted[-1].get("variadic"):
        if given < len(wanted):
            problem = f"{name}() takes at least {len(wanted)} arguments, not {given}"
            raise NoQuery(_call(name, text), problem)
    elif given != len(wanted):
        problem = f"{name}() takes {len(wanted)} arguments, not {given}"
        raise NoQuery(_call(name, text), problem)


def _call(name: str, text: str) -> int:
    """Return where a function of that name is first called."""
    tokens = list(Lexer().tokenize(text))
    for token, following in itertools.pairwise(tokens):
        if token["value"] == name and following["type"] == "lparen":
            return token["start"]
    return 0
