"""Log lines: one for each thing that happened, named `noun.past_participle`.

A line holds facts as fields with their units. It never holds a payload, a token, a
secret or the URL of a webhook: blanking out is the last guard, not the first.
"""

import asyncio
import atexit
import json
import logging
import math
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Final, Literal, TextIO

import orjson
from typing_extensions import override

from gateway import context
from gateway.domain.bugs import where
from gateway.domain.rendering import rfc3339_micros
from gateway.system import SystemClock

_SECRET_NAMES: Final = re.compile(
    r"(^|_)(token|secret|secrets|password|api_key|authorization|jwt|body|url)$"
)
_SECRET_VALUES: Final = re.compile(
    r"whsec_[A-Za-z0-9+/=]+|ma-[\w.]{22}-[\w.]{22}-\S+|eyJ[\w-]+\.[\w-]+\.[\w-]+"
)
# What reprs tell, they tell: the insides of a dataclass are not for the log.
_AS_TOLD: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_FORMS_KEPT: Final = 1024  # The names of a line are in our code: a few dozen sets.
_UNTOLD_S: Final = 60.0  # In which a library's complaint is told once.
_COMPLAINTS_KEPT: Final = 256
_SAID_CHARACTERS: Final = 300
_LEVELS: Final = logging.getLevelNamesMapping()
REDACTED: Final = "[redacted]"

Line = dict[str, object]

_clock = SystemClock()


def _redact(line: Line) -> None:
    """Blank out what looks like a secret by its form."""
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = _SECRET_VALUES.sub(REDACTED, value)


def _may_show_secrets(text: str) -> bool:
    # To look costs less than to ask the expression.
    return "whsec_" in text or "ma-" in text or "eyJ" in text


@lru_cache(_FORMS_KEPT)
def _secret_ones(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if _SECRET_NAMES.search(name) is not None)


class Telemetry:
    """Where the lines go; satisfies every `Meter` port.

    Several lines are written for each message: that is why they do not pass through
    a chain of processors, and why those of one turn of the event loop are written
    together. Warnings and errors are written at once, and all that came before them.

    Args:
        render: Makes a line text.
        stream: Where it is written; if that fails there is nobody to tell.
        least: The least level that is written, as `logging` numbers them.
    """

    def __init__(
        self, render: Callable[[Line], str], stream: TextIO, *, least: int = 0
    ) -> None:
        self._render = render
        self._stream = stream
        self._least = least
        self._told: deque[str] = deque()  # Other threads may tell, too.
        self._awaited: asyncio.AbstractEventLoop | None = None  # Its turn has to end.

    def info(self, event: str, **facts: object) -> None:
        """Record a thing that happened."""
        if self._least <= logging.INFO:
            self._tell("info", event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Record a thing that a person may want to look at."""
        if self._least <= logging.WARNING:
            self._tell("warning", event, facts)

    def error(self, event: str, **facts: object) -> None:
        """Record a thing that a person must look at."""
        self._tell("error", event, facts)

    def _tell(self, level: str, event: str, facts: Mapping[str, object]) -> None:
        """Put when, how grave and what before the facts, for the eye."""
        line: Line = {
            "timestamp": rfc3339_micros(_clock.now()),
            "level": level,
            "event": event,
            **context.bound(),
            **facts,
        }
        for name in _secret_ones(tuple(line)):
            line[name] = REDACTED
        text = self._render(line)
        if _may_show_secrets(text):
            _redact(line)
            text = self._render(line)
        self._told.append(f"{text}\n")
        if level == "info":
            self._write_soon()
        else:
            self.flush()

    def _write_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if self._awaited is not loop:
            self._awaited = loop
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what was told and is not written yet."""
        self._awaited = None
        lines: list[str] = []
        while self._told:
            lines.append(self._told.popleft())
        with suppress(OSError, ValueError):
            self._stream.write("".join(lines))


class _Forward(logging.Handler):
    """Turns what libraries log into lines of ours.

    What they say again within a minute is counted, and not told: anybody who can
    connect can have them say it thousands of times a second.
    """

    def __init__(self, telemetry: Telemetry, monotonic: Callable[[], float]) -> None:
        super().__init__(logging.WARNING)
        self._telemetry = telemetry
        self._monotonic = monotonic
        # When each was told, and how often it was said after that; the last told last.
        self._told: dict[str, tuple[float, int]] = {}

    @override
    def emit(self, record: logging.LogRecord) -> None:
        # What asyncio says in further lines has the error's own words, too.
        said = record.getMessage().partition("\n")[0][:_SAID_CHARACTERS]
        facts: dict[str, object] = {"logger": record.name, "said": said}
        if record.exc_info and record.exc_info[1] is not None:
            facts |= _facts_of(record.exc_info[1])
        untold = self._untold(repr(facts))
        if untold is None:
            return
        if untold:
            facts["untold"] = untold
        level = record.levelno >= logging.ERROR
        (self._telemetry.error if level else self._telemetry.warning)(
            "library.complained", **facts
        )

    def _untold(self, said: str) -> int | None:
        """Return how often it was not told since it was; `None` if it is not now."""
        now_s = self._monotonic()
        told_s, untold = self._told.get(said, (-math.inf, 0))
        if now_s - told_s < _UNTOLD_S:
            self._told[said] = (told_s, untold + 1)
            return None
        self._told.pop(said, None)
        self._told[said] = (now_s, 0)
        if len(self._told) > _COMPLAINTS_KEPT:
            del self._told[next(iter(self._told))]
        return untold


def _facts_of(error: BaseException) -> Line:
    """Return what an error is and where it arose.

    Its own words only if they are the system's: others quote what they failed over,
    which may be a payload.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    name = repr(error) if isinstance(error, OSError) else type(error).__name__
    return {"error": name, "where": where(error)}


def configure(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["auto", "json", "console"] = "auto",
    monotonic: Callable[[], float] = _clock.monotonic,
) -> Telemetry:
    """Set the process's log up, once, and return where to write it.

    Args:
        level: Least level that is written.
        form: `json` writes one object a line, `console` one line for a person;
            `auto` is `console` when stderr is a terminal.
        monotonic: Seconds that never go back.
    """
    for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    telemetry = Telemetry(
        _for_people() if for_people else _for_machines(),
        sys.stderr,
        least=_LEVELS[level.upper()],
    )
    atexit.register(telemetry.flush)
    logging.basicConfig(handlers=[_Forward(telemetry, monotonic)], force=True)
    return telemetry


def _for_machines() -> Callable[[Line], str]:
    thorough = json.JSONEncoder(separators=(",", ":"), default=repr).encode

    def render(line: Line) -> str:
        try:
            return orjson.dumps(line, repr, _AS_TOLD).decode()
        except orjson.JSONEncodeError:  # A lone surrogate, an integer beyond 64 bits.
            return thorough(line)

    return render


def _for_people() -> Callable[[Line], str]:
    from structlog.dev import ConsoleRenderer  # noqa: PLC0415  # 10 MB, with Rich

    render = ConsoleRenderer()
    return lambda line: render(None, "", {**line})  # It takes from what it is given.
