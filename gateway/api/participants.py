"""`GET /participants`: who is in a room."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api import problems
from gateway.api.queries import refuse_unknown
from gateway.api.replies import reply
from gateway.api.services import Reading, Services
from gateway.api.shapes import Participant, Participants
from gateway.bridge.ports import Presence
from gateway.domain import errors
from gateway.domain.errors import (
    RecipientAmbiguous,
    RecipientNotFound,
    RoomUnavailable,
)
from gateway.domain.json_text import dumps
from gateway.domain.recipients import Present, nearest_first
from gateway.domain.rendering import maybe_rfc3339, participant_object

_QUERY: Final = frozenset({"room", "name", "role", "fresh"})
_QUERY_OF_ONE: Final = frozenset({"room", "fresh"})
_ATTRIBUTE: Final = "attr."
_RESPONSES: Final = problems.responses(
    errors.Unauthenticated, errors.NotFound, errors.Invalid, errors.RoomUnavailable
)

Room = Annotated[str | None, Query(description="Needed if there are several rooms.")]
Fresh = Annotated[
    bool, Query(description="503 instead of how it was, if the room is away.")
]


def router(services: Services) -> APIRouter:
    """Return the routes for seeing who is there."""
    routes = APIRouter(tags=["Participants"])

    @routes.get(
        "/participants",
        operation_id="list_participants",
        summary="See who is in a room",
        responses={200: {"model": Participants}, **_RESPONSES},
        openapi_extra=_ATTRIBUTES_DESCRIBED,
    )
    async def participants(
        request: Request,
        room: Room = None,
        name: Annotated[str | None, Query(description="Exact name.")] = None,
        role: Annotated[str | None, Query(description="Exact role.")] = None,
        *,
        fresh: Fresh = False,
    ) -> Response:
        """List participants; while the room is away, who was there at `as_of`."""
        wanted = _attributes(request.query_params)
        found, presence = services.reading.participants(room)
        if fresh:
            _refuse_stale(found, presence)
        shown = [
            participant_object(one)
            for one in presence.participants
            if name in {None, one.name}
            and role in {None, one.role}
            and all(_said(one.attributes.get(k)) == v for k, v in wanted.items())
        ]
        return reply(_listed(found, presence, shown))

    @routes.get(
        "/participants/{id_or_name:path}",
        operation_id="get_participant",
        summary="See one participant",
        responses={
            200: {"model": Participant},
            **_RESPONSES,
            **problems.responses(RecipientAmbiguous),
        },
    )
    async def one(
        request: Request, id_or_name: str, room: Room = None, *, fresh: Fresh = False
    ) -> Response:
        """Find a participant by id, then by exact name."""
        refuse_unknown(request.query_params, _QUERY_OF_ONE)
        if fresh:
            _refuse_stale(*services.reading.participants(room))
        return reply(participant_object(find(services.reading, id_or_name, room)))

    return routes


def find(reading: Reading, wanted: str, room: str | None) -> Present:
    """Return the participant of that id or exact name, the gateway's own included.

    Raises:
        RecipientNotFound: Nobody; `present` lists who is there, near misses first.
        RecipientAmbiguous: Several; `candidates` lists them.
    """
    found, presence = reading.participants(room)
    everybody = list(presence.participants)
    if presence.self is not None:
        everybody.append(presence.self)
    by_id = [one for one in everybody if one.id == wanted]
    fitting = by_id or [one for one in everybody if one.name == wanted]
    if not fitting:
        message = f"Nobody in {found} has the id or name {wanted}."
        present = nearest_first(wanted, everybody)
        raise RecipientNotFound(message, facts={"present": present})
    if len(fitting) > 1:
        message = (
            f"{len(fitting)} participants of {found} are named {wanted}; use an id."
        )
        candidates = [{"id": x.id, "name": x.name, "role": x.role} for x in fitting]
        raise RecipientAmbiguous(message, facts={"candidates": candidates})
    return fitting[0]


def _refuse_stale(room: str, presence: Presence) -> None:
    if not presence.connected:
        message = f"The room {room} is away."
        raise RoomUnavailable(message)


def _attributes(query: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes asked for; a parameter that is not known is refused."""
    named = {name for name in query if name.startswith(_ATTRIBUTE)}
    refuse_unknown(query.keys() - named, _QUERY)
    return {name.removeprefix(_ATTRIBUTE): query[name] for name in sorted(named)}


def _said(value: object) -> str | None:
    """Return an attribute as a query would say it: text as it is, else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return dumps(value)


def _listed(
    room: str, presence: Presence, shown: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    own = presence.self
    return {
        "room": room,
        "connected": presence.connected,
        "as_of": maybe_rfc3339(presence.as_of),
        "self": None if own is None else participant_object(own),
        "count": len(shown),
        "participants": shown,
    }


_ATTRIBUTES_DESCRIBED: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "attr.NAME",
            "in": "query",
            "description": "Exact value of the attribute NAME, as `attr.team=blue`.",
            "schema": {"type": "string"},
        }
    ]
}
