"""Log lines: one for each thing that happened, named `noun.past_participle`.

A line holds facts as fields with their units. It never holds a payload, a token, a
secret or the URL of a webhook: `redact` is the last guard, not the first.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, Literal, TextIO

import structlog
from structlog.contextvars import get_contextvars
from typing_extensions import override

from gateway.domain.rendering import rfc3339_micros
from gateway.system import SystemClock

_SECRET_NAMES: Final = re.compile(
    r"(^|_)(token|secret|secrets|password|api_key|authorization|jwt|body|url)$"
)
_SECRET_VALUES: Final = re.compile(
    r"whsec_[A-Za-z0-9+/=]+|ma-[\w.]{22}-[\w.]{22}-\S+|eyJ[\w-]+\.[\w-]+\.[\w-]+"
)
_NAMES_KEPT: Final = 1024  # A field's name is in our code: there are a few dozen.
_LEVELS: Final = logging.getLevelNamesMapping()
REDACTED: Final = "[redacted]"

Line = dict[str, object]

_clock = SystemClock()


def redact(line: Line) -> None:
    """Blank out what looks like a secret, by the name of its field or by its form."""
    for name, value in line.items():
        if _is_secret(name):
            line[name] = REDACTED
        elif isinstance(value, str) and (
            # To look costs less than to ask the expression.
            "whsec_" in value or "ma-" in value or "eyJ" in value
        ):
            line[name] = _SECRET_VALUES.sub(REDACTED, value)


@lru_cache(_NAMES_KEPT)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


class Telemetry:
    """Where the lines go; satisfies every `Meter` port.

    Several lines are written for each message: that is why they do not pass through
    a chain of processors.

    Args:
        write: Takes a line that is whole.
        least: The least level that is written, as `logging` numbers them.
    """

    def __init__(self, write: Callable[[Line], None], *, least: int = 0) -> None:
        self._write = write
        self._least = least

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
            **get_contextvars(),
            **facts,
        }
        redact(line)
        self._write(line)


class _Forward(logging.Handler):
    """Turns what libraries log into lines of ours."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__(logging.WARNING)
        self._telemetry = telemetry

    @override
    def emit(self, record: logging.LogRecord) -> None:
        facts: dict[str, object] = {"logger": record.name, "said": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            facts["error"] = repr(record.exc_info[1])
        level = record.levelno >= logging.ERROR
        (self._telemetry.error if level else self._telemetry.warning)(
            "library.complained", **facts
        )


def configure(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["auto", "json", "console"] = "auto",
) -> Telemetry:
    """Set the process's log up, once, and return where to write it.

    Args:
        level: Least level that is written.
        form: `json` writes one object a line, `console` one line for a person;
            `auto` is `console` when stderr is a terminal.
    """
    for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    telemetry = Telemetry(
        _for_people(sys.stderr) if for_people else _for_machines(sys.stderr),
        least=_LEVELS[level.upper()],
    )
    logging.basicConfig(handlers=[_Forward(telemetry)], force=True)
    return telemetry


def _for_machines(stream: TextIO) -> Callable[[Line], None]:
    encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode

    def write(line: Line) -> None:
        stream.write(encode(line) + "\n")

    return write


def _for_people(stream: TextIO) -> Callable[[Line], None]:
    render = structlog.dev.ConsoleRenderer()

    def write(line: Line) -> None:
        stream.write(render(None, "", line) + "\n")

    return write
