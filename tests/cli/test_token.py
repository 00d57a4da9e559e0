"""`gateway token` prints what lets somebody into a room."""

from pathlib import Path

import jwt
import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli.token import token
from gateway.emulator import Emulator

EMULATOR = Emulator()

app = typer.Typer()
app.command()(token)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without `.env`."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, **environ: str) -> Result:
    """Run the command with these variables."""
    return CliRunner().invoke(app, arguments, env=environ)


def test_it_opens_the_room(tmp_path: Path) -> None:
    """The room's server takes it; nothing else is printed."""
    result = run(
        "zoé",
        "--role",
        "tool",
        MESHAGENT_ROOM="lobby",
        MESHAGENT_API_KEY=EMULATOR.api_key,
    )

    ticket = EMULATOR.doorman.admit(result.stdout.strip(), "lobby")
    assert result.exit_code == 0
    assert (ticket.name, ticket.role) == ("zoé", "tool")
    assert list(tmp_path.iterdir()) == []


def test_another_room_can_be_named() -> None:
    """Without `MESHAGENT_ROOM`, too."""
    result = run("zoé", "--room", "attic", MESHAGENT_API_KEY=EMULATOR.api_key)

    claims = jwt.decode(result.stdout.strip(), options={"verify_signature": False})
    assert {"name": "room", "scope": "attic"} in claims["grants"]


@pytest.mark.parametrize(
    ("arguments", "environ", "sentence"),
    [
        (("zoé",), {}, "MESHAGENT_API_KEY is not set"),
        (
            ("zoé",),
            {"MESHAGENT_API_KEY": EMULATOR.api_key},
            "MESHAGENT_ROOM is not set",
        ),
        (
            ("zoé", "--room", "The Attic"),
            {"MESHAGENT_API_KEY": EMULATOR.api_key},
            "is no room name",
        ),
        (
            ("zoé", "--room", "attic"),
            {"MESHAGENT_API_KEY": "ma-x"},
            "MESHAGENT_API_KEY",
        ),
    ],
)
def test_what_cannot_work_is_one_sentence(
    arguments: tuple[str, ...], environ: dict[str, str], sentence: str
) -> None:
    """Exit 2; no token on stdout."""
    result = run(*arguments, **environ)

    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1


def test_a_lifetime_has_its_limits() -> None:
    """Ten years are for ever."""
    result = run("zoé", "--hours", "1e12", MESHAGENT_API_KEY=EMULATOR.api_key)

    assert result.exit_code == 2
    assert "--hours" in result.stderr
