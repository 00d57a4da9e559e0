"""Liquid for templates and data from strangers: checked first, and bounded.

The library bounds each loop and each output by itself; here all that one rendering
does comes out of one budget.

Source: the Liquid of https://shopify.github.io/liquid/, less what is named here.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Protocol, TextIO

from liquid import Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.tags.for_tag import ForLoop, ForNode, ForTag
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.exceptions import (
    LiquidError,
    LoopIterationLimitError,
    OutputStreamLimitError,
)
from liquid.expression import Expression
from liquid.filter import flatten
from liquid.stream import TokenStream
from liquid.token import Token
from liquid.undefined import UNDEFINED, is_undefined
from liquid.utils import ReadOnlyChainMap
from typing_extensions import override

from gateway.domain.liquid_text import NoLeaf, flaw_at, look_through
from gateway.domain.weight import Allowance, TooMuchWork

if TYPE_CHECKING:
    from liquid import BoundTemplate

MAX_TURNS = 10_000  # Of all loops of a rendering together.
MAX_OUTPUT_BYTES = 65_536  # Of all that a rendering writes.
MAX_NESTING = 10  # Blocks in each other.
WORK_UNITS = 8_000_000  # At its worst about a second.

_NAME_UNITS = 24  # What looking a name up costs, besides what is found.
_PIECE_UNITS = 8  # What a piece of a broken text costs, which is 90 bytes of memory.
_MAX_NUMBER_BITS = 4_096
_MAX_DATE_CHARACTERS = 100
_NO_TAGS = ("include", "render", "tablerow")  # No loading, no tables of HTML.
# Python's parser of HTML takes the square of its text; two are for HTML pages.
_NO_FILTERS = ("strip_html", "safe", "escapejs")
_BREAKING = ("split", "url_decode", "url_encode", "squish", "truncatewords")
# What rendering raises besides the library's own errors, which are not ValueErrors.
_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class LeafFailed(ValueError):
    """A text that could not be rendered; the sentence shows nothing of its data."""


class Budget:
    """What one rendering may take, over all its leaves."""

    def __init__(self) -> None:
        self.work = Allowance(WORK_UNITS)
        self.turns = MAX_TURNS
        self.output = _Output(MAX_OUTPUT_BYTES)


class Leaf:
    """One text of a template."""

    __slots__ = ("_pointer", "_size", "_template")

    def __init__(self, source: str, pointer: str = "") -> None:
        """Parse a text.

        Args:
            source: The text.
            pointer: Where in its template it is (RFC 6901); failures name it.

        Raises:
            NoLeaf: It is not Liquid, or names a tag or a filter that is not there.
        """
        look_through(source)
        self._pointer = pointer
        self._size = len(source)
        try:
            self._template = _ENVIRONMENT.from_string(source)
            named = self._template.analyze(include_partials=False).filters
        except LiquidError as error:
            raise _no_leaf(error, source) from error
        except RecursionError as error:
            raise NoLeaf(1, 1, "it is nested too deeply") from error
        for name, places in named.items():
            if name not in _ENVIRONMENT.filters:
                raise flaw_at(source, places[0].index, f"there is no filter {name!r}")

    def render(self, variables: Mapping[str, object], budget: Budget) -> str:
        """Return the text with its variables set in.

        Raises:
            LeafFailed: It took more than the budget has left, or a filter met a value
                that it cannot work with.
        """
        context = _Context(
            self._template, variables, budget=budget, turn_units=self._size
        )
        output = budget.output.empty()
        try:
            self._template.render_with_context(context, output)
        except LoopIterationLimitError as error:
            problem = f"its loops take more than {MAX_TURNS} turns"
            raise self._failed(problem) from error
        except OutputStreamLimitError as error:
            problem = f"it writes more than {MAX_OUTPUT_BYTES} bytes"
            raise self._failed(problem) from error
        except TooMuchWork as error:
            problem = "it takes too much work"
            raise self._failed(problem) from error
        except (LiquidError, *_FAILURES) as error:
            problem = "a filter or a tag met a value that it cannot work with"
            raise self._failed(problem + _line(error)) from error
        return output.getvalue()

    def _failed(self, problem: str) -> LeafFailed:
        return LeafFailed(f"{self._pointer}: {problem}" if self._pointer else problem)


class _Output(StringIO):
    """Text that may not grow over a size, in UTF-8."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def empty(self) -> "_Output":
        """Return this, holding nothing, with what is left of its size."""
        self.seek(0)
        self.truncate()
        return self

    @override
    def write(self, text: str, /) -> int:
        self.left -= len(text.encode("utf-8", "surrogatepass"))
        if self.left < 0:
            raise OutputStreamLimitError(token=None)
        return super().write(text)


