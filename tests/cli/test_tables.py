"""Rows on stdout."""

import io

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


def test_a_table_takes_text_for_text() -> None:
    """Square brackets in a URL are no colours."""
    out = io.StringIO()

    Console(file=out).print(table(("url",), [("https://example.com/[red]a",)]))

    assert "[red]" in out.getvalue()


def test_a_narrow_terminal_breaks_no_cell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row is a line, which the terminal breaks where it ends."""
    monkeypatch.setenv("COLUMNS", "25")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    show(("id", "url"), [(ID, "https://example.com/" + "x" * 2048)])

    [_, row] = capsys.readouterr().out.splitlines()
    assert row.startswith(f"{ID}  https://example.com/xxx")
    assert row.endswith("x" * 2048)
