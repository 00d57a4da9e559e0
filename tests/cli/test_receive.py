"""The command `gateway receive`."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli.receive import (
    Answer,
    Message,
    Receiver,
    Shown,
    greeting,
    line,
    receive as command,
    text,
)
from gateway.delivery.ports import Request
from gateway.domain import signing
from gateway.domain.signing import Flaw
from gateway.egress.guard import EgressPolicy
from gateway.egress.sender import HttpSender
from gateway.system import SystemClock
from tests.fakes.clock import NOON

PROGRAM = "import typer; from gateway.cli.receive import receive; typer.run(receive)"
PATIENCE_S = 8.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"type":"message.received","data":{"message":{"text":"h\xc3\xa9"}}}'
AT = int(NOON.timestamp())

SHOWN = Shown(
    at=NOON,
    method="POST",
    path="/",
    headers={"webhook-id": "evt_1", "webhook-attempt": "2"},
    body=BODY,
    is_checked=True,
    flaw=None,
    status=200,
)

cli = typer.Typer(rich_markup_mode=None)
cli.command()(command)


def signed(body: bytes = BODY, timestamp: int = AT) -> dict[str, str]:
    """Return the headers of a genuine webhook."""
    signature = signing.sign(
        [SECRET], message_id="evt_1", timestamp=timestamp, body=body
    )
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }


async def asked(
    receiver: Receiver, headers: Mapping[str, str], pieces: Sequence[bytes]
) -> list[Message]:
    """Ask the application as a server would; give what it answered."""
    sent: list[Message] = []
    waiting: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": index < len(pieces)}
        for index, piece in enumerate(pieces, 1)
    ]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope: Message = {"type": "http", "method": "POST", "path": "/", "headers": raw}
    await receiver(scope, receive, send)
    return sent


def a_receiver(shown: list[Shown], secret: str | None = SECRET) -> Receiver:
    """Return an application at noon that shows into a list."""
    return Receiver(secret, Answer(503, 7), shown.append, lambda: NOON)


async def test_a_request_is_shown_and_answered() -> None:
    """A request that comes in pieces is shown whole, and answered as asked for."""
    shown: list[Shown] = []

    sent = await asked(a_receiver(shown), signed(), [BODY[:5], BODY[5:]])

    assert [(each.body, each.flaw, each.is_checked) for each in shown] == [
        (BODY, None, True)
    ]
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"7") in list(sent[0]["headers"])  # type: ignore[call-overload]  # ASGI's headers


@pytest.mark.parametrize(
    ("headers", "flaw"),
    [
        ({}, Flaw.MISSING_ID),
        (signed() | {"webhook-signature": "v1,abc"}, Flaw.NOT_BASE64),
        (signed() | {"webhook-signature": "v1,\xe9"}, Flaw.NOT_ASCII),
        (signed(b"other"), Flaw.MISMATCH),
        (signed(timestamp=AT - 301), Flaw.TOO_OLD),
        ({"x-hub-signature-256": signing.sign_github(SECRET, BODY)}, None),
        ({"x-hub-signature-256": "sha256=00"}, Flaw.NOT_HEX),
    ],
)
async def test_a_wrong_signature_says_why(
    headers: dict[str, str], flaw: Flaw | None
) -> None:
    """The flaw is found in the scheme that the request uses."""
    shown: list[Shown] = []

    await asked(a_receiver(shown), headers, [BODY])

    assert shown[0].flaw is flaw


async def test_without_a_secret_nothing_is_checked() -> None:
    """A receiver that knows no secret does not claim anything."""
    shown: list[Shown] = []

    await asked(a_receiver(shown, secret=None), {}, [b""])

    assert not shown[0].is_checked
    assert json.loads(line(shown[0]))["verified"] is None


async def test_a_body_too_large_is_refused() -> None:
    """A stranger cannot fill the memory."""
    shown: list[Shown] = []

    sent = await asked(a_receiver(shown), {}, [b"x" * 1_048_576] * 17)

    assert sent[0]["status"] == 413
    assert shown == []


async def test_what_is_not_http_is_let_go() -> None:
    """A WebSocket gets no answer."""
    shown: list[Shown] = []

    async def never() -> Message:
        raise AssertionError

    async def nothing(_: Message) -> None:
        raise AssertionError

    await a_receiver(shown)({"type": "websocket"}, never, nothing)

    assert shown == []


def test_a_line_is_for_scripts() -> None:
    """All that is known of a request is one line of JSON."""
    shown = json.loads(line(replace(SHOWN, flaw=Flaw.TOO_OLD)))

    assert shown == {
        "at": "2026-03-14T12:00:00.000Z",
        "method": "POST",
        "path": "/",
        "headers": {"webhook-id": "evt_1", "webhook-attempt": "2"},
        "body": {"type": "message.received", "data": {"message": {"text": "hé"}}},
        "verified": False,
        "flaw": "too_old",
        "reason": Flaw.TOO_OLD.sentence,
        "answered": 200,
    }


@pytest.mark.parametrize("body", [b"", b"plain", b"NaN", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_text(body: bytes) -> None:
    """Whatever came, the line is JSON."""
    shown = json.loads(line(replace(SHOWN, body=body)))

    assert shown["body"] == body.decode("utf-8", "replace")


def test_a_person_reads_what_came() -> None:
    """Type, id, attempt, the signature and the body are there to be read."""
    shown = text(SHOWN).plain

    for expected in ("message.received", "evt_1", "attempt 2", "answered 200", "right"):
        assert expected in shown
    assert '"text": "hé"' in shown


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (replace(SHOWN, flaw=Flaw.MISMATCH), Flaw.MISMATCH.sentence),
        (replace(SHOWN, is_checked=False), "not checked"),
        (replace(SHOWN, body=b"plain", path="/x"), "POST /x"),
        (replace(SHOWN, body=b"[]"), "[]"),
    ],
)
def test_a_person_is_told_the_rest(changed: Shown, expected: str) -> None:
    """A wrong signature, an unchecked one and a strange body are said plainly."""
    assert expected in text(changed).plain


def test_a_stranger_does_not_steer_the_terminal() -> None:
    """Control characters of a body are not printed."""
    shown = text(replace(SHOWN, body=b"\x1b[31m\xc2\x9b red", headers={})).plain

    assert "\x1b" not in shown
    assert "\x9b" not in shown


def test_the_greeting_says_what_to_do_next() -> None:
    """Without a secret it says how to get one."""
    assert "--secret" in greeting("http://127.0.0.1:9000", secret=None)
    assert "--secret" not in greeting("http://127.0.0.1:9000", secret=SECRET)


def test_a_bad_secret_is_one_sentence() -> None:
    """Nothing is started with a secret that cannot be one, and it is not repeated."""
    result = CliRunner().invoke(cli, ["--secret", "whsec_hush"])

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "hush" not in result.stderr


def test_a_taken_port_is_one_sentence() -> None:
    """Somebody else's port ends the command with status 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = CliRunner().invoke(cli, ["--port", str(port)])

    assert result.exit_code == 2
    assert result.stderr == (
        f"gateway receive: cannot listen at 127.0.0.1 port {port}: "
        "Address already in use\n"
    )


