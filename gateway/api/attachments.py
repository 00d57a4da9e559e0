"""`GET /messages/{id}/attachment`: the bytes that go with a message."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import problems
from gateway.api.etags import is_match, is_unchanged
from gateway.api.ranges import UNIT, Part, none_of, part_of
from gateway.api.services import Services
from gateway.domain import errors
from gateway.domain.errors import RangeNotSatisfiable

_KIND: Final = "application/octet-stream"
# Whatever somebody in a room attached, a browser must neither run nor guess it.
_INERT: Final = {
    "Content-Security-Policy": "sandbox",
    "Cache-Control": "private, no-cache",
    "Accept-Ranges": UNIT,
}
_BYTES: Final = {_KIND: {"schema": {"type": "string", "format": "binary"}}}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The bytes.", "content": _BYTES},
    206: {
        "description": "Those that Range asked for; Content-Range says which they are.",
        "content": _BYTES,
    },
    304: {"description": "They are those of If-None-Match."},
    **problems.responses(
        errors.Unauthenticated,
        errors.LinkInvalid,
        errors.NotFound,
        errors.RangeNotSatisfiable,
        errors.Invalid,
        errors.StoreUnavailable,
    ),
}
_Header = Annotated[str | None, Header()]
_Range = Annotated[
    str | None,
    Header(
        alias="Range",
        description="One range of bytes, such as `bytes=0-1023`; for several the whole"
        " is sent.",
    ),
]


def router(services: Services) -> APIRouter:
    """Return the route for the bytes that go with a message."""
    reading = services.reading
    routes = APIRouter(tags=["Messages"])

    @routes.get(
        "/messages/{message_id}/attachment",
        operation_id="get_attachment",
        summary="Get the bytes that go with a message",
        responses=_RESPONSES,
        response_class=Response,
    )
    async def attachment(
        request: Request,
        message_id: str,
        part: _Range = None,
        if_range: _Header = None,
        if_none_match: _Header = None,
    ) -> Response:
        """Also for the bearer of a signed link, without a key."""
        kept, content = await reading.attachment(message_id)
        etag = f'"{kept.sha256}"'
        if is_match(if_none_match, etag):
            # RFC 9110 §15.4.5: what a cache was allowed it is allowed again.
            again = {"ETag": etag, "Cache-Control": _INERT["Cache-Control"]}
            return Response(status_code=304, headers=again)
        headers = {
            "ETag": etag,
            "Content-Disposition": f'attachment; filename="{message_id}.bin"',
            **_INERT,
        }
        # RFC 9110 §14.2: a Range means something for GET alone.
        is_head = request.scope["state"]["is_head"]
        asked = None if is_head or not is_unchanged(if_range, etag) else part
        try:
            found = part_of(asked, len(content))
        except RangeNotSatisfiable as error:
            refusal = problems.response(error, request.scope)
            refusal.headers["Content-Range"] = none_of(len(content))
            return refusal
        return _answer(content, found, headers)

    return routes


def _answer(content: bytes, part: Part | None, headers: dict[str, str]) -> Response:
    if part is None:
        return Response(content, 200, headers, _KIND)
    headers["Content-Range"] = part.content_range
    return Response(part.of(content), 206, headers, _KIND)
