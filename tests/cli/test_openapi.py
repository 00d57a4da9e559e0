"""`gateway openapi` writes the description and notices when a file is stale."""

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from gateway.cli.openapi import description, openapi


def run(*arguments: str) -> tuple[int, str, str]:
    """Run the command and return its exit status, stdout and stderr."""
    app = typer.Typer()
    app.command()(openapi)
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


def test_the_description_is_printed() -> None:
    """It is JSON with all resources in it, webhooks included."""
    status, printed, _ = run()

    paths = json.loads(printed)["paths"]
    assert status == 0
    assert {"/send", "/rooms", "/webhooks", "/deliveries"} <= set(paths)


def test_the_description_is_the_same_each_time() -> None:
    """So that it can be compared."""
    assert description() == description()


def test_a_true_file_passes(tmp_path: Path) -> None:
    """Nothing is printed about it."""
    file = tmp_path / "gateway.json"
    file.write_text(description(), encoding="utf-8")

    status, printed, said = run("--check", str(file))

    assert (status, printed, said) == (0, "", "")


def test_a_stale_file_fails(tmp_path: Path) -> None:
    """And the sentence says how to mend it."""
    file = tmp_path / "gateway.json"
    file.write_text("{}", encoding="utf-8")

    status, _, said = run("--check", str(file))

    assert status == 1
    assert "gateway openapi >" in said


def test_a_missing_file_fails(tmp_path: Path) -> None:
    """As one that is stale."""
    status, _, _ = run("--check", str(tmp_path / "none.json"))

    assert status == 1
