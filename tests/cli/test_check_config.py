"""`gateway check-config` finds what `gateway serve` would refuse."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli.check_config import check_config
from gateway.emulator import Emulator

KEY = Emulator().api_key

app = typer.Typer()
app.command()(check_config)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without `.env`."""
    monkeypatch.chdir(tmp_path)


def run(**environ: str) -> Result:
    """Run the command with these variables."""
    return CliRunner().invoke(app, env=environ)


def test_what_makes_sense_is_printed_without_its_secrets() -> None:
    """Each variable in a line of its own, as one would write it."""
    result = run(
        MESHAGENT_ROOM="lobby",
        MESHAGENT_API_KEY=KEY,
        GATEWAY_API_KEYS="correct-horse",
        GATEWAY_LOCK_WAIT="1m",
    )

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert {"MESHAGENT_ROOM=lobby", "GATEWAY_LOCK_WAIT=60s"} <= set(lines)
    assert {"MESHAGENT_API_KEY=(set)", "GATEWAY_API_KEYS=(set)"} <= set(lines)
    assert "MESHAGENT_TOKEN=" in lines
    assert KEY not in result.output
    assert "correct-horse" not in result.output


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"MESHAGENT_API_KEY": KEY}, "MESHAGENT_ROOM is not set"),
        ({"MESHAGENT_ROOM": "lobby"}, "No way into the room"),
        ({"GATEWAY_PORT": "http"}, "GATEWAY_PORT input should be"),
        (
            {
                "MESHAGENT_ROOM": "lobby",
                "MESHAGENT_API_KEY": KEY,
                "GATEWAY_EGRESS_ALLOW_CIDRS": "here",
            },
            "GATEWAY_EGRESS_ALLOW_CIDRS",
        ),
        (
            {
                "MESHAGENT_ROOM": "lobby",
                "MESHAGENT_API_KEY": KEY,
                "GATEWAY_WEBHOOKS": '[{"name":"crm","url":"https://example.com/"}]',
            },
            "GATEWAY_WEBHOOKS: /0/secret",
        ),
        (
            {
                "MESHAGENT_ROOM": "lobby",
                "MESHAGENT_API_KEY": KEY,
                "GATEWAY_MASTER_KEYS": "nonsense",
            },
            "master keys cannot be used",
        ),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    environ: dict[str, str], sentence: str
) -> None:
    """The same sentence and the same exit status as of `gateway serve`."""
    result = run(**environ)

    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""


def test_nothing_is_started(tmp_path: Path) -> None:
    """Not even the data directory is made."""
    run(MESHAGENT_ROOM="lobby", MESHAGENT_API_KEY=KEY)

    assert list(tmp_path.iterdir()) == []
