"""`/rooms`: how each room is, and how the gateway is in it."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import bodies, problems
from gateway.api.bodies import Limits
from gateway.api.replies import reply
from gateway.api.services import Services
from gateway.api.shapes import Own, Room, RoomList
from gateway.bridge.reading import RoomView
from gateway.domain import errors
from gateway.domain.json_text import dumps
from gateway.domain.rendering import maybe_rfc3339, participant_object, rfc3339

# Attributes by which gateways know each other.
_OWN_ATTRIBUTES: Final = "gateway."
_LEVELS_TO_COME: Final = 64
_RESPONSES: Final = problems.responses(errors.Unauthenticated, errors.NotFound)
_CHANGES: Final = _RESPONSES | problems.responses(
    errors.Invalid,
    errors.RoomUnavailable,
    errors.StoreUnavailable,
    errors.ShuttingDown,
)


def room_shown(view: RoomView) -> dict[str, object]:
    """Return a room as the contract shows it."""
    status = view.status
    return {
        "room": view.room,
        "state": status.state,
        "since": rfc3339(status.since),
        "participant_id": status.participant_id,
        "messaging_enabled": status.messaging_enabled,
        "attempt": status.attempt,
        "next_retry_at": maybe_rfc3339(status.next_retry_at),
        "last_error": status.last_error,
        "last_received_at": maybe_rfc3339(status.last_received_at),
        "rtt_ms": status.rtt_ms,
        "token_expires_at": maybe_rfc3339(status.token_expires_at),
        "outbox": {"queued": view.queued, "oldest_s": view.oldest_s},
        "participants": view.participants,
        "warnings": list(view.warnings),
    }


def router(services: Services) -> APIRouter:
    """Return the routes for looking after rooms."""
    reading, controls = services.reading, services.controls
    routes = APIRouter(tags=["Rooms"])

    @routes.get(
        "/rooms",
        operation_id="list_rooms",
        summary="See how all rooms are",
        responses={
            200: {"model": RoomList},
            **problems.responses(errors.Unauthenticated),
        },
    )
    async def rooms() -> Response:
        return reply({"rooms": [room_shown(view) for view in reading.rooms()]})

    @routes.get(
        "/rooms/{room}",
        operation_id="get_room",
        summary="See how a room is",
        responses={200: {"model": Room}, **_RESPONSES},
    )
    async def one(room: str) -> Response:
        return reply(room_shown(reading.room(room)))

    @routes.post(
        "/rooms/{room}/reconnect",
        status_code=202,
        operation_id="reconnect_room",
        summary="Leave a room and join it again",
        responses={202: {"model": Room}, **_CHANGES},
    )
    async def reconnect(room: str) -> Response:
        """Works in every state, `dismissed` and `denied` included."""
        await controls.reconnect(reading.room(room).room)
        return reply(room_shown(reading.room(room)), 202)

    @routes.post(
        "/rooms/{room}/messaging/enable",
        operation_id="enable_messaging",
        summary="Turn messaging on",
        responses={200: {"model": Room}, **_CHANGES},
    )
    async def enable(room: str) -> Response:
        """Kept over restarts."""
        await controls.enable(reading.room(room).room)
        return reply(room_shown(reading.room(room)))

    @routes.post(
        "/rooms/{room}/messaging/disable",
        operation_id="disable_messaging",
        summary="Turn messaging off",
        responses={200: {"model": Room}, **_CHANGES},
    )
    async def disable(room: str) -> Response:
        """Nothing is received, and names mean nothing; kept over restarts."""
        await controls.disable(reading.room(room).room)
        return reply(room_shown(reading.room(room)))

    @routes.patch(
        "/rooms/{room}/attributes",
        operation_id="set_attributes",
        summary="Set attributes of the gateway's own participant",
        responses={
            200: {"model": Own},
            **_CHANGES,
            **problems.responses(
                errors.MalformedJson,
                errors.BodyTooSlow,
                errors.PayloadTooLarge,
                errors.UnsupportedMediaType,
            ),
        },
        openapi_extra=_ATTRIBUTES_DESCRIBED,
    )
    async def attributes(room: str, request: Request) -> Response:
        """They are set again at every join."""
        name = reading.room(room).room
        changes = await _changes(request, services.limits)
        await controls.set_attributes(name, changes)
        _, presence = reading.participants(name)
        own = presence.self
        return reply(
            {"room": name, "self": None if own is None else participant_object(own)}
        )

    return routes


async def _changes(request: Request, limits: Limits) -> Mapping[str, object]:
    """Read attributes that every room can be told, again and again."""
    body = await bodies.read(request.receive, dict(request.scope["headers"]), limits)
    if not body.typed:
        detail = f"Send {bodies.JSON}."
        raise errors.UnsupportedMediaType(detail)
    if not body.fields:
        detail = "Name at least one attribute."
        raise problems.invalid(detail, at="")
    _refuse_own(body.fields)
    # What cannot be said again must not be kept: on its way to the room it is nested
    # some levels deeper than here.
    nested: object = body.fields
    for _ in range(_LEVELS_TO_COME):
        nested = [nested]
    dumps(nested)
    return body.fields


def _refuse_own(changes: Mapping[str, object]) -> None:
    for name in changes:
        if name.startswith(_OWN_ATTRIBUTES):
            detail = f"Attributes named {_OWN_ATTRIBUTES}… are the gateway's own."
        elif name == "name":
            detail = "The name is that of the token, or GATEWAY_PARTICIPANT_NAME."
        else:
            continue
        raise problems.invalid(detail, at=problems.pointer(("body", name)))


_ATTRIBUTES_DESCRIBED: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            bodies.JSON: {
                "schema": {
                    "type": "object",
                    "additionalProperties": True,
                    "minProperties": 1,
                    "title": "Changes",
                    "description": "New values; null clears one.",
                    "examples": [{"status": "on duty"}],
                }
            }
        },
    }
}
