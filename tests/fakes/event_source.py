"""Somebody who reads streams over a real socket, and sees every event."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse, ClientSession

from tests.fakes.bridge import KEY

PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One server-sent event; fields that did not come are empty."""

    id: str = ""
    event: str = ""
    data: str = ""
    retry: str = ""

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever JSON came
        """Its data, parsed."""
        return json.loads(self.data)


class EventSource:
    """One stream, as it is read."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> Heard:
        """Wait for the next event."""
        fields: dict[str, str] = {}
        while line := await self._line():
            name, _, value = line.partition(": ")
            fields[name] = value
        return Heard(**fields)

    async def texts(self, count: int) -> list[str]:
        """Return what the next messages say."""
        heard = [await self.next() for _ in range(count)]
        return [each.json["data"]["message"]["text"] for each in heard]

    async def line(self) -> Any:  # noqa: ANN401  # whatever JSON came
        """Wait for the next line of JSON."""
        return json.loads(await self._line())

    async def rest(self) -> bytes:
        """Return all that still comes until its end."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.answer.content.read()

    async def _line(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            line = await self.answer.content.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return line[:-1].decode()


@asynccontextmanager
async def streaming(
    url: str,
    accept: str = "text/event-stream",
    *,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[EventSource]:
    """Open a stream."""
    given = {"Authorization": f"Bearer {KEY}", "Accept": accept, **(headers or {})}
    async with ClientSession() as session, session.get(url, headers=given) as answer:
        assert answer.status == 200, await answer.text()
        yield EventSource(answer)
