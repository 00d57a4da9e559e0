"""The parts of sources, joined as the gateway joins them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi.routing import APIRoute

from gateway.app.inbounding import Ground, Inbounding
from gateway.app.voice import Reserve
from gateway.domain.errors import Invalid
from gateway.inbound.wording import Sizes
from tests.bridge.conftest import Scene
from tests.fakes.clock import settle
from tests.fakes.inbound import an_arrival

BODY = {"name": "shop", "verify": {"profile": "none"}, "to": "alice"}


def joined(scene: Scene) -> Inbounding:
    """Return the parts on a scene's room and store."""
    return Inbounding(
        Ground(
            sources=scene.store.sources,
            inbox=scene.store.inbox,
            sending=scene.sending,
            registry=scene.registry,
            reserve=Reserve(),
            sizes=Sizes(),
            public_url="https://gateway.example.com",
            clock=scene.clock,
            ids=scene.ids,
            meter=scene.meter,
        )
    )


@pytest.fixture
async def ready() -> AsyncIterator[Scene]:
    """A room with alice in it, and a dispatcher that runs."""
    scene = Scene()
    scene.link.acknowledges = True
    scene.link.arrive("alice")
    scene.link.become("ready")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scene.dispatcher.run())
        await settle()
        yield scene
        running.cancel()


async def test_what_a_third_party_sends_is_said_in_the_room(ready: Scene) -> None:
    """From its request to the one it is for."""
    inbounding = joined(ready)
    source, _ = await inbounding.controls.create(BODY)

    async with asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(inbounding.speaker.run())
        await inbounding.intake.take(source, an_arrival({"n": 1}))
        await settle()
        speaking.cancel()

    assert ready.link.said == [("id-alice", '{"n":1}')]


async def test_a_source_is_of_a_room_that_there_is(ready: Scene) -> None:
    """The gateway's own is meant if none is named."""
    inbounding = joined(ready)

    source, _ = await inbounding.controls.create(BODY)

    assert source.room == ready.room.name
    with pytest.raises(Invalid):
        await inbounding.controls.create({**BODY, "room": "attic"})


async def test_there_are_routes_for_both_sides(ready: Scene) -> None:
    """For those who make sources, and for those who send to them."""
    routes = [each for router in joined(ready).routers() for each in router.routes]

    paths = {route.path for route in routes if isinstance(route, APIRoute)}
    assert {"/sources", "/in/{token}"} <= paths
