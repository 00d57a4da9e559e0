"""`/messages`: what was said, both ways, and what is still to be said."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gateway.api import problems
from gateway.api.queries import Moment, Several, Word, Words, maybe_moment
from gateway.api.replies import reply_text
from gateway.api.services import Reading, Services
from gateway.api.shapes import MessageIn, MessageList, MessageOut
from gateway.bridge.ports import MessageFilter
from gateway.domain import errors
from gateway.domain.json_text import dumps
from gateway.domain.model import IncomingMessage, MessageStatus, OutgoingMessage
from gateway.domain.rendering import message_json

MAX_WAIT_S: Final = 55
_OPEN: Final = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
_FAILURES: Final = (
    errors.Unauthenticated,
    errors.NotFound,
    errors.Invalid,
    errors.StoreUnavailable,
)
_RESPONSES: Final = problems.responses(*_FAILURES)
_AMENDED: Final = problems.responses(
    errors.Unauthenticated,
    errors.NotFound,
    errors.WrongState,
    errors.StoreUnavailable,
    errors.ShuttingDown,
)


class MessageQuery(BaseModel):
    """Which messages to list."""

    model_config = ConfigDict(extra="forbid")

    direction: Literal["in", "out"] | None = None
    types: Words | None = Field(None, description="Message types, comma-separated.")
    senders: Words | None = Field(
        None, alias="from", description="Names or ids of senders, comma-separated."
    )
    to: Word | None = Field(None, description="An address as written, or a name.")
    rooms: Words | None = Field(None, description="Rooms, comma-separated.")
    status: Several[MessageStatus] | None = Field(
        None, description="Statuses, comma-separated."
    )
    ref: Word | None = Field(None, description="A reference that a sender gave.")
    since: Moment | None = None
    until: Moment | None = None
    cursor: Word | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200)
    order: Literal["asc", "desc"] = Field("desc", description="By acceptance.")

    def filter(self, now: datetime) -> MessageFilter:
        """Return it as the use case takes it; `Invalid` for what names no moment."""
        return MessageFilter(
            direction=self.direction,
            types=self.types,
            senders=self.senders,
            to=self.to,
            rooms=self.rooms,
            statuses=self.status,
            ref=self.ref,
            since=maybe_moment(self.since, now, at="?since"),
            until=maybe_moment(self.until, now, at="?until"),
            cursor=self.cursor,
            limit=self.limit,
            newest_first=self.order == "desc",
        )


def shown(message: OutgoingMessage | IncomingMessage, reading: Reading) -> str:
    """Return a message as JSON text; an open one with when its room is tried again."""
    if isinstance(message, IncomingMessage) or message.status not in _OPEN:
        return message_json(message)
    rooms = {view.room: view.status.next_retry_at for view in reading.rooms()}
    return message_json(message, next_retry_at=rooms.get(message.room))


def router(services: Services) -> APIRouter:
    """Return the routes for messages that were accepted or received."""
    sending, reading = services.sending, services.reading
    routes = APIRouter(tags=["Messages"])

    @routes.get(
        "/messages",
        operation_id="list_messages",
        summary="List what was said",
        responses={200: {"model": MessageList}, **_RESPONSES},
    )
    async def messages(query: Annotated[MessageQuery, Query()]) -> Response:
        """Both directions in one list, newest first unless asked otherwise."""
        page = await reading.messages(query.filter(services.clock.now()))
        listed = ",".join(shown(each, reading) for each in page.messages)
        cursor = dumps(page.next_cursor)
        return reply_text(f'{{"messages":[{listed}],"next_cursor":{cursor}}}')

    @routes.get(
        "/messages/{message_id}",
        operation_id="get_message",
        summary="See one message",
        responses={200: {"model": MessageOut | MessageIn}, **_RESPONSES},
    )
    async def one(
        message_id: str,
        wait: Annotated[
            int,
            Query(
                ge=0, le=MAX_WAIT_S, description="Seconds to wait for a final status."
            ),
        ] = 0,
    ) -> Response:
        message = await reading.message(message_id)
        if wait and isinstance(message, OutgoingMessage) and message.status in _OPEN:
            await sending.wait(message_id, wait)
            message = await reading.message(message_id)
        return reply_text(shown(message, reading))

    @routes.delete(
        "/messages/{message_id}/content",
        operation_id="erase_message",
        summary="Forget what was said",
        responses={
            200: {"model": MessageOut | MessageIn},
            **problems.responses(*_FAILURES, errors.WrongState),
        },
    )
    async def erase(message_id: str) -> Response:
        """Its `message` and attachment are gone for good; that it was said remains.

        What is still owed to webhooks is delivered without them. 409 while the message
        is still to be said.
        """
        return reply_text(shown(await reading.erase(message_id), reading))

    _add_amending(routes, services)
    return routes


def _add_amending(routes: APIRouter, services: Services) -> None:
    sending, reading = services.sending, services.reading

    @routes.delete(
        "/messages/{message_id}",
        operation_id="cancel_message",
        summary="Take back what is queued",
        responses={200: {"model": MessageOut}, **_AMENDED},
    )
    async def cancel(message_id: str) -> Response:
        """Nothing of it will be said. 409 once it is being said, or is at its end.

        What it is remains to be read, as `cancelled`.
        """
        return reply_text(shown(await sending.cancel(message_id), reading))

    @routes.post(
        "/messages/{message_id}/retry",
        status_code=202,
        operation_id="retry_message",
        summary="Say again what was not said",
        responses={
            202: {"model": MessageOut},
            **_AMENDED,
            **problems.responses(
                errors.QueueFull, errors.StoreUnavailable, errors.ShuttingDown
            ),
        },
    )
    async def retry(message_id: str) -> Response:
        """For a message that is `failed`, `expired`, `unknown` or `partial`; else 409.

        It keeps its id, goes to those alone whom it has not reached, and has its whole
        time to live before it. One that is `unknown` may be heard twice.
        """
        return reply_text(shown(await sending.retry(message_id), reading), 202)
