"""Texts in Liquid, looked through before the library's lexer sees them.

The lexer takes minutes over braces that do not close. This reads a text once.
"""

import re

MAX_TAG_CHARACTERS = 1_000  # From brace to brace.
MAX_TAG_BRANCHES = 50  # Brackets and conditions in a tag: each is a level of recursion.

# The ends of these are looked for from each beginning, to the end of the text.
_NO_BLOCKS = ("raw", "doc")
_TAG = re.compile(r"\{\{|\{%")
_TAG_NAME = re.compile(r"\{%-?\s*(\w*)")
_GAP = re.compile(r"\s{100}")  # The lexer takes the square of it.
_BRANCH = re.compile(r"\b(?:and|or)\b|[\[(]")


class NoLeaf(ValueError):
    """A text that is not Liquid.

    Attributes:
        line: Where it stops being so, counted from 1.
        column: The place in that line, counted from 1.
        problem: What is wrong there.
    """

    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(line, column, problem)
        self.line = line
        self.column = column
        self.problem = problem


def look_through(source: str) -> None:
    """Refuse what the lexer would take for ever to refuse.

    Raises:
        NoLeaf: A tag has no end, is too long or has too much in it, or is one whose
            end the lexer would look for too often.
    """
    end = 0
    while opening := _TAG.search(source, end):
        start = opening.start()
        close = "}}" if opening[0] == "{{" else "%}"
        end = source.find(close, opening.end()) + len(close)
        if end < opening.end():
            raise flaw_at(
                source, start, f"there is no {close!r} for this {opening[0]!r}"
            )
        if end - start > MAX_TAG_CHARACTERS:
            problem = f"a tag is longer than {MAX_TAG_CHARACTERS} characters"
            raise flaw_at(source, start, problem)
        if _GAP.search(source, start, end):
            raise flaw_at(source, start, "a tag has 100 spaces or more in a row")
        if len(_BRANCH.findall(source, start, end)) > MAX_TAG_BRANCHES:
            raise flaw_at(source, start, "a tag has too many conditions or brackets")
        name = _TAG_NAME.match(source, start)
        if name is not None and name[1] in _NO_BLOCKS:
            raise flaw_at(source, start, f"there is no tag {name[1]!r}")


def flaw_at(source: str, index: int, problem: str) -> NoLeaf:
    """Return what is wrong at a place of a text, given in characters from 0."""
    before = source[: max(index, 0)].split("\n")
    return NoLeaf(len(before), len(before[-1]) + 1, problem)
