"""Somebody who calls our HTTP API over a real socket."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from gateway.api.service import create_app
from gateway.api.services import Services
from tests.fakes.bridge import KEY
from tests.fakes.serve import serving


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever JSON came
        """The content, parsed."""
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The `code` of a problem; also checks that it is one."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["status"] == self.status
        code: str = self.json["code"]
        return code


class Caller:
    """Calls one address; with the test's key unless told otherwise."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        key: str | None = KEY,
        headers: Mapping[str, str] | None = None,
        **sent: Any,  # noqa: ANN401  # as aiohttp takes it
    ) -> Answer:
        """Call; `sent` is `json` or `data` as aiohttp takes them."""
        given = {} if key is None else {"Authorization": f"Bearer {key}"}
        given |= headers or {}
        # aiohttp would call bare bytes an octet stream.
        is_bare = isinstance(sent.get("data"), bytes)
        skipped = ("Content-Type",) if is_bare else ()
        async with self._session.request(
            method,
            self.url + path,
            headers=given,
            allow_redirects=False,
            skip_auto_headers=skipped,
            **sent,
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **how: Any) -> Answer:  # noqa: ANN401  # as above
        """GET it."""
        return await self("GET", path, **how)

    async def post(self, path: str, **how: Any) -> Answer:  # noqa: ANN401  # as above
        """POST it."""
        return await self("POST", path, **how)


@asynccontextmanager
async def calling(services: Services) -> AsyncIterator[Caller]:
    """Serve an application made of these services and give somebody to call it."""
    async with serving(create_app(services)) as url, ClientSession() as session:
        yield Caller(session, url)
