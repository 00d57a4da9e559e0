"""The application as a whole."""

from fastapi import APIRouter
from starlette.responses import Response

from gateway.api.lanes import RawRoute
from gateway.api.service import create_framework, lanes_of
from tests.fakes.bridge import Bridge
from tests.fakes.caller import calling


async def test_further_resources_stand_behind_the_gate() -> None:
    """A router that is handed in needs a key like all others."""
    routes = APIRouter()

    @routes.get("/further")
    async def further() -> Response:
        return Response(b"here")

    async with calling(Bridge().services(routers=(routes,))) as caller:
        refused = await caller.get("/further", key=None)
        answer = await caller.get("/further")

    assert refused.status == 401
    assert answer.content == b"here"


async def test_an_address_is_never_redirected() -> None:
    """A redirect would be built from the Host header."""
    async with calling(Bridge().services()) as caller:
        answer = await caller.get("/rooms/")

    assert answer.status == 404


def test_sends_have_lanes_of_their_own() -> None:
    """The ways into a room go past the router."""
    lanes = lanes_of(create_framework(Bridge().services()).routes)

    paths = ("/send", "/broadcast", "/send/batch")
    assert set(lanes) == {("POST", path) for path in paths}


def test_only_raw_routes_have_lanes() -> None:
    """Others need the framework."""
    app = create_framework(Bridge().services())

    others = [each for each in app.routes if not isinstance(each, RawRoute)]

    assert lanes_of(others) == {}


def test_what_is_called_most_is_asked_for_first() -> None:
    """Routes that read their requests themselves stand before all others."""
    router = APIRouter(route_class=RawRoute)

    @router.post("/in")
    async def take_in() -> Response:
        return Response()

    routes = create_framework(Bridge().services(routers=(router,))).routes

    kinds = [isinstance(route, RawRoute) for route in routes]
    assert "/in" in [getattr(route, "path", "") for route in routes]
    assert kinds == sorted(kinds, reverse=True)
