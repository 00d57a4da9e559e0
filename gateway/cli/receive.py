"""`gateway receive`: a receiver of webhooks that shows what comes and checks it."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import (
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
)
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typing_extensions import override

from gateway.domain import signing
from gateway.domain.rendering import rfc3339

if TYPE_CHECKING:
    from rich.text import Text

BAD_CONFIGURATION = 2  # exit status
MAX_BODY_BYTES = 16_777_216
TOO_LARGE = 413

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def receive(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes any.")
    ] = 9000,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    *,
    secret: Annotated[
        str | None,
        typer.Option(help="The webhook's whsec_… secret, to check signatures with."),
    ] = None,
    respond: Annotated[
        int, typer.Option(min=200, max=599, help="HTTP status to answer with.")
    ] = 200,
    retry_after: Annotated[
        int | None, typer.Option(min=0, help="Retry-After to answer with, in seconds.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON per request.")
    ] = False,
) -> None:
    """Receive webhooks, print them, and say whether their signatures are right."""
    from gateway.system import SystemClock  # noqa: PLC0415 - not for --help

    try:
        if secret is not None:
            signing.parse_secret(secret)
        listener = _listen(host, port)
    except signing.BadSecret as error:
        _refuse(f"--secret: {error}", error)
    except OSError as error:
        _refuse(f"cannot listen at {host} port {port}: {_reason(error)}", error)
    receiver = Receiver(
        secret=secret,
        answer=Answer(respond, retry_after),
        show=print_line if as_json else print_request,
        now=SystemClock().now,
    )
    typer.echo(greeting(_url(listener), secret=secret), err=as_json)
    asyncio.run(_serve(receiver, listener))


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer.

    Attributes:
        retry_after_s: Seconds of the Retry-After; `None` for no such header.
    """

    status: int = 200
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A request that came, and what was made of it.

    Attributes:
        headers: Their names in lower case.
        is_checked: Whether there was a secret to check the signature with.
        flaw: What is wrong with the signature.
        status: What was answered.
    """

    at: datetime
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    is_checked: bool
    flaw: signing.Flaw | None
    status: int


@dataclass(frozen=True, slots=True)
class Receiver:
    """An ASGI application that shows every request and answers all alike.

    Attributes:
        secret: What signatures are checked with; `None` leaves them unchecked.
        show: Gets each request, after it is complete and before it is answered.
        now: The present moment.
    """

    secret: str | None
    answer: Answer
    show: Callable[[Shown], None]
    now: Callable[[], datetime]

    async def __call__(
        self, scope: MutableMapping[str, object], receive: Receive, send: Send
    ) -> None:
        """Answer one request; anything but HTTP is let go."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            await _answer(send, Answer(TOO_LARGE))
            return
        headers = _headers(scope)
        at = self.now()
        request = Shown(
            at=at,
            method=str(scope["method"]),
            path=str(scope["path"]),
            headers=headers,
            body=body,
            is_checked=self.secret is not None,
            flaw=None if self.secret is None else check(self.secret, headers, body, at),
            status=self.answer.status,
        )
        self.show(request)
        await _answer(send, self.answer)


