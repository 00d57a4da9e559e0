"""How big modules get, what tests them, and what tests stay away from."""

import ast
from pathlib import Path

import pytest

from tests.house import tree

LONGEST = 400
# Declarations alone: there is nothing to run.
WITHOUT_TESTS = {"__init__.py", "__main__.py", "ports.py"}


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    """What does not fit is two things, and becomes two modules."""
    long = {
        tree.name(path): lines
        for path in tree.modules(*tree.CODE)
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }

    assert long == {}


def test_every_module_has_its_test_module() -> None:
    """`gateway/x/y.py` is tested by `tests/x/test_y.py`."""
    missing = [
        tree.name(path)
        for path in tree.modules("gateway")
        if path.name not in WITHOUT_TESTS
        and not {"versions", "ports"} & set(path.parts)
        and not home_of_tests(path).is_file()
    ]

    assert missing == []


def home_of_tests(path: Path) -> Path:
    """Return where the tests of a module are."""
    place = path.relative_to(tree.ROOT / "gateway")
    return tree.ROOT / "tests" / place.parent / f"test_{place.name}"


@pytest.mark.parametrize("path", tree.modules("tests"), ids=tree.name)
def test_no_test_mocks(path: Path) -> None:
    """A mock pins the implementation; a fake keeps the promise of its port."""
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in imports(node)
    }

    assert not {name for name in imported if name.startswith("unittest.mock")}


def imports(node: ast.AST) -> list[str]:
    """Return the full names that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


@pytest.mark.parametrize("path", tree.modules("tests"), ids=tree.name)
def test_no_test_sleeps(path: Path) -> None:
    """A test waits for an event; `sleep(0)` only lets others go first."""
    sleeps = [
        call.lineno
        for call in tree.calls(path)
        if ast.unparse(call.func) in {"asyncio.sleep", "time.sleep"}
        and [ast.unparse(argument) for argument in call.args] != ["0"]
    ]

    assert sleeps == []
