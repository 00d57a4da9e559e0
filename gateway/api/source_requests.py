"""`/sources/{id}/requests`: what third parties sent to a source."""

from base64 import b64encode
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import problems
from gateway.api.auth import caller
from gateway.api.queries import Moment, Several, Word, maybe_moment
from gateway.api.replies import made, reply
from gateway.api.source_answer_examples import LISTED, REQUEST, answered
from gateway.api.source_request_shapes import RequestDetail, RequestList, RequestShape
from gateway.domain import errors
from gateway.domain.model import Inbound, InboundState
from gateway.domain.rendering import rfc3339
from gateway.inbound.controls import SourceControls
from gateway.inbound.ports import InboundFilter
from gateway.inbound.refusals import Refusal

_REPLAYED: Final = {
    "status": "accepted",
    "message_id": None,
    "identity": None,
    "replay_of": "inb_01J9ZC3V7M5E8Q2W4R6T8Y0ABB",
}
# Why nothing may be found where a source, or what is of it, is named.
FOUND: Final = (errors.Unauthenticated, errors.NotFound, errors.Gone)
_READS: Final = problems.responses(*FOUND)


class RequestQuery(BaseModel):
    """Which requests to list."""

    model_config = ConfigDict(extra="forbid")

    status: Several[InboundState] | None = Field(
        None, description="Statuses, comma-separated."
    )
    since: Moment | None = None
    until: Moment | None = None
    cursor: Word | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200)


def add_routes(routes: APIRouter, sources: SourceControls) -> None:
    """Add the routes for what third parties sent."""

    @routes.get(
        "/sources/{source_id}/requests",
        operation_id="list_source_requests",
        summary="List what was sent to a source",
        responses={
            200: answered(RequestList, LISTED),
            **_READS,
            **problems.responses(errors.Invalid),
        },
    )
    async def listed(
        source_id: str, query: Annotated[RequestQuery, Query()]
    ) -> Response:
        """Newest first. It says why nothing was said of one, and what was refused."""
        now = sources.clock.now()
        wanted = InboundFilter(
            states=query.status,
            since=maybe_moment(query.since, now, at="?since"),
            until=maybe_moment(query.until, now, at="?until"),
            cursor=query.cursor,
            limit=query.limit,
        )
        page = await sources.requests(source_id, wanted)
        refused = sources.refused(source_id) if query.cursor is None else ()
        return reply(
            {
                "requests": [request_shown(each) for each in page.requests],
                "next_cursor": page.next_cursor,
                "refused": [refusal_shown(each) for each in refused],
            }
        )

    @routes.get(
        "/sources/{source_id}/requests/{request_id}",
        operation_id="get_source_request",
        summary="See a request as it came",
        responses={200: {"model": RequestDetail}, **_READS},
    )
    async def one(source_id: str, request_id: str) -> Response:
        return reply(detail_shown(await sources.request(source_id, request_id)))

    @routes.post(
        "/sources/{source_id}/requests/{request_id}/replay",
        status_code=202,
        operation_id="replay_source_request",
        summary="Have a request said again",
        responses={
            202: answered(RequestShape, {**REQUEST, **_REPLAYED}),
            **_READS,
            **problems.responses(errors.StoreUnavailable, errors.ShuttingDown),
        },
    )
    async def replay(source_id: str, request_id: str, request: Request) -> Response:
        """As the source words it now, whether or not it was said before."""
        who = caller(request)
        inbound = await sources.replay(source_id, request_id, key_id=who)
        where = f"/sources/{source_id}/requests/{inbound.id}"
        return made(request, where, request_shown(inbound), 202)


def request_shown(inbound: Inbound) -> dict[str, object]:
    """Return a request as lists show it."""
    return {
        "id": inbound.id,
        "source_id": inbound.source_id,
        "status": inbound.state.value,
        "reason": inbound.reason,
        "message_id": inbound.message_id,
        "identity": inbound.identity,
        "replay_of": inbound.replay_of,
        "method": inbound.method,
        "query": inbound.query,
        "size": inbound.size or len(inbound.body),
        "received_at": rfc3339(inbound.received_at),
    }


def detail_shown(inbound: Inbound) -> dict[str, object]:
    """Return a request as it came, its body as text if it is text."""
    shown = request_shown(inbound)
    text, encoded = None, None
    if inbound.body or not shown["size"]:
        try:
            text = inbound.body.decode("utf-8")
        except UnicodeDecodeError:
            encoded = b64encode(inbound.body).decode("ascii")
    headers = dict(inbound.headers)
    return {**shown, "headers": headers, "body": text, "body_base64": encoded}


def refusal_shown(refusal: Refusal) -> dict[str, object]:
    """Return a request that was not taken as lists show it."""
    return {
        "verified": refusal.is_verified,
        "code": refusal.code,
        "reason": refusal.reason,
        "method": refusal.method,
        "size": refusal.size,
        "content_type": refusal.content_type,
        "user_agent": refusal.user_agent,
        "received_at": rfc3339(refusal.received_at),
    }
