"""The file that holds how far a log was read."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.cursors import BadCursorFile, CursorFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a cursor file is to be."""
    return tmp_path / "my.cursor"


def test_a_file_that_is_not_there_has_no_cursor(path: Path) -> None:
    """It is the first time."""
    with CursorFile.held(path) as file:
        assert file.read() is None


def test_what_is_written_is_read_again(path: Path) -> None:
    """Also by the next one who holds it."""
    with CursorFile.held(path) as file:
        file.move("e-4")
        file.move("e-5")

    with CursorFile.held(path) as file:
        assert file.read() == "e-5"
    assert path.read_text() == "e-5\n"


def test_nobody_else_holds_it(path: Path) -> None:
    """Two would move each other's place; they are told what to do."""
    with (
        CursorFile.held(path) as file,
        pytest.raises(BadCursorFile, match=r"another gateway tail: .* --cursor"),
        CursorFile.held(path),
    ):
        file.move("e-4")


def test_writing_it_does_not_let_go_of_it(path: Path) -> None:
    """Although each writing makes a new file."""
    with CursorFile.held(path) as file:
        file.move("e-4")
        with pytest.raises(BadCursorFile), CursorFile.held(path):
            pass


def test_who_died_holds_nothing(path: Path) -> None:
    """The system lets go of it; nobody has to tidy up."""
    program = (
        "import os, pathlib, sys; from gateway.cli.cursors import CursorFile\n"
        "with CursorFile.held(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.move('e-4'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)  # noqa: S603

    with CursorFile.held(path) as file:
        assert file.read() == "e-4"


@pytest.mark.parametrize("content", ["", "\n", "e-4 e-5", "é", "x" * 10_000])
def test_what_is_no_cursor_is_told(content: str, path: Path) -> None:
    """To begin at the end instead would leave events out."""
    path.write_text(content)

    with (
        CursorFile.held(path) as file,
        pytest.raises(BadCursorFile, match="remove it to begin anew"),
    ):
        file.read()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """In the system's words."""
    with (
        pytest.raises(BadCursorFile, match="No such file or directory"),
        CursorFile.held(tmp_path / "no" / "my.cursor"),
    ):
        pass


def test_a_name_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    """There is no file of it."""
    with pytest.raises(BadCursorFile), CursorFile.held(tmp_path / "a\0b"):
        pass


def test_what_cannot_be_read_or_written_is_told(path: Path) -> None:
    """A folder of that name, for one; what was there stays there."""
    path.mkdir()

    with CursorFile.held(path) as file:
        with pytest.raises(BadCursorFile, match="cannot be read"):
            file.read()
        with pytest.raises(BadCursorFile, match="cannot be written"):
            file.move("e-4")
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "my.cursor",
        "my.cursor.lock",
    ]


def test_a_writing_that_fails_leaves_the_old_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full repeats events, and loses none."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with CursorFile.held(path) as file:
        file.move("e-4")
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(BadCursorFile, match="No space left"):
            file.move("e-5")

        assert file.read() == "e-4"
