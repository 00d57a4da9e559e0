"""Running a gateway as a process: listener, signals, exit status."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Final, NoReturn

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from gateway.cli.connections import Connection
from gateway.settings import BadSettings, Settings

CRASHED: Final = 1
BAD_CONFIGURATION: Final = 2
LEAST_PATIENCE_S: Final = 1  # with the requests under way, when the time is up
NEW_OBJECTS: Final = 20_000  # that the garbage collector waits for; 700 if not told
# The store's thread and the event loop take turns: at 5 ms, Python's default, each
# commit would wait for the loop to let go.
SWITCH_INTERVAL_S: Final = 0.0005
# How long a peer may leave unacknowledged what was sent to it (RFC 5482), where the
# kernel knows of it: else one that is gone without a word keeps its stream for 15 min.
DEAD_AFTER_MS: Final = 60_000
# Between two requests. It is longer than proxies keep a connection, 60 s for most: else
# a request may cross its end, and nobody knows what became of it.
IDLE_S: Final = 75
UNSENT_BYTES: Final = 131_072  # that the kernel takes for a peer; else up to 4 MiB


class _Quiet(uvicorn.Server):
    """A server that leaves the process's signals alone, and says when it has started.

    Two plain servers in one process take each other's signals: one of them is lost.
    """

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = started

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


class UvicornServer:
    """Serves one application on a socket that is bound already."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._server: _Quiet | None = None

    async def serve(self, app: ASGIApp, started: Callable[[], None]) -> None:
        """Serve until stopped; `started` is called once requests are accepted."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            timeout_keep_alive=IDLE_S,
            http=Connection,
            ws="none",
        )
        self._server = _Quiet(config, started)
        await self._server.serve(sockets=[self._listener])

    def stop(self, within_s: float) -> None:
        """Accept no more connections; cut requests off that take longer than that.

        They have whole seconds, and one at least.
        """
        if self._server is not None:
            within = max(LEAST_PATIENCE_S, int(within_s))
            self._server.config.timeout_graceful_shutdown = within
            self._server.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address; a taken port is one sentence.

    Raises:
        BadSettings: Nothing can listen there.
    """
    listener: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bound_peers(listener)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        message = (
            f"Cannot listen on {host}:{port}: {error.strerror or error}. "
            "Choose another with GATEWAY_HOST and GATEWAY_PORT."
        )
        raise BadSettings(message) from error
    listener.setblocking(False)  # noqa: FBT003  # as sockets have it
    return listener


def _bound_peers(listener: socket.socket) -> None:
    """Have every connection that is accepted give a silent peer up, and hold little."""
    for name, value in (
        ("TCP_USER_TIMEOUT", DEAD_AFTER_MS),
        ("TCP_NOTSENT_LOWAT", UNSENT_BYTES),
    ):
        option = getattr(socket, name, None)
        if option is not None:  # Linux has both.
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


def stopped_by_signals() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; a second one ends the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            sys.exit(CRASHED)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return stop


def run(
    main: Callable[[Settings], Coroutine[object, object, None]],
    load: Callable[[], Settings],
) -> None:
    """Run a command to its end, and exit with what became of it.

    0 after an orderly stop, 2 for a configuration that makes no sense (one sentence on
    stderr), 1 for anything else.
    """
    from gateway.storage.errors import StartRefused  # noqa: PLC0415  # heavy

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        settings = load()
        _spare_the_collector()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_flat(main(settings)))
    except BadSettings as error:
        fail(str(error), BAD_CONFIGURATION)
    except StartRefused as error:
        fail(str(error), error.exit_code)


def leave(flush: Callable[[], None]) -> NoReturn:
    """End the process with 0, at once: all that there was to do has been done.

    Python waits for its threads at the end, and libuv for its own. One that asks a
    name server that does not answer would keep the process for half a minute or more
    (resolv.conf(5)); whoever asked it to stop kills it before.

    Args:
        flush: Writes what is left of the log.
    """
    flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


async def _flat(work: Awaitable[None]) -> None:
    """Await work, and raise the one thing that ended it rather than a group of one."""
    try:
        await work
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error from None


def _spare_the_collector() -> None:
    """Have the garbage collector look less often, and not at what stays for good.

    Every message makes some dozens of objects that go by their reference counts. To
    walk all modules for their sake took a tenth of the time of a message.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    return uvicorn.Config(app="", log_config=None).get_loop_factory()


def fail(sentence: str, status: int) -> None:
    """Say what is wrong, and exit."""
    sys.stderr.write(f"gateway: {sentence}\n")
    sys.exit(status)
