"""`GET /events`: the log, read as a stream, as lines or in pages."""

import asyncio
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import problems
from gateway.api.bodies import JSON
from gateway.api.event_examples import DESCRIPTION, PARAMETERS, answers
from gateway.api.framing import NDJSON, SSE, Framing, JsonLines, ServerSentEvents
from gateway.api.lanes import RawRoute
from gateway.api.negotiation import best
from gateway.api.queries import (
    Moment,
    Word,
    Words,
    maybe_event_types,
    moment,
    refuse_unknown,
)
from gateway.api.streaming import Streaming, watch
from gateway.bridge.excerpts import Excerpt, Size
from gateway.bridge.places import Asked, Cursor, End, Start, read_cursor
from gateway.bridge.ports import Clock, Meter
from gateway.bridge.reader import Reader, Reason
from gateway.bridge.streams import Streams
from gateway.domain import errors
from gateway.domain.errors import CursorExpired, NotAcceptable, StoreUnavailable
from gateway.domain.routing import EVERYTHING, Selection

MAX_WAIT_S: Final = 55
MAX_EVENTS: Final = 1_000
EVENTS: Final = 100
MAX_WORDS: Final = 100
PAGE_BYTES: Final = 4 * 1024**2
_OFFERS: Final = (JSON, NDJSON, SSE)
_LISTS: Final = ("events", "types", "rooms", "from")
_FAILURES: Final = (
    errors.Unauthenticated,
    errors.OriginNotAllowed,
    errors.NotAcceptable,
    errors.CursorExpired,
    errors.Invalid,
    errors.QuotaExceeded,
    errors.StoreUnavailable,
    errors.ShuttingDown,
)


class EventQuery(BaseModel):
    """Which events, and from where on."""

    model_config = ConfigDict(extra="forbid")

    events: Words | None = Field(None, max_length=MAX_WORDS)
    types: Words | None = Field(None, max_length=MAX_WORDS)
    rooms: Words | None = Field(None, max_length=MAX_WORDS)
    senders: Words | None = Field(None, max_length=MAX_WORDS, alias="from")
    since: Moment | None = None
    after: Word | None = None
    last_event_id: Word | None = None
    limit: int | None = Field(None, ge=1, le=MAX_EVENTS)
    wait: int | None = Field(None, ge=0, le=MAX_WAIT_S)

    def selection(self) -> Selection:
        """Return what is wanted; `Invalid` for what is no event."""
        if self.events is self.types is self.rooms is self.senders is None:
            return EVERYTHING
        found = maybe_event_types(self.events, at="?events")
        return Selection(
            events=EVERYTHING.events if found is None else tuple(found),
            rooms=_tuple(self.rooms),
            types=_tuple(self.types),
            senders=_tuple(self.senders),
        )

    def begin(self, header: str | None, now: datetime) -> Asked:
        """Return where to begin; `Invalid` for what is no place.

        A browser that comes back sends its header with the address of old: the header
        counts first, and `since` only if there is no cursor.
        """
        if self.after is not None and self.last_event_id is not None:
            detail = "Give one of after and last_event_id: they mean the same."
            raise problems.invalid(detail, at="?last_event_id")
        for given, at in (
            (header, "Last-Event-ID"),
            (self.last_event_id, "?last_event_id"),
            (self.after, "?after"),
        ):
            if given:
                return _cursor(given, at)
        if self.since is None:
            return End.LATEST
        if self.since in (End.EARLIEST.value, End.LATEST.value):
            return End(self.since)
        return moment(self.since, now, at="?since", besides=(one.value for one in End))