def check(
    secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> signing.Flaw | None:
    """Say what is wrong with the signature of a request, in the scheme that it has."""
    github = headers.get("x-hub-signature-256")
    if github is not None and "webhook-signature" not in headers:
        return signing.verify_github([secret], github, body)
    return signing.verify([secret], signing.Seal.of(headers), body, now=now)


def line(request: Shown) -> str:
    """Return a request as one line of JSON; a body that is not JSON is text."""
    is_json, value = _parsed(request.body)
    shown = {
        "at": rfc3339(request.at),
        "method": request.method,
        "path": request.path,
        "headers": dict(request.headers),
        "body": value if is_json else request.body.decode("utf-8", "replace"),
        "verified": request.flaw is None if request.is_checked else None,
        "flaw": request.flaw,
        "reason": None if request.flaw is None else request.flaw.sentence,
        "answered": request.status,
    }
    return json.dumps(shown)


def text(request: Shown) -> "Text":
    """Return a request as a person reads it."""
    from rich.text import Text  # noqa: PLC0415 - not for --help

    is_json, value = _parsed(request.body)
    kind = value.get("type") if isinstance(value, dict) else None
    headers = request.headers
    styled = Text()
    styled.append(f"{request.at.astimezone():%H:%M:%S} ", style="dim")
    styled.append(_printable(str(kind or f"{request.method} {request.path}")), "bold")
    for label, name in (("", "webhook-id"), ("attempt ", "webhook-attempt")):
        if name in headers:
            styled.append(f"  {label}{_printable(headers[name])}")
    styled.append(f"  answered {request.status}\n", style="dim")
    if request.flaw is not None:
        styled.append(f"  signature WRONG: {request.flaw.sentence}\n", style="red")
    elif request.is_checked:
        styled.append("  signature right\n", style="green")
    else:
        styled.append("  signature not checked: start with --secret\n", style="yellow")
    body = (
        json.dumps(value, ensure_ascii=False, indent=2)
        if is_json
        else request.body.decode("utf-8", "replace")
    )
    for each in body.splitlines():
        styled.append(f"  {_printable(each)}\n")
    return styled


def print_line(request: Shown) -> None:
    """Print a request for a script."""
    print(line(request), flush=True)


def print_request(request: Shown) -> None:
    """Print a request for a person, in colours if that is a terminal."""
    from rich.console import Console  # noqa: PLC0415 - not for --help

    Console(highlight=False, soft_wrap=True).print(text(request))


def greeting(url: str, *, secret: str | None) -> str:
    """Say where webhooks are received, and how to have them sent there."""
    lines = [
        f"Receiving webhooks at {url} until Ctrl-C. To have them sent here:",
        "",
        f'  curl --json \'{{"url":"{url}"}}\' http://127.0.0.1:8080/webhooks',
        "",
    ]
    if secret is None:
        lines.append("To check signatures, start with --secret and the secret it says.")
    return "\n".join(lines)


def _refuse(detail: str, error: Exception) -> NoReturn:
    typer.echo(f"gateway receive: {detail}", err=True)
    raise typer.Exit(BAD_CONFIGURATION) from error


def _reason(error: OSError) -> str:
    """Say in the system's own words why; a name not found has a code below zero."""
    if error.errno is None or error.errno < 0:
        return str(error.strerror)
    return os.strerror(error.errno)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _serve(receiver: Receiver, listener: socket.socket) -> None:
    """Serve until the process is told to stop."""
    from uvicorn import Config, Server  # noqa: PLC0415 - not for --help

    class Stoppable(Server):
        """A server that leaves signals to us: its own way ends in their exit status."""

        @override
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = Config(
        receiver,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = Stoppable(config)

    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await server.serve(sockets=[listener])


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body; `None` if it is too large or its sender left."""
    body = bytearray()
    while True:
        message = await receive()
        piece = message.get("body", b"")
        if message["type"] != "http.request" or not isinstance(piece, bytes):
            return None
        body += piece
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _headers(scope: Mapping[str, object]) -> Mapping[str, str]:
    pairs = scope["headers"]
    assert isinstance(pairs, Iterable)  # noqa: S101 - ASGI promises it
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}


async def _answer(send: Send, answer: Answer) -> None:
    headers = [(b"content-length", b"0")]
    if answer.retry_after_s is not None:
        headers.append((b"retry-after", str(answer.retry_after_s).encode("ascii")))
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": b""})


def _parsed(body: bytes) -> tuple[bool, object]:
    """Say whether a body is JSON, and which."""
    try:
        return True, json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False, None


def _no_constant(name: str) -> NoReturn:
    detail = f"{name} is not JSON"
    raise ValueError(detail)


def _printable(text: str) -> str:
    """Take out what would steer a terminal; a stranger wrote it."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
