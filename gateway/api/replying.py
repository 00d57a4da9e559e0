"""`POST /messages/{id}/reply`: answering whoever said something."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import examples, problems
from gateway.api.asked import Asked
from gateway.api.described import message_of
from gateway.api.lanes import RawRoute
from gateway.api.repeats import fingerprint, key_of, once_of, once_only
from gateway.api.schemas import reply_draft
from gateway.api.sending import FAILURES, Door
from gateway.api.services import Services
from gateway.bridge.ports import AlreadyDone, Once
from gateway.bridge.replying import addressed
from gateway.domain import errors
from gateway.domain.errors import KeyReused, LinkUsed

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
        body, asked = await self._door.read(request, _SIGNED)
        once = self._once(request, body.digest)

        async def say() -> Response:
            given = self._door.draft(request, body, reply_draft)
            message = await self._reading.message(request.path_params["message_id"])
            draft = addressed(given, message)
            return await self._door.accept(request, draft, asked, once)

        try:
            if once is None or once.fingerprint is None or asked.is_rehearsal:
                return await say()
            return await once_only(lambda: self._again(request, asked, once), say)
        except AlreadyDone as done:
            # A key alone has been answered for: this was a link.
            detail = f"The link was used: {done.message_id} is its reply."
            facts = {"message_id": done.message_id}
            raise LinkUsed(detail, facts=facts) from done

    async def _again(
        self, request: Request, asked: Asked, once: Once
    ) -> Response | None:
        try:
            return await self._door.again(request, asked, once)
        except KeyReused:
            if once.scope == _SCOPE:
                return None  # The link tells by which reply it was used.
            raise

    def _once(self, request: Request, digest: bytes | None) -> Once | None:
        """Return what a signed link allows once, or else what a key does.

        The gate has let the bearer of a link in already, unless they have a key of ours
        besides.
        """
        if _SIGNED.isdisjoint(request.query_params):
            return once_of(request, digest)
        query = request.scope["query_string"].decode("latin-1")
        delivery = self._verify(request.scope["path"], query)
        key = key_of(request)
        if key is None or digest is None:
            return Once(_SCOPE, delivery)
        return Once(_SCOPE, delivery, fingerprint(b"", digest, key))


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
        openapi_extra=message_of(
            "Reply",
            examples.REPLY_BODIES,
            {"message_id": "Of the message that is answered, which was received."},
        ),
    )
    return routes
