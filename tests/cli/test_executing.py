"""Handing events to a command of the shell."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from gateway.cli import executing
from gateway.cli.executing import Executor

EVENT = b'{"id":"evt_1"}'


class Hand:
    """What the executor says, and how long it waits."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.pauses: list[float] = []

    def executor(self, command: str, timeout_s: float = 20.0) -> Executor:
        """Return an executor that waits for nothing."""
        return Executor(command, timeout_s, self.told.append, self.pauses.append)


@pytest.fixture
def hand() -> Hand:
    """Somebody who listens."""
    return Hand()


def test_a_command_has_the_event_on_stdin(hand: Hand, tmp_path: Path) -> None:
    """And what is known of it in variables, besides its own surroundings."""
    out = tmp_path / "out"
    command = (
        f'(cat; echo "$GATEWAY_EVENT_ID $GATEWAY_ATTEMPT" "${{PATH:+path}}") >{out}'
    )

    hand.executor(command).hand(EVENT, "evt_1", {"GATEWAY_EVENT_ID": "evt_1"})

    assert out.read_bytes() == EVENT + b"\nevt_1 1 path\n"
    assert (hand.told, hand.pauses) == ([], [])


def test_a_command_that_fails_is_run_again(hand: Hand, tmp_path: Path) -> None:
    """With the same event, until it ends with 0; each failure is told."""
    out = tmp_path / "out"
    command = f'cat >>{out}; [ "$GATEWAY_ATTEMPT" = 3 ] || exit 7'

    hand.executor(command).hand(EVENT, "evt_1", {})

    assert out.read_bytes() == (EVENT + b"\n") * 3
    assert hand.told == [
        "evt_1: the command ended with 7; attempt 2 in 1 s.",
        "evt_1: the command ended with 7; attempt 3 in 2 s.",
    ]


def test_pauses_grow_to_a_minute(hand: Hand) -> None:
    """And it is not given up."""
    command = '[ "$GATEWAY_ATTEMPT" = 9 ]'

    hand.executor(command).hand(EVENT, "evt_1", {})

    assert hand.pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_command_that_does_not_read_is_no_failure(hand: Hand) -> None:
    """However large the event is: it may want the variables alone."""
    hand.executor("true").hand(b"x" * 1_000_000, "evt_1", {})

    assert hand.told == []


def test_a_command_that_takes_too_long_is_ended(hand: Hand, tmp_path: Path) -> None:
    """With what it has started, and then run again."""
    out = tmp_path / "out"
    command = f'[ "$GATEWAY_ATTEMPT" = 2 ] || {{ sleep 600 & echo $! >{out}; wait; }}'

    hand.executor(command, 0.5).hand(EVENT, "evt_1", {})

    assert "took more than 0.5 s and was ended" in hand.told[0]
    assert is_over(int(out.read_text()))


def test_a_command_that_will_not_end_is_ended_all_the_same(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked first."""
    monkeypatch.setattr(executing, "GRACE_S", 0.1)
    command = '[ "$GATEWAY_ATTEMPT" = 2 ] || { trap "" TERM; sleep 600; }'

    hand.executor(command, 0.5).hand(EVENT, "evt_1", {})

    assert len(hand.told) == 1


def test_a_command_that_a_signal_ended_has_failed(hand: Hand) -> None:
    """Whoever sent it."""
    hand.executor('[ "$GATEWAY_ATTEMPT" = 2 ] || kill -9 $$').hand(EVENT, "evt_1", {})

    assert hand.told[0].startswith("evt_1: the command was ended by signal 9")


def test_a_command_that_cannot_be_started_is_tried_again(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine may have too much to do just now."""
    start = subprocess.Popen
    failures = [OSError(11, "Resource temporarily unavailable")]

    def start_late(command: str, **options: object) -> object:
        if failures:
            raise failures.pop()
        return start(command, **options)  # type: ignore[call-overload]  # handed on

    monkeypatch.setattr("subprocess.Popen", start_late)

    hand.executor("true").hand(EVENT, "evt_1", {})

    assert "cannot be started (Resource temporarily unavailable)" in hand.told[0]


def test_nothing_of_an_event_is_run(hand: Hand, tmp_path: Path) -> None:
    """It is on stdin, where the shell does not look."""
    out = tmp_path / "out"

    hand.executor("cat >/dev/null").hand(
        f"$(touch {out}); `touch {out}`\n touch {out}".encode(), "evt_1", {}
    )

    assert not out.exists()


def test_who_is_interrupted_leaves_no_command_behind(
    hand: Hand, tmp_path: Path
) -> None:
    """It ends with us, and the event is not done."""
    out = tmp_path / "out"
    os.mkfifo(out)
    number: list[int] = []

    def interrupt() -> None:
        number.append(int(out.read_text()))  # The command has begun.
        signal.raise_signal(signal.SIGTERM)

    class Interrupted(Exception):
        pass

    def interrupted(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGTERM, interrupted)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(Interrupted):
            hand.executor(f"echo $$ >{out}; exec sleep 600").hand(EVENT, "evt_1", {})
    finally:
        thread.join()
        signal.signal(signal.SIGTERM, before)

    assert is_over(number[0])


def is_over(number: int) -> bool:
    """Whether a process has ended, or is about to: it was told to."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in {"Z", "X"}