class Events:
    """Answers `GET /events` in the form that its caller takes."""

    def __init__(self, streams: Streams, clock: Clock, meter: Meter) -> None:
        self._streams = streams
        self._clock = clock
        self._meter = meter

    @cached_property
    def _framings(self) -> dict[str, Framing]:
        # The same for all who read: what is put together in one of them is shared.
        return {SSE: ServerSentEvents(self._streams.epoch), NDJSON: JsonLines()}

    async def read(self, request: Request) -> Response:
        """Answer."""
        media_type = best(request.headers.get("accept", ""), _OFFERS)
        if media_type is None:
            detail = f"Events are there as {', '.join(_OFFERS)}: accept one of them."
            raise NotAcceptable(detail)
        query = _query(request.query_params)
        framing = self._framings.get(media_type)
        if framing is not None:
            _refuse_paging(query, media_type)
        wanted = query.selection()
        header = request.headers.get("last-event-id")
        begin = await self._streams.start(query.begin(header, self._clock.now()))
        if not begin.is_recovered and media_type != SSE:
            raise await self._expired(begin)
        state = request.scope["state"]
        is_head = state.get("is_head", False)
        if framing is None:
            wait_s = 0 if is_head else query.wait or 0
            reader = self._streams.open(
                state["key_id"], wanted, begin, is_counted=wait_s > 0
            )
            return await self._page(request, reader, query.limit or EVENTS, wait_s)
        reader = self._streams.open(state["key_id"], wanted, begin)
        return Streaming(
            reader, framing, begin, self._clock, self._meter, is_head=is_head
        )

    async def _page(
        self, request: Request, reader: Reader, limit: int, wait_s: int
    ) -> Response:
        try:
            excerpt = await self._gathered(request, reader, limit, wait_s)
        finally:
            reader.close()
        events = b",".join([each.envelope for each in excerpt.shown])
        more = b"true" if reader.place < self._streams.high else b"false"
        following = reader.cursor.encode()
        return Response(
            b'{"events":[%b],"next":"%b","more":%b}' % (events, following, more),
            media_type=JSON,
        )

    async def _gathered(
        self, request: Request, reader: Reader, limit: int, wait_s: int
    ) -> Excerpt:
        size = Size(limit, PAGE_BYTES)
        if not wait_s:
            reader.end(Reason.TIME_IS_UP)
            return await reader.gather(size)
        failed: StoreUnavailable | None = None
        excerpt = Excerpt((), reader.place)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch(request.receive, reader))
            timing = tasks.create_task(self._time(reader, wait_s))
            try:
                excerpt = await reader.gather(size)
            except StoreUnavailable as error:
                failed = error
            watching.cancel()
            timing.cancel()
        if failed is not None:
            raise failed
        return excerpt

    async def _time(self, reader: Reader, wait_s: int) -> None:
        await self._clock.sleep(wait_s)
        reader.end(Reason.TIME_IS_UP)

    async def _expired(self, begin: Start) -> CursorExpired:
        earliest = Cursor(self._streams.epoch, await self._streams.earliest())
        found = (
            "This cursor is older than what is held, or of another log."
            if begin.missed is None
            else "Some of what followed this cursor is no longer held."
        )
        detail = f"{found} Go on after {earliest}: nothing is missing from there on."
        facts = {"earliest": str(earliest), "missed": begin.missed}
        return CursorExpired(detail, facts=facts)


def router(streams: Streams, clock: Clock, meter: Meter) -> APIRouter:
    """Return the route for reading the log."""
    routes = APIRouter(tags=["Events"], route_class=RawRoute)
    routes.add_api_route(
        "/events",
        Events(streams, clock, meter).read,
        methods=["GET"],
        operation_id="read_events",
        summary="Read what happened, live or from any place on",
        description=DESCRIPTION,
        responses={**answers(), **problems.responses(*_FAILURES)},
        openapi_extra={"parameters": PARAMETERS},
    )
    return routes


def _query(given: QueryParams) -> EventQuery:
    known = frozenset(
        field.alias or name for name, field in EventQuery.model_fields.items()
    )
    refuse_unknown(given.keys(), known)
    values: dict[str, Any] = {
        name: given.getlist(name) if name in _LISTS else given[name] for name in given
    }
    try:
        return EventQuery.model_validate(values)
    except ValidationError as error:
        found = [{**each, "loc": ("query", *each["loc"])} for each in error.errors()]
        raise problems.validation(found) from error


def _refuse_paging(query: EventQuery, media_type: str) -> None:
    for name, value in (("wait", query.wait), ("limit", query.limit)):
        if value is not None:
            detail = f"This is for {JSON}: a stream as {media_type} has no end."
            raise problems.invalid(detail, at=f"?{name}")


def _cursor(text: str, at: str) -> Asked:
    found = read_cursor(text)
    if found is None:
        detail = "Give a cursor, or the id of an event, as you were given it."
        raise problems.invalid(detail, at=at)
    return found


def _tuple(words: list[str] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(words)
