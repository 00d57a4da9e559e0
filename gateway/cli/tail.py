"""`gateway tail`: see what happens in rooms, or hand it to a command."""

import io
import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer

from gateway.cli import lines, moments
from gateway.cli.calling import (
    DEFAULT_URL,
    FAILED,
    Key,
    Refused,
    Url,
    calling,
    complain,
    printable,
    words,
)
from gateway.cli.cursors import CURSOR, BadCursorFile, CursorFile
from gateway.cli.executing import ENDING, Executor
from gateway.cli.following import CONTROL, Follower, World
from gateway.cli.frames import Frame
from gateway.system import SystemClock

COMMAND: Final = "tail"
REFUSED: Final = 2  # exit status: to begin again changes nothing
SIGNALLED: Final = 128  # plus the signal's number, as shells have it
LATEST: Final = "latest"
PLACES: Final = (LATEST, "earliest")
CURSOR_FILE: Final = Path("gateway-tail.cursor")
TIMEOUT_S: Final = 300.0


def _since(given: str) -> str:
    # So long ago is counted once: after a cut it would be another time.
    return given if given in PLACES else moments.moment(given)


def _cursor(given: str) -> str:
    if CURSOR.fullmatch(given) is None:
        detail = "a cursor is visible ASCII, as a stream gives it, or an evt_… id."
        raise typer.BadParameter(detail)
    return given


def _list(given: str | None) -> str | None:
    return None if given is None else ",".join(words(given) or ())


def tail(  # noqa: PLR0913  # typer makes an option of each parameter
    *,
    since: Annotated[
        str | None,
        typer.Option(
            parser=_since,
            metavar=f"{moments.METAVAR}|earliest",
            help="Begin with what happened then; else with what happens next.",
        ),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            parser=_cursor, metavar="CURSOR", help="Begin after this place of the log."
        ),
    ] = None,
    events: Annotated[
        str | None, typer.Option(help="Only such as message.*; comma-separated.")
    ] = None,
    types: Annotated[
        str | None, typer.Option(help="Only messages of these types, comma-separated.")
    ] = None,
    rooms: Annotated[
        str | None, typer.Option(help="Only of these rooms, comma-separated.")
    ] = None,
    senders: Annotated[
        str | None,
        typer.Option("--from", help="Only messages from these names, comma-separated."),
    ] = None,
    execute: Annotated[
        str | None,
        typer.Option(
            "--exec",
            metavar="COMMAND",
            help="Run this in the shell for each event, which it has on stdin as JSON;"
            " again until it ends with 0.",
        ),
    ] = None,
    cursor: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --exec: holds how far it has come, and where it goes on."
            f" {CURSOR_FILE} if not given.",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=604_800,
            help="With --exec: seconds that the command may take."
            f" {TIMEOUT_S:.0f} if not given.",
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: Key = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each event as it is, one a line.")
    ] = False,
) -> None:
    """Show what happens in the rooms, as it happens, until Ctrl-C.

    After a cut or a restart of the gateway it goes on where it was.

    With --exec each event goes to a command, one at a time and at least once.
    """
    if since is not None and after is not None:
        detail = "--since and --after are two places to begin."
        raise typer.BadParameter(detail, param_hint="--after")
    if execute is None and (cursor is not None or timeout is not None):
        detail = "--cursor and --timeout are for --exec."
        raise typer.BadParameter(detail, param_hint="--exec")
    if execute is not None and as_json:
        detail = "with --exec the events go to the command, as JSON."
        raise typer.BadParameter(detail, param_hint="--json")
    query = {
        "events": _list(events),
        "types": _list(types),
        "rooms": _list(rooms),
        "from": _list(senders),
    }
    with calling(COMMAND, url, api_key) as gateway, ending():
        follow = partial(
            Follower, gateway, query, since=since or LATEST, world=World(_say)
        )
        if execute is None:
            show(follow(cursor=after), as_json=as_json)
        else:
            executor = Executor(execute, timeout or TIMEOUT_S, _say, World(_say).pause)
            with CursorFile.held(cursor or CURSOR_FILE) as file:
                held = file.read()
                if held is not None and (since is not None or after is not None):
                    _say("It goes on from the cursor file, not from the place given.")
                hand(follow(cursor=held or after), file, executor)