class _Context(RenderContext):
    """The names and the budget of one leaf."""

    __slots__ = ("budget", "turn_units")

    def __init__(
        self,
        template: "BoundTemplate",
        variables: Mapping[str, object],
        *,
        budget: Budget,
        turn_units: int,
    ) -> None:
        super().__init__(template, globals=variables)
        self.budget = budget
        self.turn_units = turn_units
        # Without the library's `now`: an event renders the same at every attempt.
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)

    @override
    def get(
        self, path: list[object], *, token: Token | None, default: object = UNDEFINED
    ) -> object:
        found = super().get(path, token=token, default=default)
        self.budget.work.spend(_NAME_UNITS)
        self.budget.work.spend_on(found)
        return found

    @override
    def assign(self, key: str, val: object) -> None:
        self.budget.work.spend_on(val)
        super().assign(key, val)

    @override
    def filter(self, name: str, token: Token | None) -> "_Filter":
        function = super().filter(name, token)

        def paid(left: object, /, *args: object, **options: object) -> object:
            _pay(self.budget.work, name, [left, *args, *options.values()])
            return function(left, *args, **options)

        return paid

    @override
    @contextmanager
    def loop(
        self, namespace: Mapping[str, object], forloop: ForLoop | TableRow
    ) -> Iterator[RenderContext]:
        self.budget.turns -= forloop.length
        if self.budget.turns < 0:
            raise LoopIterationLimitError(token=None)
        self.budget.work.spend(forloop.length * self.turn_units)
        with super().loop(namespace, forloop) as context:
            yield context

    @override
    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        return _Output(MAX_OUTPUT_BYTES)


class _Filter(Protocol):
    """A filter as a template calls it."""

    def __call__(self, left: object, /, *args: object, **options: object) -> object:
        """Return what becomes of a value."""


class _Iterable(Expression):
    """What a loop goes over. A range that is too long is not even begun."""

    __slots__ = ("inner",)

    def __init__(self, inner: Expression) -> None:
        super().__init__(inner.token)
        self.inner = inner

    @override
    def __str__(self) -> str:
        return str(self.inner)

    @override
    def evaluate(self, context: RenderContext) -> object:
        value = self.inner.evaluate(context)
        if isinstance(value, range) and value.stop - value.start > MAX_TURNS:
            raise LoopIterationLimitError(token=self.token)
        return value

    @override
    def children(self) -> list[Expression]:
        return [self.inner]


class _ForTag(ForTag):
    """`for`, over ranges that end."""

    @override
    def parse(self, stream: TokenStream) -> Node:
        node = super().parse(stream)
        if isinstance(node, ForNode):
            node.expression.iterable = _Iterable(node.expression.iterable)
        return node


class _Environment(Environment):
    """The tags, the filters and the limits that are left to the library."""

    block_nesting_limit = MAX_NESTING
    context_depth_limit = 2 * MAX_NESTING  # Loops, and some names of its own.

    @override
    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(_ForTag)
        for tag in _NO_TAGS:
            del self.tags[tag]
        for name in _NO_FILTERS:
            del self.filters[name]
        self.add_filter("date", _date)
        self.add_filter("json", _json)


def _date(value: object, pattern: object = "%Y-%m-%d") -> str:
    """Write a moment, RFC 3339 or seconds since 1970, in UTC, as `strftime` does.

    What is no moment stays as it is.
    """
    text = "" if value is None or is_undefined(value) else str(value)
    if max(len(text), len(str(pattern))) > _MAX_DATE_CHARACTERS:
        return text
    try:
        if isinstance(value, int | float) or text.isdigit():
            moment = datetime.fromtimestamp(float(text), UTC)
        else:
            moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return text
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return aware.astimezone(UTC).strftime(str(pattern))


def _json(value: object) -> str:
    """Write a value as JSON; what is none of it is null."""
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), default=lambda _: None
    )


def _pay(work: Allowance, name: str, values: list[object]) -> None:
    """Pay for a filter, given what it is applied to and its arguments."""
    work.spend_on(*values)
    for value in values:
        if isinstance(value, int) and value.bit_length() > _MAX_NUMBER_BITS:
            raise TooMuchWork
    if name == "replace" and len(values) > 2:  # noqa: PLR2004 - text, old, new
        text, old, new = (str(value) for value in values[:3])
        work.spend((text.count(old) if old else len(text) + 1) * len(new))
    elif name == "join":
        glue = values[1] if len(values) > 1 else " "
        work.spend(_items(values[0]) * len(str(glue)))
    elif name == "uniq":
        work.spend(_items(values[0]) ** 2)
    elif name in _BREAKING:
        work.spend(_PIECE_UNITS * _pieces(name, [str(value) for value in values[:2]]))


def _pieces(name: str, texts: list[str]) -> int:
    """Return into how many pieces at most a filter breaks its first text."""
    text = texts[0]
    match name:
        case "split":
            by = texts[1] if len(texts) > 1 else " "
            return text.count(by) + 1 if by else len(text)
        case "url_decode":
            return 2 * text.count("%")  # Once as text, and once as bytes.
        case _:
            return (
                len(text) // 2
            )  # Words of a letter each; bytes have been made before.


def _items(value: object) -> int:
    if isinstance(value, list | tuple):
        return len(flatten(value))
    return len(value) if isinstance(value, range) else 1


def _no_leaf(error: LiquidError, source: str) -> NoLeaf:
    said = str(error.message or "it is not Liquid")
    # Of what is named here, the lexer knows the place.
    index = error.token.start_index if error.token is not None else 0
    return flaw_at(source, index, said)


def _line(error: Exception) -> str:
    token = error.token if isinstance(error, LiquidError) else None
    if token is None or token.start_index < 0:
        return ""
    return f" (line {token.source.count(chr(10), 0, token.start_index) + 1})"


_ENVIRONMENT = _Environment()
