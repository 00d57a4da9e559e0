"""The command `gateway send`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import cli
from tests.fakes.api_server import ApiServer, Asked, Reply

SENT = {
    "id": "msg_1",
    "status": "sent",
    "room": "lobby",
    "recipients": [{"name": "alice", "participant_id": "p-1", "status": "sent"}],
}
ABSENT = {
    "title": "Recipient not found",
    "detail": "nobody here has the id or name 'alcie'; present: alice, bob",
    "code": "recipient_not_found",
}


def run(
    *arguments: str, reply: Reply | None = None, stdin: bytes = b""
) -> tuple[Result, list[Asked]]:
    """Run the command against an API that answers so."""
    with ApiServer(reply or Reply(200, SENT)) as api:
        result = CliRunner().invoke(
            cli, ["send", *arguments], env={"GATEWAY_URL": api.url}, input=stdin
        )
    return result, api.asked


def test_a_text_is_said_to_somebody() -> None:
    """And what became of it, in a line."""
    result, asked = run("alice", "hello", "to", "you")

    assert (result.exit_code, result.stdout) == (0, "sent to alice (msg_1)\n")
    assert (asked[0].method, asked[0].path) == ("POST", "/send")
    assert asked[0].body == {"to": "alice", "text": "hello to you"}
    assert asked[0].headers["idempotency-key"]


def test_all_that_a_message_may_have(tmp_path: Path) -> None:
    """Each option is a member of the body, or a header."""
    file = tmp_path / "plan"
    file.write_bytes(b"plan")

    result, asked = run(
        *("alice", "--message", '{"a":1}', "--attach", str(file), "--type", "note"),
        *("--room", "lobby", "--ttl", "0", "--await", "--wait", "9"),
        *("--key", "order-17", "--ref", "17"),
    )

    assert result.exit_code == 0
    assert asked[0].body == {
        "to": "alice",
        "message": {"a": 1},
        "attachment": "cGxhbg==",
        "type": "note",
        "room": "lobby",
        "ttl": 0,
        "await_recipient": True,
        "ref": "17",
    }
    assert asked[0].headers["idempotency-key"] == "order-17"
    assert asked[0].headers["prefer"] == "wait=9"


def test_a_text_is_read_from_stdin() -> None:
    """Without the line break that ends it; others stay."""
    _, asked = run("alice", "-", stdin=b"one\ntwo\n")

    assert asked[0].body["text"] == "one\ntwo"


def test_a_message_is_read_from_stdin() -> None:
    """A program writes JSON there."""
    _, asked = run("alice", "--message", "@-", stdin=b'{"a": 1}')

    assert asked[0].body["message"] == {"a": 1}


def test_what_is_queued_is_well() -> None:
    """The gateway has it, and will say it."""
    queued = SENT | {"status": "queued", "waiting_for": "room"}
    result, _ = run("alice", "hi", reply=Reply(202, queued))

    assert result.exit_code == 0
    assert result.stdout == "queued for alice: the room is away (msg_1)\n"


@pytest.mark.parametrize("status", ["partial", "failed", "expired", "unknown"])
def test_what_was_not_said_to_all_ends_with_one(status: str) -> None:
    """With the sentence on stderr."""
    result, _ = run("alice", "hi", reply=Reply(200, SENT | {"status": status}))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("gateway send: ")


def test_nobody_of_that_name_tells_who_is_there() -> None:
    """Those most like it first, as the gateway has them."""
    result, _ = run("alcie", "hi", reply=Reply(404, ABSENT))

    assert result.exit_code == 1
    assert result.stderr == (
        "gateway send: Recipient not found: nobody here has the id or name 'alcie';"
        " present: alice, bob\n"
    )


def test_json_is_the_receipt_as_it_is() -> None:
    """Whatever became of the message."""
    result, _ = run("alice", "hi", "--json", reply=Reply(200, b'{"status":  "sent"}'))

    assert result.stdout == '{"status":  "sent"}\n'


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("alice",),
        ("alice", "hi", "--message", "{}"),
        ("alice", "hi", "--wait", "31"),
        ("alice", "hi", "--ttl", "-1"),
        ("alice", "hi", "--key", "a b"),
        ("alice", "hi", "--attach", "/nowhere/at/all"),
    ],
)
def test_a_slip_ends_with_two(arguments: tuple[str, ...]) -> None:
    """Nothing is asked of the gateway."""
    result, asked = run(*arguments)

    assert result.exit_code == 2
    assert asked == []