def test_a_host_that_is_none_is_one_sentence() -> None:
    """A name that cannot be looked up ends the command with status 2."""
    result = CliRunner().invoke(cli, ["--host", "no-such-name.invalid"])

    assert result.exit_code == 2
    assert "cannot listen at no-such-name.invalid" in result.stderr
    assert result.stderr.count("\n") == 1


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command in a process of its own, which is killed if it doesn't end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", PROGRAM, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address(process: asyncio.subprocess.Process) -> str:
    """Read where it listens."""
    assert process.stderr is not None
    first = (await process.stderr.readline()).decode()
    return first.removeprefix("Receiving webhooks at ").split(" ")[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_receives_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """A delivery is verified, printed and answered; a stop is exit status 0."""
    now = SystemClock().now()
    headers = signed(timestamp=int(now.timestamp()))
    policy = EgressPolicy().for_development()
    arguments = ("--port", "0", "--json", "--secret", SECRET, "--respond", "202")
    async with (
        running(*arguments) as process,
        HttpSender(policy, SystemClock()) as sender,
    ):
        url = await address(process)
        request = Request(url, headers, BODY, timeout=timedelta(seconds=5))

        outcome = await sender.send(request)

        assert process.stdout is not None
        shown = json.loads(await process.stdout.readline())
        process.send_signal(number)
        status = await process.wait()
    assert (outcome.status, shown["verified"], status) == (202, True, 0)
