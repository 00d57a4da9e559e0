"""The command `gateway tail`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from typer.testing import CliRunner, Result

from gateway import settings
from gateway.cli import cli
from gateway.cli.frames import Frame
from gateway.cli.tail import ending, printer, surroundings
from tests.fakes.stream_server import (
    Came,
    StreamServer,
    Visit,
    an_envelope,
    frame,
    opened,
    problem,
    said,
)


def run(*arguments: str, visits: list[Visit]) -> tuple[Result, list[Came]]:
    """Run the command until the gateway refuses it, which it does after these."""
    with StreamServer(*visits) as server:
        result = CliRunner().invoke(
            cli, ["tail", *arguments], env={"GATEWAY_URL": server.url}
        )
    return result, server.came


@contextmanager
def running(
    server: StreamServer, *arguments: str, within: Path | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    """Run the command as a process of its own; give it, its stdout and its stderr."""
    process = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "gateway", "tail", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=within,
        env={
            "GATEWAY_URL": server.url,
            "PATH": os.defpath,
            "PYTHONPATH": str(Path.cwd()),
        },
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        try:
            yield process, process.stdout, process.stderr
        finally:
            process.kill()
            process.wait()


def test_events_are_lines() -> None:
    """Into a pipe without colours; the end is on stderr."""
    joined = frame(
        "e-6",
        "participant.joined",
        an_envelope(6)
        | {"type": "participant.joined", "data": {"participant": {"name": "bob"}}},
    )
    result, _ = run(visits=[Visit(opened("e-4") + said(5) + joined)])

    first, second = result.stdout.splitlines()
    assert first.endswith(" lobby alice chat: hi")
    assert second.endswith(" lobby bob joined")
    assert "\x1b" not in result.stdout


def test_json_is_each_event_as_it_is() -> None:
    """Byte for byte, and nothing but events."""
    raw = b'{"id":"evt_5",  "text":"\xc3\xa9"}'
    content = opened("e-4") + frame("e-5", "message.received", raw)
    ping = frame("e-5", "stream.ping", {})

    result, _ = run("--json", visits=[Visit(content + ping)])

    assert result.stdout_bytes == raw + b"\n"


def test_what_is_asked_for_goes_along() -> None:
    """In the API's words."""
    _, came = run(
        *("--since", "earliest", "--events", "message.*, room.gap", "--types", "chat"),
        *("--rooms", "lobby", "--from", "alice"),
        visits=[],
    )

    assert came[0].path == "/events"
    assert came[0].query == {
        "since": "earliest",
        "events": "message.*,room.gap",
        "types": "chat",
        "rooms": "lobby",
        "from": "alice",
    }


def test_what_happens_next_is_shown_if_nothing_is_said() -> None:
    """And after a place that is given, if one is."""
    _, latest = run(visits=[])
    _, after = run("--after", "evt_4", visits=[])

    assert latest[0].query == {"since": "latest"}
    assert after[0].headers["last-event-id"] == "evt_4"


def test_so_long_ago_is_a_time() -> None:
    """Counted once: after a cut it would be another."""
    _, came = run("--since", "10m", visits=[])

    assert came[0].query["since"].endswith("Z")


def test_a_refusal_ends_with_two() -> None:
    """To start again would change nothing; the problem is told."""
    result, _ = run(visits=[problem(422, {"title": "Invalid", "detail": "No event."})])

    assert result.exit_code == 2
    assert result.stderr == "gateway tail: Invalid: No event.\n"


def test_somebody_else_at_the_address_ends_with_one() -> None:
    """The sentence says what to look at."""
    page = Visit(b"<html>", is_whole=True, headers={"Content-Type": "text/html"})
    result, _ = run(visits=[page])

    assert result.exit_code == 1
    assert "is GATEWAY_URL right?" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--since", "soon"),
        ("--since", "1h", "--after", "e-4"),
        ("--after", "a b"),
        ("--events", ""),
        ("--cursor", "file"),
        ("--timeout", "5"),
        ("--exec", "true", "--json"),
        ("--exec", "true", "--timeout", "0"),
    ],
)
def test_a_slip_ends_with_two(arguments: tuple[str, ...]) -> None:
    """Nothing is asked of the gateway."""
    result, came = run(*arguments, visits=[])

    assert result.exit_code == 2
    assert came == []


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    """`gateway tail | head -1`, at the next event."""
    content = opened("e-4") + said(5) * 20_000
    with (
        StreamServer(Visit(content, holds=True)) as server,
        running(server) as (process, out, err),
    ):
        out.readline()
        out.close()

        assert err.read() == b""
        assert process.wait() == 0


def test_a_reader_that_left_is_noticed_without_events() -> None:
    """At the next ping, within a quarter of a minute."""
    ping = frame("e-5", "stream.ping", {})
    visit = Visit(opened("e-4") + said(5), later=ping, holds=True)
    with StreamServer(visit) as server, running(server) as (process, out, err):
        out.readline()
        out.close()
        server.gate.set()

        assert err.read() == b""
        assert process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_quietly(number: signal.Signals) -> None:
    """With the status that shells have for it."""
    visit = Visit(opened("e-4") + said(5), holds=True)
    with (
        heard(number),
        StreamServer(visit) as server,
        running(server) as (process, out, err),
    ):
        out.readline()
        process.send_signal(number)

        assert err.read() == b""
        assert process.wait() == 128 + number


