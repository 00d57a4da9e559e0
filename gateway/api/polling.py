"""`GET /poll/messages`: what was received, for tools that ask again and again."""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.responses import Response

from gateway.api import problems
from gateway.api.bodies import JSON
from gateway.api.etags import is_match
from gateway.api.queries import Words
from gateway.api.shapes import Shape
from gateway.bridge.ports import History, Logged
from gateway.domain import errors
from gateway.domain.formats import flat_json
from gateway.domain.model import Event, EventType
from gateway.domain.routing import Selection

MAX_ITEMS: Final = 100
TURNS: Final = 2  # Polls that are answered at a time: each may have 50 MB to say.
_ITEM: Final[JsonDict] = {
    "id": "evt_01J9ZC3V7M5E8Q2W4R6T8Y0ABC",
    "event": "message.received",
    "room": "lobby",
    "timestamp": "2030-01-31T12:00:00.000Z",
    "message_id": "msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABD",
    "type": "chat",
    "text": "hi",
    "from_id": "p-17",
    "from_name": "alice",
    "from_role": "user",
    "message": {"text": "hi"},
    "attachment_url": None,
    "attachment_size": None,
}

# Where the attachment of a message can be had that an event carries.
AttachmentUrl = Callable[[str, Event], str]


class PollQuery(BaseModel):
    """Which messages to show."""

    model_config = ConfigDict(extra="forbid")

    types: Words | None = Field(None, description="Message types, comma-separated.")
    rooms: Words | None = Field(None, description="Rooms, comma-separated.")
    senders: Words | None = Field(
        None, alias="from", description="Names of senders, comma-separated."
    )
    limit: int = Field(50, ge=1, le=MAX_ITEMS)

    @property
    def selection(self) -> Selection:
        """What of the log is wanted."""
        return Selection(
            events=(EventType.MESSAGE_RECEIVED.value,),
            rooms=_some(self.rooms),
            types=_some(self.types),
            senders=_some(self.senders),
        )


class FlatEvent(Shape):
    """An event without nesting; what is absent is null, never missing."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_ITEM]})

    id: str = Field(description="The event's: what has it was seen before.")
    event: EventType
    room: str | None
    timestamp: AwareDatetime
    message_id: str | None
    type: str | None = Field(description="The message's own type.")
    text: str | None = Field(description="The message's `text`, if that is a string.")
    from_id: str | None
    from_name: str | None
    from_role: str | None
    message: dict[str, Any] | None = Field(
        description="The message, null once it was erased; of other events, `data`."
    )
    attachment_url: str | None = Field(
        description="Signed: it needs no key, and is good for as long as the event."
    )
    attachment_size: int | None = Field(description="In bytes.")


def router(history: History, attachment_url: AttachmentUrl) -> APIRouter:
    """Return the route for polls.

    Args:
        history: The log, for reading.
        attachment_url: Makes the signed links that items carry.
    """
    routes = APIRouter(tags=["Messages"])
    turns = asyncio.Semaphore(TURNS)

    @routes.get(
        "/poll/messages",
        operation_id="poll_messages",
        summary="Poll for what was received",
        responses={
            200: {
                "model": list[FlatEvent],
                "headers": {
                    "ETag": {
                        "description": "Changes with the answer; for If-None-Match.",
                        "schema": {"type": "string"},
                    }
                },
            },
            304: {"description": "Nothing changed since If-None-Match."},
            **problems.responses(
                errors.Unauthenticated, errors.Invalid, errors.StoreUnavailable
            ),
        },
    )
    async def poll(
        query: Annotated[PollQuery, Query()],
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """A bare array, newest first, for automation tools that know what they saw.

        They see by `id` which items are new to them. To miss nothing however much is
        said between two polls, read `/events` from a cursor instead.
        """
        async with turns:
            found = await history.newest(query.selection, query.limit)
            # A hundred large messages take a while, and others want to be served.
            body, etag = await asyncio.to_thread(_array, found, attachment_url)
        headers = {"ETag": f"W/{etag}", "Cache-Control": "private, no-cache"}
        if is_match(if_none_match, etag):
            return Response(status_code=304, headers=headers)
        return Response(body, 200, headers, JSON)

    return routes


def flat_of(logged: Logged, attachment_url: AttachmentUrl) -> bytes:
    """Return an event as tools that map fields take it, in UTF-8."""
    url = link_of(logged, attachment_url)
    return flat_json(logged.event, logged.message, attachment_url=url)


def link_of(logged: Logged, attachment_url: AttachmentUrl) -> str | None:
    """Return where the attachment can be had that an event carries, if it has one."""
    message = logged.message
    if message is None or message.attachment is None:
        return None
    return attachment_url(message.id, logged.event)


def _array(found: Sequence[Logged], attachment_url: AttachmentUrl) -> tuple[bytes, str]:
    """Return the items, and a tag that changes with them."""
    body = b"[" + b",".join(flat_of(each, attachment_url) for each in found) + b"]"
    return body, f'"{sha256(body).hexdigest()[:32]}"'


def _some(words: list[str] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(words)
