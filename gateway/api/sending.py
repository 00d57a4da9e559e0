"""`POST /send` and `POST /broadcast`: the way from HTTP into a room."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import bodies, examples, problems
from gateway.api.bodies import Body, Limits
from gateway.api.lanes import RawRoute
from gateway.api.queries import refuse_unknown
from gateway.api.replies import reply, reply_text
from gateway.api.schemas import broadcast_draft, send_draft
from gateway.api.services import Services
from gateway.bridge.ports import Once
from gateway.bridge.sending import Draft, Rehearsal
from gateway.domain import errors
from gateway.domain.errors import GatewayError, Rejected
from gateway.domain.model import MessageStatus, OutgoingMessage
from gateway.domain.rendering import participant_object, receipt_json

MAX_WAIT_S: Final = 30
_PREFERENCE: Final = re.compile(r"(?i)^\s*wait\s*=\s*\"?(\d{1,9})\"?\s*$")
_SECONDS: Final = re.compile(r"[0-9]{1,3}")
_QUERY: Final = frozenset({"wait", "dry_run"})
_UNSIGNED: Final = frozenset[str]()
_NOWHERE: Final[Mapping[str, str]] = {}
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
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
FAILURES: Final = (
    errors.MalformedJson,
    errors.Unauthenticated,
    errors.OriginNotAllowed,
    errors.RoomDenied,
    errors.RecipientNotFound,
    errors.RecipientAmbiguous,
    errors.MessagingDisabled,
    errors.BodyTooSlow,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.Invalid,
    errors.ReservedType,
    errors.RecipientIsSelf,
    errors.RoomRejected,
    errors.RoomUnavailable,
    errors.QueueFull,
    errors.StoreUnavailable,
    errors.ShuttingDown,
)
RESPONSES: Final = problems.responses(*FAILURES)


class _DraftOf(Protocol):
    def __call__(
        self,
        body: Body,
        limits: Limits,
        *,
        key_id: str | None,
        traceparent: str | None,
    ) -> Draft: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """How a caller wants to be answered.

    Attributes:
        wait_s: How long to hold the answer for the room; `None` as makes sense.
        is_rehearsal: Whether only to say what would become of the message.
        applied: The header that says which preference was kept to.
    """

    wait_s: int | None
    is_rehearsal: bool
    applied: Mapping[str, str]


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

    async def draft(
        self, request: Request, draft_of: _DraftOf, signed: frozenset[str] = _UNSIGNED
    ) -> tuple[Draft, Asked]:
        """Read a message from a request, and how its caller wants to be answered.

        Args:
            request: The request.
            draft_of: Makes the message of a body.
            signed: What may be in the query besides, because it was signed.
        """
        scope = request.scope
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        asked = _asked(request, headers, signed)
        body = await bodies.read(request.receive, headers, self._limits)
        state = scope["state"]
        draft = draft_of(
            body,
            self._limits,
            key_id=state["key_id"],
            traceparent=state["traceparent"],
        )
        return draft, asked

    async def _take(self, request: Request, draft_of: _DraftOf) -> Response:
        draft, asked = await self.draft(request, draft_of)
        return await self.accept(request, draft, asked)

    async def accept(
        self, request: Request, draft: Draft, asked: Asked, once: Once | None = None
    ) -> Response:
        """Take a message, or rehearse it, and answer.

        Raises:
            AlreadyDone: `once` was used up before.
        """
        if asked.is_rehearsal:
            return _rehearsed(self._sending.rehearse(draft), request, asked.applied)
        message = await self._sending.accept(draft, wait_s=asked.wait_s, once=once)
        return self._receipt(message, asked.applied)

    def _receipt(
        self, message: OutgoingMessage, applied: Mapping[str, str]
    ) -> Response:
        if message.status is MessageStatus.FAILED:
            raise refusal(message)
        waits = message.status in {MessageStatus.QUEUED, MessageStatus.SENDING}
        open_ended = waits or message.status is MessageStatus.UNKNOWN
        retry_at = None
        if waits and message.waiting_for is not None:
            retry_at = self._reading.room(message.room).status.next_retry_at
        text = receipt_json(message, next_retry_at=retry_at)
        headers = {"Location": self._location + message.id, **applied}
        return reply_text(text, 202 if open_ended else 200, headers)


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
        openapi_extra=described("Send", examples.SEND_BODIES),
    )
    routes.add_api_route(
        "/broadcast",
        door.broadcast,
        methods=["POST"],
        operation_id="broadcast",
        summary="Say something to everybody in a room",
        description=examples.BROADCAST_DESCRIPTION,
        responses={**examples.receipts("broadcast"), **RESPONSES},
        openapi_extra=described("Broadcast", examples.BROADCAST_BODIES),
    )
    return routes


def _refusal_class(code: str) -> type[Rejected]:
    return _REFUSALS.get(code, errors.RoomRejected)


def _asked(
    request: Request, headers: Mapping[bytes, bytes], signed: frozenset[str]
) -> Asked:
    wait_s: int | None = None
    preferred = False
    if b"prefer" in headers:
        # A header given twice is one list (RFC 9110 §5.2).
        given = [value for name, value in request.scope["headers"] if name == b"prefer"]
        wait_s = preference(b",".join(given).decode("latin-1"))
        preferred = wait_s is not None
    rehearsal: bool | None = False
    if request.scope["query_string"]:
        query = request.query_params
        refuse_unknown(query, _QUERY | signed)
        if "wait" in query:
            wait_s, preferred = _seconds(query["wait"]), False
        rehearsal = _BOOLEANS.get(query.get("dry_run", "false").lower())
    if rehearsal is None:
        detail = "It should be true or false."
        raise problems.invalid(detail, at="?dry_run")
    applied = {"Preference-Applied": f"wait={wait_s}"} if preferred else {}
    return Asked(wait_s, rehearsal, applied)


def preference(prefer: str) -> int | None:
    """Return the `wait` of a Prefer header (RFC 7240 §4.3), at most 30 s, or `None`."""
    for each in prefer.split(","):
        found = _PREFERENCE.match(each.partition(";")[0])
        if found is not None:
            return min(int(found[1]), MAX_WAIT_S)
    return None


def _seconds(text: str) -> int:
    if _SECONDS.fullmatch(text) and int(text) <= MAX_WAIT_S:
        return int(text)
    detail = f"It should be a whole number from 0 to {MAX_WAIT_S}."
    raise problems.invalid(detail, at="?wait")


def _rehearsed(
    rehearsal: Rehearsal, request: Request, applied: Mapping[str, str]
) -> Response:
    error = rehearsal.error
    recipients = rehearsal.recipients
    if not request.scope["state"]["is_known"]:
        # A link lets its bearer answer, not look at people.
        recipients = tuple(replace(each, attributes={}) for each in recipients)
    shown: dict[str, object] = {
        "dry_run": True,
        "room": rehearsal.room,
        "would": rehearsal.would,
        "recipients": [participant_object(each) for each in recipients],
        "present": rehearsal.present,
        "error": None if error is None else problems.document(error, request.scope),
    }
    answer = reply(shown)
    answer.headers.update(applied)
    return answer


def described(
    schema: str, shown: Mapping[str, Any], in_path: Mapping[str, str] = _NOWHERE
) -> dict[str, Any]:
    """Return what FastAPI cannot see: the path, the query, `Prefer` and the body.

    Args:
        schema: Name of the body's schema.
        shown: Examples by Content-Type.
        in_path: Names in the path, and what each is.
    """
    suffixes = {bodies.FORM: "Form", bodies.MULTIPART: "Multipart"}
    base = f"#/components/schemas/{schema}"
    return {
        "requestBody": {
            "required": True,
            "content": {
                kind: {
                    "schema": {"$ref": base + suffixes.get(kind, "")},
                    "examples": shown[kind],
                }
                for kind in shown
            },
        },
        "parameters": [
            *(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "description": what,
                    "schema": {"type": "string"},
                }
                for name, what in in_path.items()
            ),
            {
                "name": "wait",
                "in": "query",
                "description": "Seconds to hold the answer for the room's"
                " acknowledgement; 5 if left out, and 0 while the room is away.",
                "schema": {"type": "integer", "minimum": 0, "maximum": MAX_WAIT_S},
            },
            {
                "name": "dry_run",
                "in": "query",
                "description": "Only say who would get it, or why not.",
                "schema": {"type": "boolean", "default": False},
            },
            {
                "name": "Prefer",
                "in": "header",
                "description": "`wait=N` is the same as `?wait=N` (RFC 7240).",
                "schema": {"type": "string"},
                "example": "wait=10",
            },
        ],
    }
