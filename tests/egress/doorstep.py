"""A listener on this machine that counts who comes to the door."""

import asyncio
import socket
from contextlib import AsyncExitStack
from typing import Self

_ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class Doorstep:
    """Listens at addresses of this machine, at the same port of each.

    A connection is counted when it is taken from the system's queue, in the order in
    which it came: whoever is counted for a later one has seen all earlier ones.

    Args:
        hosts: Where to listen; those that this machine does not have are left out.
    """

    def __init__(self, *hosts: str) -> None:
        self.accepted = 0
        self.port = 0
        self._hosts = hosts or ("127.0.0.1", "::1")
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start to listen."""
        for host in self._hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            if family == socket.AF_INET6 and not has_ipv6():
                continue
            listener = socket.create_server((host, self.port), family=family)
            self.port = listener.getsockname()[1]
            server = await asyncio.start_server(self._serve, sock=listener)
            await self._stack.enter_async_context(server)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self._stack.aclose()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.accepted += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)
        writer.close()


def has_ipv6() -> bool:
    """Say whether this machine can call itself at ::1."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