@contextmanager
def heard(number: signal.Signals) -> Iterator[None]:
    """Have a signal heard by processes that begin, whatever began us."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As nohup has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours(
    no_color: str,
    *,
    is_coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Unless NO_COLOR is set."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    gap = an_envelope(5) | {"type": "room.gap", "data": {"from": "a", "to": "b"}}

    printer()(json.dumps(gap).encode())

    assert ("\x1b[33m" in capsys.readouterr().out) == is_coloured


def test_a_command_gets_each_event_and_the_file_moves(tmp_path: Path) -> None:
    """From the opening on, so that a second run begins where the first one was."""
    out, cursor = tmp_path / "out", tmp_path / "cursor"
    command = f'cat >>{out}; echo "$GATEWAY_CURSOR $GATEWAY_MESSAGE_ID" >>{out}'
    content = opened("e-4") + said(5) + said(6)

    result, _ = run(
        *("--exec", command, "--cursor", str(cursor)), visits=[Visit(content)]
    )
    _, came = run(*("--exec", command, "--cursor", str(cursor)), visits=[])

    lines = out.read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines[::2]] == ["evt_5", "evt_6"]
    assert lines[1::2] == ["e-5 msg_5", "e-6 msg_6"]
    assert result.stdout == ""
    assert cursor.read_text() == "e-6\n"
    assert came[0].headers["last-event-id"] == "e-6"


def test_the_file_begins_with_the_first_opening(tmp_path: Path) -> None:
    """What happens between that and the first event is not lost."""
    cursor = tmp_path / "cursor"
    run("--exec", "true", "--cursor", str(cursor), visits=[Visit(opened("e-4"))])

    assert cursor.read_text() == "e-4\n"


def test_a_ping_moves_the_file(tmp_path: Path) -> None:
    """One who wants few events is not far behind at the next start."""
    cursor = tmp_path / "cursor"
    content = opened("e-4") + frame("e-900", "stream.ping", {})
    run("--exec", "false", "--cursor", str(cursor), visits=[Visit(content)])

    assert cursor.read_text() == "e-900\n"


def test_the_file_is_stronger_than_the_place_given(tmp_path: Path) -> None:
    """A service has its first place on its command line for good."""
    cursor = tmp_path / "cursor"
    cursor.write_text("e-4\n")
    result, came = run(
        *("--exec", "true", "--cursor", str(cursor), "--since", "earliest"), visits=[]
    )

    assert came[0].headers["last-event-id"] == "e-4"
    assert "It goes on from the cursor file" in result.stderr


def test_the_file_is_in_the_working_directory_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a name that says whose it is."""
    monkeypatch.chdir(tmp_path)
    run("--exec", "true", visits=[Visit(opened("e-4"))])

    assert (tmp_path / "gateway-tail.cursor").read_text() == "e-4\n"


def test_a_file_that_cannot_be_used_ends_with_one(tmp_path: Path) -> None:
    """The sentence names it."""
    cursor = tmp_path / "no" / "cursor"
    result, came = run("--exec", "true", "--cursor", str(cursor), visits=[])

    assert result.exit_code == 1
    assert f"{cursor}.lock cannot be written" in result.stderr
    assert came == []


def test_what_was_in_hand_at_a_kill_comes_again(tmp_path: Path) -> None:
    """And nothing else does; nothing is left out."""
    out, go = tmp_path / "out", tmp_path / "go"
    os.mkfifo(go)
    command = (
        f'echo "$GATEWAY_EVENT_ID" >>{out};'
        f' case "$GATEWAY_EVENT_ID" in evt_6) . {go};; esac'
    )
    visits = [
        Visit(opened("e-4") + said(5) + said(6) + said(7), holds=True),
        Visit(opened("e-5") + said(6) + said(7)),
    ]
    with StreamServer(*visits) as server:
        with (
            running(server, "--exec", command, within=tmp_path) as (process, _, _),
            # Whoever opens it to write waits for the command to open it to read.
            go.open("w") as pipe,
        ):
            process.kill()
            process.wait()
            pipe.write("exit 1")
        go.unlink()
        go.write_text("true")
        with running(server, "--exec", command, within=tmp_path) as (process, _, _):
            assert process.wait() == 2  # There are no more visits.

    assert out.read_text().split() == ["evt_5", "evt_6", "evt_6", "evt_7"]
    assert server.came[1].headers["last-event-id"] == "e-5"


def test_a_command_may_be_one_of_ours() -> None:
    """What it is told is taken for no setting that was misspelt."""
    known = surroundings(Frame("e-1", "x", b"{}"))

    assert settings.load({**known, "GATEWAY_ATTEMPT": "1"}) == settings.load({})


def test_a_command_is_told_nothing_by_strangers() -> None:
    """Ids and types are the gateway's words; what is odd in them is taken out."""
    event = json.dumps({"id": "evt_\x005", "type": None, "data": {"id": "msg_5"}})

    known = surroundings(Frame(None, "x", event.encode()))

    assert known == {
        "GATEWAY_CURSOR": "",
        "GATEWAY_EVENT_ID": "evt_\ufffd5",
        "GATEWAY_EVENT_TYPE": "",
        "GATEWAY_MESSAGE_ID": "msg_5",
        "GATEWAY_EVENT_ROOM": "",
    }
    assert surroundings(Frame("e-1", "x", b"[]"))["GATEWAY_CURSOR"] == "e-1"
