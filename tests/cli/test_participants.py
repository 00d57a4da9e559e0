"""The command `gateway participants`."""

from typer.testing import CliRunner, Result

from gateway.cli import cli
from tests.fakes.api_server import ApiServer, Asked, Reply

AS_OF = "2026-01-31T12:00:00.000Z"
ALICE = {"id": "p-1", "name": "alice\x1b", "role": "user", "since": AS_OF}
HERE = {"room": "lobby", "connected": True, "as_of": AS_OF, "participants": [ALICE, 1]}


def run(*arguments: str, reply: Reply) -> tuple[Result, list[Asked]]:
    """Run the command against an API that answers so."""
    with ApiServer(reply) as api:
        result = CliRunner().invoke(
            cli, ["participants", *arguments], env={"GATEWAY_URL": api.url}
        )
    return result, api.asked


def test_those_who_are_there_are_listed() -> None:
    """A line each: name, role, id and since when; their names steer no terminal."""
    result, asked = run(
        *("--room", "lobby", "--name", "alice", "--role", "user"),
        reply=Reply(200, HERE),
    )

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"alice\ufffd\tuser\tp-1\t{AS_OF}\n"
    assert asked[0].path == "/participants"
    assert asked[0].query == {"room": "lobby", "name": "alice", "role": "user"}


def test_a_room_that_is_away_is_told() -> None:
    """Who was there is shown all the same, with the time."""
    result, _ = run(reply=Reply(200, HERE | {"connected": False}))

    assert result.stdout.startswith("alice")
    assert result.stderr == (
        "gateway participants: the room lobby is away;"
        f" this is how it was at {AS_OF}.\n"
    )


def test_a_room_that_was_never_there_is_told() -> None:
    """There is no time to give."""
    away = {"room": "lobby", "connected": False, "as_of": None, "participants": []}
    result, _ = run(reply=Reply(200, away))

    assert (result.exit_code, result.stdout) == (0, "")
    assert "the room lobby is away; nobody is known." in result.stderr


def test_json_is_the_answer_as_it_is() -> None:
    """For a program."""
    result, _ = run("--json", reply=Reply(200, b'{"count":  0}'))

    assert result.stdout == '{"count":  0}\n'
