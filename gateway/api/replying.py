"""`POST /messages/{id}/reply`: answering whoever said something."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import examples, problems
from gateway.api.lanes import RawRoute
from gateway.api.schemas import reply_draft
from gateway.api.sending import FAILURES, Door, described
from gateway.api.services import Services
from gateway.bridge.ports import AlreadyDone, Once
from gateway.bridge.replying import addressed
from gateway.domain import errors
from gateway.domain.errors import LinkUsed

# Of a signed link; whoever brings one of these says that the link is to count.
_SIGNED: Final = frozenset({"nonce", "expires", "signature"})
_SCOPE: Final = "link"
_RESPONSES: Final = problems.responses(
    *FAILURES,
    errors.LinkInvalid,
    errors.LinkUsed,
    errors.NotFound,
    errors.WrongState,
)


class _ReplyDoor:
    """Takes replies, from callers with a key or with a link that is good for one."""

    def __init__(self, services: Services) -> None:
        self._door = Door(services)
        self._reading = services.reading
        self._verify = services.verify_reply

    async def reply(self, request: Request) -> Response:
        """Answer whoever said something."""
        once = self._once(request)
        given, asked = await self._door.draft(request, reply_draft, _SIGNED)
        message = await self._reading.message(request.path_params["message_id"])
        draft = addressed(given, message)
        try:
            return await self._door.accept(request, draft, asked, once)
        except AlreadyDone as done:
            detail = f"The link was used: {done.message_id} is its reply."
            facts = {"message_id": done.message_id}
            raise LinkUsed(detail, facts=facts) from done

    def _once(self, request: Request) -> Once | None:
        """Return what a signed link allows once; `None` if there is no link.

        The gate has let its bearer in already, unless they have a key besides.
        """
        if _SIGNED.isdisjoint(request.query_params):
            return None
        query = request.scope["query_string"].decode("latin-1")
        return Once(_SCOPE, self._verify(request.scope["path"], query))


def router(services: Services) -> APIRouter:
    """Return the route for answering a message."""
    routes = APIRouter(route_class=RawRoute, tags=["Sending"])
    routes.add_api_route(
        "/messages/{message_id}/reply",
        _ReplyDoor(services).reply,
        methods=["POST"],
        operation_id="reply",
        summary="Answer whoever said something",
        description=examples.REPLY_DESCRIPTION,
        responses={**examples.receipts("send"), **_RESPONSES},
        openapi_extra=described(
            "Reply",
            examples.REPLY_BODIES,
            {"message_id": "Of the message that is answered, which was received."},
        ),
    )
    return routes
