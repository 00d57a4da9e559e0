"""The repository as files: what the house rules are read from."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CODE: Final = ("gateway", "tests", "benchmarks", ".ci")


def modules(*folders: str) -> list[Path]:
    """Return the Python modules below folders of the repository."""
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in path.parts
    ]


def name(path: Path) -> str:
    """Return the path of a file as seen from the repository."""
    return path.relative_to(ROOT).as_posix()


def text(path: str) -> str:
    """Return what a file of the repository says."""
    return (ROOT / path).read_text(encoding="utf-8")


def calls(path: Path) -> Iterator[ast.Call]:
    """Yield every call that a module makes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def documents() -> list[Path]:
    """Return every page written for people."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