def show(follower: Follower, *, as_json: bool) -> None:
    """Print events as they come: as they are, or as lines for a person.

    Raises:
        BrokenPipeError: Nobody reads stdout any more.
    """
    write = _write_raw if as_json else printer()
    with closing(follower.frames()) as frames:
        for frame in frames:
            if not frame.type.startswith(CONTROL):
                write(frame.data)
            elif _is_unread():
                raise BrokenPipeError


def hand(follower: Follower, file: CursorFile, executor: Executor) -> None:
    """Hand events to a command, and write down each place that was passed.

    Raises:
        BadCursorFile: It cannot be written.
    """
    with closing(follower.frames()) as frames:
        for frame in frames:
            if not frame.type.startswith(CONTROL):
                known = surroundings(frame)
                executor.hand(frame.data, known["GATEWAY_EVENT_ID"], known)
            if frame.cursor is not None:
                file.move(frame.cursor)


def surroundings(frame: Frame) -> Mapping[str, str]:
    """Return the variables that tell a command which event it gets.

    Nothing that a stranger wrote is among them.
    """
    event = _object(frame.data)
    data = event.get("data")
    message = data.get("id") if isinstance(data, Mapping) else None
    known = {
        "GATEWAY_CURSOR": frame.cursor,
        "GATEWAY_EVENT_ID": event.get("id"),
        "GATEWAY_EVENT_TYPE": event.get("type"),
        "GATEWAY_MESSAGE_ID": message,
        "GATEWAY_EVENT_ROOM": event.get("room"),
    }
    return {
        name: printable("" if value is None else str(value))
        for name, value in known.items()
    }


def printer() -> Callable[[bytes], None]:
    """Return what prints events for a person: in colours, if that is a terminal."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # Not all terminals know all letters.
    now = SystemClock().now
    if not sys.stdout.isatty():
        return lambda event: print(
            lines.plain(_object(event), now().astimezone().date()), flush=True
        )
    from rich.console import Console  # noqa: PLC0415 - not for pipes

    console = Console(highlight=False, soft_wrap=True)
    return lambda event: console.print(
        lines.coloured(_object(event), now().astimezone().date())
    )


class _Signalled(BaseException):
    """The process was told to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _raise(number: int, _: FrameType | None) -> None:
    raise _Signalled(number)


@contextmanager
def ending() -> Iterator[None]:
    """End a command that has no end of its own as whoever ends it expects.

    Raises:
        typer.Exit: With 0 if nobody reads stdout any more, 2 if the gateway refuses
            for good, 128 and the number of the signal that ended it, and 1 if the
            cursor file fails.
    """
    # Of nohup, or of a shell's background: who ignores one means it.
    heard = [one for one in ENDING if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _raise) for number in heard}
    try:
        yield
    except _Signalled as error:
        raise typer.Exit(SIGNALLED + error.number) from None
    except BrokenPipeError:
        # Or the interpreter would say at its end that it cannot flush it.
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a name, not a path
            os.dup2(nothing.fileno(), sys.stdout.fileno())
        raise typer.Exit from None
    except Refused as error:
        complain(COMMAND, str(error))
        raise typer.Exit(REFUSED) from error
    except BadCursorFile as error:
        complain(COMMAND, str(error))
        raise typer.Exit(FAILED) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(sentence: str) -> None:
    complain(COMMAND, sentence)


def _write_raw(event: bytes) -> None:
    sys.stdout.buffer.write(event + b"\n")
    sys.stdout.buffer.flush()


def _is_unread() -> bool:
    """Whether stdout is a pipe that nobody reads any more."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return bool(poll.poll(0))
    except (OSError, ValueError):  # It is no file of the system.
        return False


def _object(data: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"type": "?", "data": str(data)}
