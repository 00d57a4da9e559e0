"""A way to the gateway that breaks: by a word, by a slam, or amid an event."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from random import Random
from urllib.parse import urlsplit

from tests.faults.town import Town

PIECE_BYTES = 65_536
MID_BYTES = 700  # About as long as an event: a cut falls anywhere into one.


class Cut(Enum):
    """How a connection ends.

    `FIN` and `RST` end it at once; `MID` lets some more bytes through before.
    """

    FIN = auto()
    RST = auto()
    MID = auto()


class Road:
    """A TCP proxy to a gateway that may be started anew.

    Attributes:
        is_closed: Whether nobody gets through.
        cuts: How many connections were cut.
    """

    def __init__(self, town: Town, chance: Random) -> None:
        self.is_closed = False
        self.cuts = 0
        self._town = town
        self._chance = chance
        self._cars: set[_Car] = set()
        self._is_cut_due = False
        self._port = 0

    @property
    def url(self) -> str:
        """The gateway's address by this way."""
        return f"http://127.0.0.1:{self._port}"

    def cut(self, how: Cut) -> None:
        """Cut every connection that there is; if there is none, the next, amid it."""
        self._is_cut_due = not self._cars
        for car in list(self._cars):
            if how is Cut.MID:
                self._limit(car)
            else:
                car.end(how)
                self.cuts += 1

    def _limit(self, car: "_Car") -> None:
        car.left_bytes = self._chance.randrange(MID_BYTES)
        self.cuts += 1

    def close(self) -> None:
        """Let nobody through any more."""
        self.is_closed = True
        self.cut(Cut.RST)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Road"]:
        """Let connections through for a block."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut(Cut.RST)
            await server.wait_closed()

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        car = _Car(writer)
        if self._is_cut_due and not self.is_closed:
            self._is_cut_due = False
            self._limit(car)
        self._cars.add(car)
        try:
            if not self.is_closed:
                with suppress(OSError):
                    await car.drive(reader, urlsplit(self._town.url).port or 0)
        finally:
            self._cars.discard(car)
            car.end(Cut.RST if self.is_closed else Cut.FIN)


class _Car:
    """One connection.

    Attributes:
        left_bytes: How many more bytes come from the gateway; `None` without an end.
    """

    def __init__(self, caller: asyncio.StreamWriter) -> None:
        self.left_bytes: int | None = None
        self._writers = [caller]

    async def drive(self, reader: asyncio.StreamReader, port: int) -> None:
        """Carry bytes both ways until either side ends."""
        back, gateway = await asyncio.open_connection("127.0.0.1", port)
        self._writers.append(gateway)
        async with asyncio.TaskGroup() as tasks:
            there = tasks.create_task(self._carry(reader, gateway))
            try:
                await self._return(back, self._writers[0])
            finally:
                there.cancel()

    def end(self, how: Cut) -> None:
        """End it on both sides."""
        for writer in self._writers:
            if how is Cut.RST:
                _make_abrupt(writer)
                writer.transport.abort()
            else:
                writer.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE_BYTES):
                writer.write(piece)
                await writer.drain()
        self.end(Cut.FIN)

    async def _return(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE_BYTES):
                if self.left_bytes is not None:
                    piece = piece[: self.left_bytes]
                    self.left_bytes -= len(piece)
                writer.write(piece)
                await writer.drain()
                if self.left_bytes == 0:
                    break
        self.end(Cut.FIN)


def _make_abrupt(writer: asyncio.StreamWriter) -> None:
    """Have the connection end with a reset, and with it what was not yet sent."""
    found: socket.socket | None = writer.get_extra_info("socket")
    if found is not None:
        with suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
