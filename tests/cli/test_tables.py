"""Rows on stdout."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from gateway.cli.tables import cell, show, table

ID = "dlv_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (["a", "b"], "a,b"),
        ("a\tb\n\x1b[2J", "a\ufffdb\ufffd\ufffd[2J"),
    ],
)
def test_a_value_is_one_cell(value: object, text: str) -> None:
    """Nothing in it ends a cell or a line, or steers a terminal."""
    assert cell(value) == text


def test_a_program_gets_lines_with_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    """No header, no width: `cut -f1` gives the ids."""
    show(("id", "n"), [(ID, 1), (ID, None)])

    assert capsys.readouterr().out == f"{ID}\t1\n{ID}\t-\n"


def test_a_person_gets_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a header, on a terminal."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    show(("id", "n"), [(ID, 1)])

    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["id", "n"]
    assert row.split() == [ID, "1"]


def lines_of(width: int) -> Iterator[str]:
    """Yield the lines of a table on a terminal so wide."""
    out = io.StringIO()
    shown = table(("id", "url"), [(ID, "https://example.com/[red]a")])
    Console(file=out, width=width).print(shown)
    yield from out.getvalue().splitlines()


def test_a_table_takes_text_for_text() -> None:
    """Square brackets in a URL are no colours."""
    assert "[red]" in "".join(lines_of(80))


def test_a_narrow_terminal_loses_nothing() -> None:
    """What is too wide goes on in the next line."""
    shown = "".join(line[:12] for line in lines_of(25)).replace(" ", "")

    assert ID.startswith(shown.removeprefix("id")[:6])
    assert sum(map(len, "".join(lines_of(25)).split())) == len(
        "idurl" + ID + "https://example.com/[red]a"
    )
