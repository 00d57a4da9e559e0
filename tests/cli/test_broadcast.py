"""The command `gateway broadcast`."""

from typer.testing import CliRunner

from gateway.cli import cli
from tests.fakes.api_server import ApiServer, Reply

SENT = {"id": "msg_1", "status": "sent", "room": "lobby", "present": 7}


def test_a_text_is_said_to_everybody() -> None:
    """And how many were there to hear it."""
    with ApiServer(Reply(200, SENT)) as api:
        result = CliRunner().invoke(
            cli,
            [
                *("broadcast", "hello,", "all", "--type", "note", "--room", "lobby"),
                *("--ttl", "60", "--ref", "17", "--wait", "0", "--url", api.url),
            ],
        )

    assert result.exit_code == 0
    assert result.stdout == "sent to everybody in lobby, 7 present (msg_1)\n"
    assert (api.asked[0].method, api.asked[0].path) == ("POST", "/broadcast")
    assert api.asked[0].body == {
        "text": "hello, all",
        "type": "note",
        "room": "lobby",
        "ttl": 60,
        "ref": "17",
    }
    assert api.asked[0].headers["prefer"] == "wait=0"


def test_nothing_to_say_is_a_slip() -> None:
    """Nothing is asked of the gateway."""
    result = CliRunner().invoke(cli, ["broadcast"])

    assert result.exit_code == 2
    assert "say a TEXT" in result.stderr
