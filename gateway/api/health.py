"""Whether the gateway is alive and can accept, which one it is, and who calls."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api import problems
from gateway.api.replies import reply
from gateway.api.services import Reading, Services
from gateway.api.shapes import Alive, Me, Ready, Version, Welcome
from gateway.domain import errors
from gateway.domain.errors import RoomUnavailable, ShuttingDown, StoreUnavailable

NAME: Final = "meshagent-gateway"
_MAY: Final = ("send", "read", "webhooks")  # All that there is: any key may do it.
_PUBLIC: Final[dict[str, Any]] = {"security": []}


def router(services: Services) -> APIRouter:
    """Return the routes that tell of the gateway itself."""
    routes = APIRouter(tags=["Gateway"])
    docs = None if services.docs == "off" else "/docs"

    @routes.get(
        "/",
        operation_id="welcome",
        summary="Where to begin",
        responses={200: {"model": Welcome}},
        openapi_extra=_PUBLIC,
    )
    async def welcome() -> Response:
        return reply({"ok": True, "docs": docs})

    @routes.get(
        "/healthz",
        operation_id="healthz",
        summary="Whether the process is alive",
        responses={200: {"model": Alive}},
        openapi_extra=_PUBLIC,
    )
    async def healthz() -> Response:
        return reply({"ok": True})

    @routes.get(
        "/readyz",
        operation_id="readyz",
        summary="Whether messages can be accepted durably",
        responses={
            200: {"model": Ready},
            **problems.responses(StoreUnavailable, ShuttingDown, RoomUnavailable),
        },
        openapi_extra=_PUBLIC,
    )
    async def readyz(
        request: Request,
        rooms: Annotated[
            Literal["all"] | None, Query(description="Also want every room ready.")
        ] = None,
    ) -> Response:
        """A room's outage does not make it unready: messages are held meanwhile."""
        is_known = request.scope["state"]["is_known"]
        return await _readiness(services, all_rooms=rooms == "all", in_detail=is_known)

    @routes.get(
        "/version",
        operation_id="version",
        summary="Which gateway this is",
        responses={
            200: {"model": Version},
            **problems.responses(errors.Unauthenticated),
        },
    )
    async def version() -> Response:
        return reply({"name": NAME, "version": services.version})

    @routes.get(
        "/me",
        operation_id="me",
        summary="What the caller may do",
        responses={200: {"model": Me}, **problems.responses(errors.Unauthenticated)},
    )
    async def me(request: Request) -> Response:
        """Also for trying a key, and for naming the connection that it makes."""
        rooms = [view.room for view in services.reading.rooms()]
        return reply(
            {
                "auth": "none" if services.keys is None else "key",
                "key_id": request.scope["state"]["key_id"],
                "scopes": ["*"],
                "may": _MAY,
                "rooms": rooms,
                "participant_name": _own_name(services.reading, rooms),
                "version": services.version,
            }
        )

    return routes


def _own_name(reading: Reading, rooms: Sequence[str]) -> str | None:
    """Return what we are called, once we have been in a room."""
    for room in rooms:
        _, presence = reading.participants(room)
        if presence.self is not None:
            return presence.self.name
    return None


async def _readiness(
    services: Services, *, all_rooms: bool, in_detail: bool
) -> Response:
    if services.draining.is_set():
        message = "The gateway is stopping."
        raise ShuttingDown(message)
    if not await services.is_writable():
        message = "The store cannot be written at the moment."
        raise StoreUnavailable(message)
    views = services.reading.rooms()
    detail: dict[str, object] = {}
    if in_detail:
        detail["rooms"] = {view.room: view.status.state for view in views}
    if all_rooms and not all(view.status.is_ready for view in views):
        message = "Not every room is ready."
        raise RoomUnavailable(message, facts=detail)
    return reply({"ready": True, **detail})
