"""Rows on stdout: a table for a person, lines with tabs for a program."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import typer

from gateway.cli.calling import printable

if TYPE_CHECKING:
    from rich.table import Table

WIDEST: Final = 100_000  # Characters in a line: more than any answer has.


def show(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows: as a table if stdout is a terminal, else one line each, tabs between.

    Nothing is cut off, and no cell is broken over lines: the terminal breaks lines that
    are too wide for it, so that an id can be copied.
    """
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - not for --help

        Console(highlight=False, width=WIDEST).print(table(columns, rows))
        return
    for row in rows:
        typer.echo("\t".join(map(cell, row)))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
    """Return rows as a person reads them."""
    from rich.table import Table  # noqa: PLC0415 - not for --help
    from rich.text import Text  # noqa: PLC0415 - not for --help

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, no_wrap=True)
    for row in rows:
        shown.add_row(*(Text(cell(each)) for each in row))
    return shown


def cell(value: object) -> str:
    """Return a value of an answer in words without tabs and line breaks."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ",".join(map(cell, value)) or "-"
        case _:
            return printable(str(value)) or "-"
