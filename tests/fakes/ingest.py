"""Sources served over a real socket, and raw bytes to call them with."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from gateway.api import ingest, sources
from gateway.api.ingest import Ingest
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller, calling
from tests.fakes.inbound import Inbounds

_LENGTH = re.compile(rb"(?i)content-length: (\d+)")
PUBLIC_URL = "https://example.com/gw"


@asynccontextmanager
async def sources_of(
    world: Inbounds,
    *,
    bridge: Bridge | None = None,
    limits: tuple[float, int] = (ingest.BODY_SECONDS, ingest.HELD_BYTES),
    **changes: object,
) -> AsyncIterator[Caller]:
    """Serve a world's sources, and give somebody to call them.

    Args:
        world: The sources.
        bridge: What else there is.
        limits: Seconds for a body, and the bytes held of all.
        changes: Fields in which the services differ.
    """
    door = Ingest(world.intake, *limits)
    routers = (
        sources.router(world.controls, PUBLIC_URL),
        ingest.router(door),
    )
    services = (bridge or Bridge()).services(routers=routers, **changes)
    async with calling(services) as caller:
        yield caller


@asynccontextmanager
async def dialled(url: str) -> AsyncIterator["Wire"]:
    """Open a bare connection to an address."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


class Wire:
    """A bare connection, on which a request may be anything at all."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, raw: bytes) -> None:
        """Write bytes."""
        self._writer.write(raw)
        await self._writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Wait for an answer; give its status and its body."""
        async with asyncio.timeout(5):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            size = 0 if length is None else int(length[1])
            body = await self._reader.readexactly(size)
        return int(head.split(b" ", 2)[1]), body

    async def ended(self) -> bool:
        """Wait until the connection ends; say whether it did so without an error."""
        async with asyncio.timeout(5):
            try:
                return await self._reader.read(1) == b""
            except ConnectionError:
                return False
