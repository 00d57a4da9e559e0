"""Callers who ask the same many times at once, and again for want of an answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from tests.faults.town import Json, Town, clock

REPLAYED = "Idempotent-Replayed"
PAUSE_S = 1.0  # Before who got no answer asks again.
ANSWER_S = 45.0


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to a request with a key.

    Attributes:
        key: The Idempotency-Key.
        asked: How often it was asked until the answer came.
    """

    key: str
    status: int
    content: bytes
    json: Json
    is_replay: bool
    asked: int


class Repeaters:
    """As many callers as are needed, each on a connection of its own."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._http = ClientSession(
            connector=TCPConnector(force_close=True, limit=0),
            timeout=ClientTimeout(total=ANSWER_S),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def race(
        self,
        path: str,
        bodies: Mapping[str, Json],
        times: int,
        *,
        apart_s: float = 0.0,
    ) -> list[Said]:
        """Ask for each key's body so often at once, until each is answered.

        Args:
            path: Where to POST.
            bodies: What, by the key.
            times: How often each.
            apart_s: How long between two keys.
        """
        asking: list[asyncio.Task[Said]] = []
        async with asyncio.TaskGroup() as tasks:
            for key, body in bodies.items():
                asking += [
                    tasks.create_task(self.ask(path, key, body)) for _ in range(times)
                ]
                await clock.sleep(apart_s)
        return [each.result() for each in asking]

    async def ask(self, path: str, key: str, body: Json) -> Said:
        """Ask until there is an answer that a caller need not repeat."""
        asked = 0
        while True:
            asked += 1
            try:
                said = await self._ask_once(path, key, body, asked)
            except (ClientError, OSError):
                said = None
            # A 5xx means that nothing was accepted.
            if said is not None and said.status < 500:
                return said
            await clock.sleep(PAUSE_S)

    async def _ask_once(self, path: str, key: str, body: Json, asked: int) -> Said:
        headers = {"Idempotency-Key": key}
        url = f"{self._town.url}{path}"
        async with self._http.post(url, json=body, headers=headers) as answer:
            content = await answer.read()
            found = await answer.json(content_type=None)
            is_replay = answer.headers.get(REPLAYED) == "true"
            return Said(key, answer.status, content, found, is_replay, asked)
