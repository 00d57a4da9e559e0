"""The connections there are, and those of them that wait for another request."""

import asyncio
from collections import deque

from gateway.egress.connection import Connection
from gateway.egress.dialing import Dialler
from gateway.egress.target import Origin, Target

KEEP_ALIVE_S = 4.0  # Below the 5 s after which many servers close an idle connection.
SWEEP_S = 1.0  # How often what has been idle for too long is closed.
FAREWELL_S = 1.0  # For connections to be closed; nothing is said to the other side.


class Pool:
    """Keeps connections for the next request to the same origin.

    Args:
        dialler: Makes new ones.
        limit: How many there may be; an idle one gives way to a new one. Who finds no
            room waits for it.
    """

    def __init__(self, dialler: Dialler, limit: int) -> None:
        self._dialler = dialler
        self._room = asyncio.Semaphore(limit)
        self._in_line = 0  # Requests that wait for room.
        self._open: set[Connection] = set()
        self._idle: dict[Origin, deque[Connection]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    def take(self, origin: Origin) -> Connection | None:
        """Return the idle connection that was used last, or `None`."""
        waiting = self._idle.get(origin)
        if waiting is None:
            return None
        connection = waiting.pop()
        if not waiting:
            del self._idle[origin]
        oldest_s = asyncio.get_running_loop().time() - KEEP_ALIVE_S
        if connection.idle_since_s >= oldest_s:
            return connection
        connection.abort()
        return None

    async def dial(self, target: Target) -> Connection:
        """Return a new connection.

        Raises:
            RuntimeError: The pool is closed.
            OSError, Failed: As the dialler does.
        """
        await self._find_room()
        try:
            connection = await self._dialler.dial(
                target, lambda: Connection(target.origin, self._forget)
            )
        except BaseException:
            self._room.release()
            raise
        if not connection.is_open:
            self._room.release()
        else:
            self._open.add(connection)
        if self._is_closed:
            connection.abort()
            detail = "the sender was closed"
            raise RuntimeError(detail)
        return connection

    def give(self, connection: Connection) -> None:
        """Take a connection back: for the next request if it is fit, else to close."""
        if self._is_closed or self._in_line or not connection.is_reusable:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since_s = loop.time()
        waiting = self._idle.get(connection.origin)
        if waiting is None:
            waiting = self._idle[connection.origin] = deque()
        waiting.append(connection)
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP_S, self._sweep)

    async def close(self) -> None:
        """Close all connections, also those in use."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._idle.clear()
        closing = [connection.lost for connection in self._open]
        for connection in list(self._open):
            connection.abort()
        if closing:
            await asyncio.wait(closing, timeout=FAREWELL_S)

    async def _find_room(self) -> None:
        """Return when one more connection may be opened; the oldest idle one goes."""
        if self._room.locked() and self._idle:
            oldest = min(
                (waiting[0] for waiting in self._idle.values()),
                key=lambda connection: connection.idle_since_s,
            )
            self._leave(oldest)
            oldest.abort()
        self._in_line += 1
        try:
            await self._room.acquire()
        finally:
            self._in_line -= 1

    def _forget(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._room.release()
        self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        """Take a connection out of those that wait, if it does."""
        waiting = self._idle.get(connection.origin)
        if waiting is not None and connection in waiting:
            waiting.remove(connection)
            if not waiting:
                del self._idle[connection.origin]

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        oldest_s = loop.time() - KEEP_ALIVE_S
        for origin, waiting in list(self._idle.items()):
            while waiting and waiting[0].idle_since_s < oldest_s:
                waiting.popleft().abort()
            if not waiting:
                del self._idle[origin]
        self._sweeping = loop.call_later(SWEEP_S, self._sweep) if self._idle else None
