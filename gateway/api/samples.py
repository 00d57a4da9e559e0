"""`GET /events/samples`: what events look like, whether any has happened or not."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gateway.api import problems
from gateway.api.bodies import JSON
from gateway.api.polling import TURNS, AttachmentUrl, FlatEvent, flat_of, link_of
from gateway.api.queries import Words, event_types
from gateway.bridge.ports import Clock, History, Logged
from gateway.delivery.samples import a_sample
from gateway.domain import errors, rendering
from gateway.domain.ids import Ids
from gateway.domain.model import EventType
from gateway.domain.routing import Selection

MAX_OF_A_TYPE: Final = 10


class SampleQuery(BaseModel):
    """Which events to show, and how."""

    model_config = ConfigDict(extra="forbid")

    events: Words = Field(
        [EventType.MESSAGE_RECEIVED.value],
        description="Types of events, or `message.*`, comma-separated.",
    )
    format: Literal["flat", "envelope"] = Field(
        "flat", description="As in the bodies of webhooks."
    )
    limit: int = Field(
        3, ge=1, le=MAX_OF_A_TYPE, description="At most so many of each type."
    )


def router(
    history: History, attachment_url: AttachmentUrl, *, ids: Ids, clock: Clock
) -> APIRouter:
    """Return the route for samples.

    Args:
        history: The log, for reading.
        attachment_url: Makes the signed links that events carry.
        ids: Makes the ids of what is made up.
        clock: Tells when that would have happened.
    """
    routes = APIRouter(tags=["Events"])
    turns = asyncio.Semaphore(TURNS)

    @routes.get(
        "/events/samples",
        operation_id="sample_events",
        summary="See what events look like",
        responses={
            200: {"model": list[FlatEvent] | list[dict[str, Any]]},
            **problems.responses(
                errors.Unauthenticated, errors.Invalid, errors.StoreUnavailable
            ),
        },
    )
    async def samples(query: Annotated[SampleQuery, Query()]) -> Response:
        """A bare array, newest first, with each type that was asked for.

        They are the newest that happened. Of a type of which none is held there is one
        that is made up, after all others: its room is `sample-room`, or none, and its
        `seq` is 0. It is stored nowhere and looks different each time.
        """
        names = event_types(query.events, at="?events")
        async with turns:
            shown = await shown_of(names, query.limit)
            # Many large messages take a while, and others want to be served.
            body = await asyncio.to_thread(
                _array, shown, attachment_url, is_flat=query.format == "flat"
            )
        return Response(body, media_type=JSON)

    async def shown_of(names: Sequence[str], limit: int) -> Sequence[Logged]:
        happened: list[Logged] = []
        made_up: list[Logged] = []
        for name in names:
            found = await history.newest(Selection(events=(name,)), limit)
            happened += found
            if not found:
                made_up.append(Logged(*a_sample(EventType(name), ids, clock.now())))
        happened.sort(key=lambda each: each.event.seq, reverse=True)
        return [*happened, *made_up]

    return routes


def _array(
    shown: Sequence[Logged], attachment_url: AttachmentUrl, *, is_flat: bool
) -> bytes:
    write = flat_of if is_flat else _envelope_of
    return b"[" + b",".join(write(each, attachment_url) for each in shown) + b"]"


def _envelope_of(logged: Logged, attachment_url: AttachmentUrl) -> bytes:
    """Return an event as webhooks get it, but any attachment as an address."""
    url = link_of(logged, attachment_url)
    return rendering.envelope(logged.event, logged.message, attachment_url=url)
