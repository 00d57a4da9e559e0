"""Log lines: one for each thing that happened, named `noun.past_participle`.

A line holds facts as fields with their units. It never holds a payload, a token, a
secret or the URL of a webhook: `redact` is the last guard, not the first.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Final, Literal

import structlog
from typing_extensions import override

_SECRET_NAMES: Final = re.compile(
    r"(^|_)(token|secret|secrets|password|api_key|authorization|jwt|body|url)$"
)
_SECRET_VALUES: Final = re.compile(
    r"whsec_[A-Za-z0-9+/=]+|ma-[\w.]{22}-[\w.]{22}-\S+|eyJ[\w-]+\.[\w-]+\.[\w-]+"
)
REDACTED: Final = "[redacted]"


def redact(
    _logger: object, _method: str, line: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Blank out what looks like a secret, by the name of its field or by its form."""
    for name, value in line.items():
        if _SECRET_NAMES.search(name):
            line[name] = REDACTED
        elif isinstance(value, str):
            line[name] = _SECRET_VALUES.sub(REDACTED, value)
    return line


def in_order(
    _logger: object, _method: str, line: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Put when, how grave and what before the facts, for the eye."""
    first = {name: line.pop(name) for name in ("timestamp", "level", "event")}
    return {**first, **line}


class Telemetry:
    """Where the lines go; satisfies every `Meter` port."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger) -> None:
        self._logger = logger

    def info(self, event: str, **facts: object) -> None:
        """Record a thing that happened."""
        self._logger.info(event, **facts)

    def warning(self, event: str, **facts: object) -> None:
        """Record a thing that a person may want to look at."""
        self._logger.warning(event, **facts)

    def error(self, event: str, **facts: object) -> None:
        """Record a thing that a person must look at."""
        self._logger.error(event, **facts)


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
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if for_people
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            in_order,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    telemetry = Telemetry(structlog.get_logger())
    logging.basicConfig(handlers=[_Forward(telemetry)], force=True)
    return telemetry
