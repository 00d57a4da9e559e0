"""Calling the HTTP API of a running gateway, for the commands that ask one."""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote, urlencode, urlsplit

import typer

DEFAULT_URL: Final = "http://127.0.0.1:8080"
FAILED: Final = 1  # exit status
# Longer than a webhook may take to answer a test, 30 s, and than the store may lag.
TIMEOUT_S: Final = 60.0
ANSWER_MAX_BYTES: Final = 67_108_864

Url = Annotated[
    str, typer.Option("--url", envvar="GATEWAY_URL", help="Where the gateway is.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        envvar="GATEWAY_API_KEY",
        help="A key of the gateway. The variable is better: `ps` shows arguments.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print what the gateway answers, as it is.")
]

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# Scheme, host or [IPv6], port, and a path; no user, query or fragment.
_ADDRESS = re.compile(
    r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?(/[A-Za-z0-9._~/%-]*)?"
)
_KEY = re.compile(r"[!-~]+")


class CallFailed(Exception):
    """A call that came to nothing; the message is for a person."""


class Unanswered(CallFailed):
    """There was no answer, or none that a gateway gives."""


class Refused(CallFailed):
    """The gateway answered with a problem.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway answered.

    Attributes:
        raw: The JSON as it came.
        value: The object that it is.
    """

    raw: str
    value: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway.

    Each call has a connection of its own. Proxies of the environment are not used and
    redirects not followed: the key goes where it is told to go and nowhere else.

    Attributes:
        url: Where it is, with the path of a proxy before it if there is one.
        api_key: What it knows the caller by; `None` for a gateway that asks for none.
        timeout_s: Seconds to wait for each part of an answer.
    """

    url: str
    api_key: str | None
    timeout_s: float = TIMEOUT_S

    def get(self, *path: str, **query: str | None) -> Answer:
        """GET; a parameter that is `None` is left out.

        Raises:
            Unanswered: There is no answer that a gateway gives.
            Refused: It is a problem.
        """
        given = {name: value for name, value in query.items() if value is not None}
        query_text = urlencode(given, errors="replace")
        return self._call("GET", "?".join(filter(None, (_path(path), query_text))))

    def post(self, *path: str, body: Mapping[str, object] | None = None) -> Answer:
        """POST a JSON object, or nothing; raises as `get` does."""
        return self._call("POST", _path(path), body)

    def delete(self, *path: str) -> Answer:
        """DELETE; raises as `get` does."""
        return self._call("DELETE", _path(path))

    def _call(
        self, method: str, target: str, body: Mapping[str, object] | None = None
    ) -> Answer:
        parts = urlsplit(self.url)
        headers = {"Accept": "application/json"}
        if self.api_key is not None:
            headers["Authorization"] = f"Bearer {self.api_key}"
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        with closing(self._connection()) as connection:
            try:
                connection.connect()
            # A label of a name that is too long is no error of the system.
            except (OSError, UnicodeError) as error:
                message = (
                    f"no gateway answers at {self.url} ({_reason(error)}): start one"
                    " with `gateway serve` or set GATEWAY_URL"
                )
                raise Unanswered(message) from error
            try:
                connection.request(method, parts.path + target, content, headers)
                response = connection.getresponse()
                raw = response.read(ANSWER_MAX_BYTES + 1)
            except (OSError, http.client.HTTPException) as error:
                message = f"no answer from {self.url} ({_reason(error)})"
                if method != "GET":
                    message += "; what was asked may have been done all the same"
                raise Unanswered(message) from error
        return self._judged(response, raw)

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        kind = (
            http.client.HTTPSConnection
            if parts.scheme == "https"
            else http.client.HTTPConnection
        )
        return kind(parts.hostname or "", parts.port, timeout=self.timeout_s)

    def _judged(self, response: http.client.HTTPResponse, raw: bytes) -> Answer:
        """Return an answer that is a success."""
        answer = _parsed(raw) if len(raw) <= ANSWER_MAX_BYTES else None
        is_success = 200 <= response.status < 300  # noqa: PLR2004 - RFC 9110 §15
        if answer is None or not (is_success or "title" in answer.value):
            message = (
                f"{self.url} answered {response.status}, and not as a gateway does:"
                " is GATEWAY_URL right?"
            )
            raise Unanswered(message)
        if not is_success:
            message = explanation(
                response.status, answer.value, response.headers["Retry-After"]
            )
            raise Refused(response.status, message)
        return answer


def explanation(
    status: int, problem: Mapping[str, object], retry_after: str | None
) -> str:
    """Say what a problem document says, in a line and one for each place in error."""
    detail = str(problem.get("detail") or status)
    lines = [f"{problem.get('title')}: {detail}"]
    errors = problem.get("errors")
    for each in errors if isinstance(errors, list) else ():
        if isinstance(each, dict):
            line = f"{each.get('pointer')}: {each.get('detail')}"
            lines += [] if line in detail else [f"  {line}"]
    if status == http.client.UNAUTHORIZED:
        lines.append("  Set GATEWAY_API_KEY to a key that this gateway knows.")
    if retry_after is not None:
        when = f"in {retry_after} s" if retry_after.isdigit() else f"at {retry_after}"
        lines.append(f"  Try again {when}.")
    if status >= http.client.INTERNAL_SERVER_ERROR and "request_id" in problem:
        lines.append(f"  In its log this is request {problem['request_id']}.")
    return "\n".join(lines)


@contextmanager
def calling(command: str, url: str, api_key: str | None) -> Iterator[Gateway]:
    """Yield the gateway to call; a call that fails ends the command with one sentence.

    Args:
        command: The command's name, to begin the sentence with.
        url: Where the gateway is.
        api_key: The caller's key.

    Raises:
        typer.BadParameter: What was given is no address or no key. The caller's fault.
        typer.Exit: A call failed; it was said on stderr why.
    """
    gateway = Gateway(_address(url), _key(api_key))
    try:
        yield gateway
    except CallFailed as error:
        complain(command, str(error))
        raise typer.Exit(FAILED) from error


def complain(command: str, message: str) -> None:
    """Say on stderr what went wrong."""
    typer.echo(
        f"gateway {command}: " + "\n".join(map(printable, message.split("\n"))),
        err=True,
    )


def webhook_id(given: str) -> str:
    """Return the id of a webhook that is named by it, or by its name if it has one.

    Raises:
        typer.BadParameter: It can be neither. The caller's fault.
    """
    if _WORD.fullmatch(given) is None:
        detail = (
            f"{given!r} is no webhook: give its id (wh_…) or, for one that the"
            " configuration gives, its name."
        )
        raise typer.BadParameter(detail)
    return given if given.startswith("wh_") else f"wh_env_{given}"


def delivery_id(given: str) -> str:
    """Return the id of a delivery.

    Raises:
        typer.BadParameter: It cannot be one. The caller's fault.
    """
    return _id(given, "delivery", "dlv_")


def replay_id(given: str) -> str:
    """Return the id of a replay.

    Raises:
        typer.BadParameter: It cannot be one. The caller's fault.
    """
    return _id(given, "replay", "rpl_")


def words(given: str | None) -> list[str] | None:
    """Return what is separated by commas; `None` for what was not given.

    Raises:
        typer.BadParameter: There is no word in it, which would ask for everything. The
            caller's fault: a variable of the shell that is not set.
    """
    if given is None:
        return None
    found = [word.strip() for word in given.split(",") if word.strip()]
    if not found:
        detail = "a list of nothing was given; leave it out to ask for all."
        raise typer.BadParameter(detail)
    return found


def printable(text: str) -> str:
    """Take out what would steer a terminal; a stranger may have written it."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def _id(given: str, noun: str, prefix: str) -> str:
    if given.startswith(prefix) and _WORD.fullmatch(given):
        return given
    detail = f"{given!r} is no {noun}: give its id ({prefix}…)."
    raise typer.BadParameter(detail)


def _path(parts: tuple[str, ...]) -> str:
    return "".join(f"/{quote(part, safe='', errors='replace')}" for part in parts)


def _address(url: str) -> str:
    """Return an address without its final slash."""
    if _ADDRESS.fullmatch(url) is None:
        # It is not said again: before an @ there may be a key.
        detail = f"this is no address of a gateway, such as {DEFAULT_URL}."
        raise typer.BadParameter(detail, param_hint="--url")
    try:
        _ = urlsplit(url).port  # An unfit one raises.
    except ValueError as error:
        detail = f"{error}."
        raise typer.BadParameter(detail, param_hint="--url") from error
    return url.rstrip("/")


def _key(given: str | None) -> str | None:
    key = (given or "").strip()
    if key and _KEY.fullmatch(key) is None:
        detail = "a key is of visible ASCII characters."
        raise typer.BadParameter(detail, param_hint="--api-key")
    return key or None


def _parsed(raw: bytes) -> Answer | None:
    """Return an answer that is a JSON object."""
    try:
        text = raw.decode()
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Answer(text, value) if isinstance(value, dict) else None


def _reason(error: Exception) -> str:
    """Say in the system's own words what went wrong on the way."""
    if isinstance(error, TimeoutError):
        return "the time is up"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
