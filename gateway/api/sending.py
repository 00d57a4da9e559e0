"""`POST /send` and `POST /broadcast`: the way from HTTP into a room."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import bodies, examples, problems, repeats
from gateway.api.asked import UNSIGNED, Asked, asked_of
from gateway.api.bodies import Body, Limits
from gateway.api.described import message_of
from gateway.api.lanes import RawRoute
from gateway.api.replies import reply, reply_text
from gateway.api.schemas import broadcast_draft, send_draft
from gateway.api.services import Reading, Services
from gateway.bridge.ports import Once
from gateway.bridge.sending import Draft, Rehearsal
from gateway.domain import errors
from gateway.domain.errors import GatewayError, Rejected
from gateway.domain.model import MessageStatus, OutgoingMessage
from gateway.domain.rendering import participant_object, receipt_json

_REFUSALS: Final[Mapping[str, type[Rejected]]] = {
    cls.code: cls
    for cls in (
        errors.RoomDenied,
        errors.RoomRejected,
        errors.RecipientNotFound,
        errors.RecipientAmbiguous,
        errors.RecipientIsSelf,
        errors.MessagingDisabled,
    )
}
_WAITS: Final = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
FAILURES: Final = (
    errors.MalformedJson,
    errors.Unauthenticated,
    errors.OriginNotAllowed,
    errors.RoomDenied,
    errors.RecipientNotFound,
    errors.RecipientAmbiguous,
    errors.MessagingDisabled,
    errors.MessageGone,
    errors.BodyTooSlow,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.Invalid,
    errors.ReservedType,
    errors.RecipientIsSelf,
    errors.RoomRejected,
    errors.KeyReused,
    errors.RoomUnavailable,
    errors.QueueFull,
    errors.StoreUnavailable,
    errors.ShuttingDown,
)
RESPONSES: Final = problems.responses(*FAILURES)


class DraftOf(Protocol):
    """Makes a message of a body."""

    def __call__(
        self,
        body: Body,
        limits: Limits,
        *,
        key_id: str | None,
        traceparent: str | None,
    ) -> Draft:
        """Return it; `Rejected` if the body breaks a rule."""
        ...


class Door:
    """Takes messages for rooms and answers with how far they came."""

    def __init__(self, services: Services) -> None:
        self._sending = services.sending
        self._reading = services.reading
        self._limits = services.limits
        self._location = f"{urlsplit(services.public_url).path}/messages/"

    async def send(self, request: Request) -> Response:
        """Say something to some participants."""
        return await self._take(request, send_draft)

    async def broadcast(self, request: Request) -> Response:
        """Say something to everybody."""
        return await self._take(request, broadcast_draft)

    async def read(
        self, request: Request, signed: frozenset[str] = UNSIGNED
    ) -> tuple[Body, Asked]:
        """Read a request's body, and how its caller wants to be answered.

        Args:
            request: The request.
            signed: What may be in the query besides, because it was signed.
        """
        headers: Mapping[bytes, bytes] = dict(request.scope["headers"])
        asked = asked_of(request, headers, signed)
        has_key = repeats.key_of(request) is not None
        receive = request.receive
        body = await bodies.read(receive, headers, self._limits, digested=has_key)
        return body, asked

    def draft(self, request: Request, body: Body, draft_of: DraftOf) -> Draft:
        """Return the message that a body asks for, made by `draft_of`."""
        state = request.scope["state"]
        return draft_of(
            body,
            self._limits,
            key_id=state["key_id"],
            traceparent=state["traceparent"],
        )

    async def _take(self, request: Request, draft_of: DraftOf) -> Response:
        body, asked = await self.read(request)
        once = repeats.once_of(request, body.digest)
        if once is None or asked.is_rehearsal:
            draft = self.draft(request, body, draft_of)
            return await self.accept(request, draft, asked)

        async def say() -> Response:
            draft = self.draft(request, body, draft_of)
            return await self.accept(request, draft, asked, once)

        return await repeats.once_only(lambda: self.again(request, asked, once), say)

    async def accept(
        self, request: Request, draft: Draft, asked: Asked, once: Once | None = None
    ) -> Response:
        """Take a message, or rehearse it, and answer.

        Raises:
            AlreadyDone: `once` was used up before.
        """
        if asked.is_rehearsal:
            answer = reply(rehearsed(self._sending.rehearse(draft), request))
            answer.headers.update(asked.applied)
            return answer
        message = await self._sending.accept(draft, wait_s=asked.wait_s, once=once)
        return self._receipt(message, asked.applied)

    async def again(
        self, request: Request, asked: Asked, once: Once
    ) -> Response | None:
        """Answer with how far the message has come that used something up.

        `None` if nothing has.

        Raises:
            KeyReused: It was used up by another request.
            MessageGone: The message is no longer held.
        """
        messages = await self._sending.repeated(once, wait_s=asked.wait_s)
        if messages is None:
            return None
        try:
            return self._receipt(messages[0], asked.applied)
        except Rejected as refused:
            return problems.response(refused, request.scope)

    def _receipt(
        self, message: OutgoingMessage, applied: Mapping[str, str]
    ) -> Response:
        if message.status is MessageStatus.FAILED:
            raise refusal(message)
        text = receipt(message, self._reading)
        headers = {"Location": self._location + message.id, **applied}
        return reply_text(text, 202 if may_change(message) else 200, headers)


def receipt(message: OutgoingMessage, reading: Reading) -> str:
    """Return how far a message has come as JSON text."""
    retry_at = None
    if message.waiting_for is not None and message.status in _WAITS:
        retry_at = reading.room(message.room).status.next_retry_at
    return receipt_json(message, next_retry_at=retry_at)


def may_change(message: OutgoingMessage) -> bool:
    """Whether a message may still come to another end than it has now."""
    return message.status in _WAITS or message.status is MessageStatus.UNKNOWN


def refusal(message: OutgoingMessage) -> GatewayError:
    """Return what a failed message is answered with; it names the message."""
    error = message.error
    cls = errors.RoomRejected if error is None else _refusal_class(error.code)
    facts: dict[str, object] = {"message_id": message.id}
    if error is None:
        return cls("The room refused it.", facts=facts)
    facts["upstream_code"] = error.upstream_code
    return cls(error.text, facts=facts)


def router(services: Services) -> APIRouter:
    """Return the routes for saying something."""
    door = Door(services)
    routes = APIRouter(route_class=RawRoute, tags=["Sending"])
    routes.add_api_route(
        "/send",
        door.send,
        methods=["POST"],
        operation_id="send",
        summary="Say something to some participants",
        description=examples.SEND_DESCRIPTION,
        responses={**examples.receipts("send"), **RESPONSES},
        openapi_extra=message_of("Send", examples.SEND_BODIES),
    )
    routes.add_api_route(
        "/broadcast",
        door.broadcast,
        methods=["POST"],
        operation_id="broadcast",
        summary="Say something to everybody in a room",
        description=examples.BROADCAST_DESCRIPTION,
        responses={**examples.receipts("broadcast"), **RESPONSES},
        openapi_extra=message_of("Broadcast", examples.BROADCAST_BODIES),
    )
    return routes


def _refusal_class(code: str) -> type[Rejected]:
    return _REFUSALS.get(code, errors.RoomRejected)


def rehearsed(rehearsal: Rehearsal, request: Request) -> dict[str, object]:
    """Return what would become of a message as the contract shows it."""
    error = rehearsal.error
    recipients = rehearsal.recipients
    if not request.scope["state"]["is_known"]:
        # A link lets its bearer answer, not look at people.
        recipients = tuple(replace(each, attributes={}) for each in recipients)
    return {
        "dry_run": True,
        "room": rehearsal.room,
        "would": rehearsal.would,
        "recipients": [participant_object(each) for each in recipients],
        "present": rehearsal.present,
        "error": None if error is None else problems.document(error, request.scope),
    }
