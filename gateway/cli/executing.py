"""Handing events to a command, one at a time, until it has taken each."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Final

FIRST_S: Final = 1.0  # Before the second attempt; it doubles.
CAP_S: Final = 60.0
GRACE_S: Final = 5.0  # Between asking a command to end and ending it.

# What ends a process that has a person or a supervisor.
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], object]


@dataclass(frozen=True, slots=True)
class Executor:
    """A command of the shell that events are handed to.

    Attributes:
        command: What `/bin/sh -c` is given. Nothing of an event gets into it.
        timeout_s: Seconds after which it is ended, and has failed.
        say: Tells a person a sentence.
        pause: Waits so many seconds.
    """

    command: str
    timeout_s: float
    say: Callable[[str], None]
    pause: Callable[[float], None]

    def hand(self, event: bytes, name: str, known: Mapping[str, str]) -> None:
        """Run the command with an event on its stdin until it ends with 0.

        Args:
            event: The event as JSON in one line.
            name: What to call the event in sentences.
            known: Variables for the command, besides those that we have.
        """
        attempt, wait_s = 1, FIRST_S
        while True:
            failure = self._failure(event, {**known, "GATEWAY_ATTEMPT": str(attempt)})
            if failure is None:
                return
            self.say(f"{name}: {failure}; attempt {attempt + 1} in {wait_s:.0f} s.")
            self.pause(wait_s)
            attempt, wait_s = attempt + 1, min(CAP_S, wait_s * 2)

    def _failure(self, event: bytes, known: Mapping[str, str]) -> str | None:
        """Run the command once, and say what went wrong if anything did."""
        process: subprocess.Popen[bytes] | None = None
        try:
            with _undisturbed():
                process = self._started(known)
            process.communicate(event + b"\n", timeout=self.timeout_s)
        except OSError as error:
            return f"the command cannot be started ({error.strerror})"
        except subprocess.TimeoutExpired:
            return f"the command took more than {self.timeout_s:g} s and was ended"
        finally:
            if process is not None:
                _end(process)
        return _verdict(process.returncode)

    def _started(self, known: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start the command, in a group of its own so that all of it can be ended."""
        environment = {**os.environ, **known}  # noqa: TID251 - it is handed on, unread
        # The shell is what was asked for: the command is the caller's own.
        return subprocess.Popen(  # noqa: S602
            self.command,
            shell=True,
            stdin=subprocess.PIPE,
            env=environment,
            process_group=0,
        )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put off the signals that end us, or a command could be started and forgotten."""
    came: list[int] = []
    before: dict[signal.Signals, Handler] = {}
    for one in ENDING:
        handler = signal.getsignal(one)
        if callable(handler):  # What is ignored is so for the command too.
            before[one] = handler
            signal.signal(one, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that has not ended, and those that it has started."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
    if process.poll() is None:
        _signal(process, signal.SIGKILL)
        process.wait()
    if process.stdin is not None:
        with suppress(OSError):  # What it has not read is lost with it.
            process.stdin.close()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _verdict(status: int) -> str | None:
    if status == 0:
        return None
    if status < 0:
        return f"the command was ended by signal {-status}"
    return f"the command ended with {status}"
