"""A client and a scripted room, and what a room may do in a visit."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from typing import TypeVar

import jwt
import pytest

from gateway.room import (
    ApiKey,
    Clock,
    Credentials,
    FixedToken,
    RoomClient,
    RoomEvent,
    RoomOptions,
    RoomState,
    StateChanged,
)
from tests.fakes.room_server import RoomServer, Script, Visit

Event = TypeVar("Event", bound=RoomEvent)


KEY = ApiKey.parse("ma-AAAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAA-secret")


TOKEN = jwt.encode({"name": "gateway", "grants": []}, "x" * 32, algorithm="HS256")


QUICK = RoomOptions(close_timeout_s=0.2)


class Hasty(Random):
    """Chance that makes every wait as short as can be."""

    def uniform(self, a: float, b: float) -> float:  # type: ignore[explicit-override] # typing.override needs 3.12
        """Give the lower end."""
        return min(a, b)


@contextlib.asynccontextmanager
async def in_room(
    server: RoomServer,
    *,
    options: RoomOptions = QUICK,
    clock: Clock | None = None,
    credentials: Credentials | None = None,
    attributes: dict[str, object] | None = None,
    messaging: bool = True,
) -> AsyncIterator[RoomClient]:
    """Run a server and a client until the test is done with them."""
    async with asyncio.timeout(8), server.running(), asyncio.TaskGroup() as tasks:
        client = RoomClient(
            "lobby",
            url=server.url,
            credentials=credentials or FixedToken(TOKEN),
            rng=Hasty(),
            attributes=attributes,
            messaging=messaging,
            options=options,
            clock=clock,
        )
        tasks.create_task(client.run())
        try:
            yield client
        finally:
            await client.close()


async def the_next(client: RoomClient, kind: type[Event]) -> Event:
    """Read events up to the next of a kind."""
    async for event in client:
        if isinstance(event, kind):
            return event
    pytest.fail(f"no {kind.__name__} came")


async def the_state(client: RoomClient, state: RoomState) -> StateChanged:
    """Read events up to a change to a state."""
    while True:
        changed = await the_next(client, StateChanged)
        if changed.status.state is state:
            return changed


def then(*steps: Callable[[Visit], Awaitable[None]]) -> Script:
    """Let the client in, then do something with it."""

    async def script(visit: Visit) -> None:
        await visit.enter()
        for step in steps:
            await step(visit)

    return script


async def hold(visit: Visit) -> None:
    """Stay until the client is away."""
    await visit.gone()


async def read_only(visit: Visit) -> None:
    """Answer nothing."""
    while True:
        await visit.request()


def closing(code: int) -> Callable[[Visit], Awaitable[None]]:
    """Close with a code."""

    async def step(visit: Visit) -> None:
        await visit.connection.close(code)

    return step


async def fin(visit: Visit) -> None:
    """End the connection without a close frame."""
    visit.fin()


async def rst(visit: Visit) -> None:
    """Reset the connection."""
    visit.rst()


async def text(visit: Visit) -> None:
    """Send TEXT."""
    await visit.text("hello")
    await visit.gone()


def sending(*packets: bytes) -> Callable[[Visit], Awaitable[None]]:
    """Send packets as they are."""

    async def step(visit: Visit) -> None:
        await visit.send(list(packets))
        await visit.gone()

    return step


def saying(
    from_id: str, type_: str, message: object, attachment: bytes = b""
) -> Callable[[Visit], Awaitable[None]]:
    """Deliver a message."""

    async def step(visit: Visit) -> None:
        await visit.event(from_id, type_, message, attachment)

    return step


async def settle() -> None:
    """Let others run once."""
    done: asyncio.Future[None] = asyncio.Future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done
