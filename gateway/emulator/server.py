"""The emulator on a port of this machine."""

import asyncio
import socket
from types import TracebackType
from typing import Self

from uvicorn import Config, Server

from gateway.emulator.app import Emulator
from gateway.emulator.link import MAX_MESSAGE_BYTES
from gateway.emulator.sockets import RoomSocket

PING_INTERVAL_S = 30.0
PING_TIMEOUT_S = 30.0

_BACKLOG = 2048


class PortTaken(OSError):
    """The emulator cannot listen where it should; another program does, mostly."""

    def __init__(self, host: str, port: int, *, reason: str) -> None:
        super().__init__(f"cannot listen at {host}:{port}: {reason}")
        self.host = host
        self.port = port


class EmulatorServer:
    """Serves an emulator while its `async with` block lasts.

    Signals are left alone. Whoever is connected at the end is dropped without a close
    frame, because the official Python SDK returns only then.

    Args:
        emulator: What is served; a new one if there is none.
        host: Address to listen at; others than loopback are refused callers unless
            the emulator's options name their hosts.
        port: Port to listen at; 0 takes a free one, kept across restarts.
        ping_interval_s: Pause between WebSocket pings.
        ping_timeout_s: How long a pong may take before its connection is dropped.

    Raises:
        PortTaken: From `start` and on entry.
    """

    def __init__(
        self,
        emulator: Emulator | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ping_interval_s: float = PING_INTERVAL_S,
        ping_timeout_s: float = PING_TIMEOUT_S,
    ) -> None:
        self.emulator = Emulator() if emulator is None else emulator
        self.host = host
        self._port = port
        self._pings = (ping_interval_s, ping_timeout_s)
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """The port; 0 only as long as a free one was asked for and none taken yet."""
        return self._port

    @property
    def url(self) -> str:
        """Where the REST part is, for `MESHAGENT_API_URL`."""
        return f"http://{self.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        """The base of room addresses, for `MESHAGENT_ROOM_URL`."""
        return f"ws://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; once more after `kill`, at the same port.

        Raises:
            PortTaken: Another program listens there.
        """
        listener = self._bound()
        self._port = listener.getsockname()[1]
        interval_s, timeout_s = self._pings
        config = Config(
            self.emulator,
            ws=RoomSocket,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_ping_interval=interval_s,
            ws_ping_timeout=timeout_s,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
        )
        config.load()
        server = Server(config)
        server.lifespan = config.lifespan_class(config)
        # Its loop for signals and limits is left out: nothing here needs it, and
        # without it the end comes at once.
        await server.startup(sockets=[listener])
        self._server = server

    async def kill(self) -> None:
        """Drop every connection as a killed process does, and stop listening.

        In-process members stay; like everybody after a restart they have new ids.
        """
        server, self._server = self._server, None
        if server is None:
            return
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        while server.server_state.tasks:
            await asyncio.wait(server.server_state.tasks)
        for listening in server.servers:
            await listening.wait_closed()
        for room in self.emulator.rooms:
            room.renew()

    async def restart(self) -> None:
        """Kill and start again, at the same port."""
        await self.kill()
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.kill()

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self._port))
            # On Linux two sockets may be bound to one port until one listens.
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            reason = (error.strerror or str(error)).lower()
            raise PortTaken(self.host, self._port, reason=reason) from error
        listener.settimeout(0)
        return listener
