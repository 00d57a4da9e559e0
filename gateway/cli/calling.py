"""Calling the HTTP API of a running gateway, for the commands that ask one."""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import quote, urlencode, urlsplit

import typer

from gateway.cli.explaining import explanation, reason

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

_JOINERS: Final = "\u200c\u200d"  # Persian words and many emoji are written with them.
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# Scheme, host or [IPv6], port, and a path; no user, query or fragment.
_ADDRESS = re.compile(
    r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?(/[A-Za-z0-9._~/%-]*)?"
)
_KEY = re.compile(r"[!-~]+")
_SECONDS = re.compile(r"[0-9]{1,6}")


class CallFailed(Exception):
    """A call that came to nothing; the message is for a person."""


class Unanswered(CallFailed):
    """There was no answer, or none that a gateway gives.

    Attributes:
        status: The HTTP status of what answered in a gateway's place, if anything did.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Unreached(Unanswered):
    """There was not even a connection: nothing was asked."""


class Refused(CallFailed):
    """The gateway answered with a problem.

    Attributes:
        status: The HTTP status.
        problem: The problem document.
        retry_after_s: Seconds after which to ask again; `None` if it does not say.
    """

    def __init__(
        self,
        status: int,
        message: str,
        problem: Mapping[str, object] = MappingProxyType({}),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem
        self.retry_after_s = retry_after_s


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
        return self._call("GET", _target(path, query))

    def post(
        self,
        *path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        """POST a JSON object, or nothing; raises as `get` does."""
        return self._call("POST", _target(path), body, headers)

    def delete(self, *path: str) -> Answer:
        """DELETE; raises as `get` does."""
        return self._call("DELETE", _target(path))

    @contextmanager
    def stream(
        self, *path: str, headers: Mapping[str, str], **query: str | None
    ) -> Iterator[http.client.HTTPResponse]:
        """GET an answer that has no end, to be read as it comes.

        Args:
            path: The parts of the path.
            headers: To send; `Accept` among them, and the answer is of that type.
            query: Its parameters; one that is `None` is left out.

        Raises:
            Unanswered: There is no such answer, or it broke off before its first byte.
            Refused: It is a problem.
        """
        with self._asked("GET", _target(path, query), None, headers) as response:
            kind = response.headers.get("Content-Type", "")
            if response.status == http.client.OK and kind.startswith(headers["Accept"]):
                yield response
                return
            self._judged(response, self._read("GET", response))
            raise self._stranger(response.status)

    def _call(
        self,
        method: str,
        target: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        content = None if body is None else json.dumps(body).encode()
        with self._asked(method, target, content, headers) as response:
            return self._judged(response, self._read(method, response))

    @contextmanager
    def _asked(
        self,
        method: str,
        target: str,
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> Iterator[http.client.HTTPResponse]:
        """Yield what answers, of which the head has come."""
        sent = {"Accept": "application/json", **headers}
        if self.api_key is not None:
            sent["Authorization"] = f"Bearer {self.api_key}"
        if content is not None:
            sent["Content-Type"] = "application/json"
        with closing(self._connection()) as connection:
            try:
                connection.connect()
            # A label of a name that is too long is no error of the system.
            except (OSError, UnicodeError) as error:
                message = (
                    f"no gateway answers at {self.url} ({reason(error)}): start one"
                    " with `gateway serve` or set GATEWAY_URL"
                )
                raise Unreached(message) from error
            try:
                path = urlsplit(self.url).path + target
                connection.request(method, path, content, sent)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(method, error) from error
            with closing(response):
                yield response

    def _read(self, method: str, response: http.client.HTTPResponse) -> bytes:
        try:
            raw = response.read(ANSWER_MAX_BYTES + 1)
            if response.length and len(raw) <= ANSWER_MAX_BYTES:
                # A reader that says how much at most is not told that it was cut off.
                raise http.client.IncompleteRead(raw, response.length)
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(method, error) from error
        return raw

    def _lost(self, method: str, error: Exception) -> Unanswered:
        message = f"no answer from {self.url} ({reason(error)})"
        if method != "GET":
            message += "; what was asked may have been done all the same"
        return Unanswered(message)

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
            raise self._stranger(response.status)
        if not is_success:
            after = response.headers["Retry-After"]
            message = explanation(response.status, answer.value, after)
            retry_after_s = int(after) if after and _SECONDS.fullmatch(after) else None
            raise Refused(response.status, message, answer.value, retry_after_s)
        return answer

    def _stranger(self, status: int) -> Unanswered:
        message = (
            f"{self.url} answered {status}, and not as a gateway does:"
            " is GATEWAY_URL right?"
        )
        return Unanswered(message, status)


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
    return "".join(
        each if each.isprintable() or each in _JOINERS else "\ufffd" for each in text
    )


def _id(given: str, noun: str, prefix: str) -> str:
    if given.startswith(prefix) and _WORD.fullmatch(given):
        return given
    detail = f"{given!r} is no {noun}: give its id ({prefix}…)."
    raise typer.BadParameter(detail)


def _target(
    parts: tuple[str, ...], query: Mapping[str, str | None] = NO_HEADERS
) -> str:
    path = "".join(f"/{quote(part, safe='', errors='replace')}" for part in parts)
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, errors='replace')}" if given else path


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
