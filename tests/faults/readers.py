"""Readers of the log who are cut off and come back, and what each of them got."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from enum import StrEnum
from random import Random

from aiohttp import ClientError, ClientResponse, ClientSession

from tests.faults.town import Json, Town, clock

BACK_S = 0.05  # Within so long a reader comes back.


class Kind(StrEnum):
    """A reading of the log, by the media type that it goes by."""

    SSE = "text/event-stream"
    NDJSON = "application/x-ndjson"
    LONG_POLL = "application/json"


class LogReader:
    """Reads from where it was cut, for ever; what came in part it throws away.

    Args:
        http: For its requests.
        url: Returns where the gateway is.
        kind: How it reads.
        cursor: Where it begins; the earliest if there is none.
        query: What it asks for besides.

    Attributes:
        got: The events that it got, in their order.
        openings: What streams said when they opened.
        closings: What they said when they closed.
        refusals: What was said to it instead of events.
        visits: How often it came.
    """

    def __init__(
        self,
        http: ClientSession,
        url: Callable[[], str],
        kind: Kind,
        *,
        cursor: str | None = None,
        query: str = "",
    ) -> None:
        self.kind = kind
        self.cursor = cursor
        self.got: list[Json] = []
        self.openings: list[Json] = []
        self.closings: list[Json] = []
        self.refusals: list[Json] = []
        self.visits = 0
        self._http = http
        self._url = url
        self._query = query
        self._chance = Random(len(kind))  # noqa: S311  # the same moments each time

    async def read(self) -> None:
        """Read until cancelled."""
        while True:
            with suppress(ClientError, OSError, TimeoutError):
                await self.visit()
            await clock.sleep(self._chance.uniform(0, BACK_S))

    async def visit(self) -> None:
        """Read until it is cut off, or once if that is how it reads."""
        self.visits += 1
        headers = {"Accept": self.kind.value}
        query = self._query
        if self.cursor is None:
            query += "&since=earliest"
        elif self.kind is Kind.SSE:
            headers["Last-Event-ID"] = self.cursor
        else:
            query += f"&after={self.cursor}"
        if self.kind is Kind.LONG_POLL:
            query += "&wait=20&limit=40"
        url = f"{self._url()}/events?{query.removeprefix('&')}"
        async with self._http.get(url, headers=headers) as answer:
            if answer.status != 200:
                self.refusals.append(await answer.json())
                return
            match self.kind:
                case Kind.SSE:
                    await self._read_events(answer)
                case Kind.NDJSON:
                    await self._read_lines(answer)
                case Kind.LONG_POLL:
                    await self._read_page(answer)

    async def _read_events(self, answer: ClientResponse) -> None:
        async for block in _parts(answer, b"\n\n"):
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            self._take({"type": fields["event"], **json.loads(fields["data"])})
            self.cursor = fields["id"]

    async def _read_lines(self, answer: ClientResponse) -> None:
        async for line in _parts(answer, b"\n"):
            said = json.loads(line)
            self._take(said)
            self.cursor = said["id"] if "id" in said else said["cursor"]

    async def _read_page(self, answer: ClientResponse) -> None:
        page = await answer.json()
        self.got += page["events"]
        self.cursor = page["next"]

    def _take(self, said: Json) -> None:
        if "id" in said:
            self.got.append(said)
        elif said["type"] == "stream.open":
            self.openings.append(said)
        elif said["type"] in ("stream.close", "stream.lagged"):
            self.closings.append(said)


async def _parts(answer: ClientResponse, end: bytes) -> AsyncIterator[bytes]:
    """Yield the whole parts of what comes."""
    rest = b""
    async for piece in answer.content.iter_any():
        *whole, rest = (rest + piece).split(end)
        for part in whole:
            yield part


async def the_log(town: Town) -> list[Json]:
    """Return all that the log holds."""
    found: list[Json] = []
    path = "/events?since=earliest&limit=1000"
    while True:
        page = await town.get(path)
        found += page["events"]
        path = f"/events?after={page['next']}&limit=1000"
        if not page["more"] and not page["events"]:
            return found


def place(cursor: str) -> int:
    """Return the place of a cursor."""
    return int(cursor.rpartition("-")[2])
