"""`POST /send/batch`: many messages that are accepted together."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import bodies, examples, problems
from gateway.api.asked import Asked, asked_of
from gateway.api.batch_bodies import batch_drafts, within
from gateway.api.described import message_of
from gateway.api.lanes import RawRoute
from gateway.api.repeats import key_of, once_of, once_only
from gateway.api.replies import json_text, reply_text
from gateway.api.sending import FAILURES, may_change, receipt, rehearsed
from gateway.api.services import Services
from gateway.bridge.ports import Once
from gateway.bridge.sending import Draft
from gateway.domain import errors
from gateway.domain.errors import GatewayError
from gateway.domain.json_text import loads
from gateway.domain.model import OutgoingMessage

_RESPONSES: Final = problems.responses(*FAILURES, errors.NotFound)


class _BatchDoor:
    """Takes many messages at once, and answers with how far each came."""

    def __init__(self, services: Services) -> None:
        self._sending = services.sending
        self._reading = services.reading
        self._limits = services.limits

    async def send(self, request: Request) -> Response:
        """Say everything in a batch, or nothing of it."""
        headers: Mapping[bytes, bytes] = dict(request.scope["headers"])
        asked = asked_of(request, headers)
        limits = self._limits
        raw = await bodies.read_json(request, limits.body, seconds=limits.seconds)
        digest = None if key_of(request) is None else sha256(raw).digest()
        once = once_of(request, digest)

        async def say() -> Response:
            drafts = self._drafts(request, raw)
            if asked.is_rehearsal:
                return self._rehearsed(request, drafts, asked)
            return await self._accept(drafts, asked, once)

        if once is None or asked.is_rehearsal:
            return await say()
        return await once_only(lambda: self._again(asked, once), say)

    def _drafts(self, request: Request, raw: bytes) -> Sequence[Draft]:
        state = request.scope["state"]
        return batch_drafts(
            bodies.an_object(loads(raw)),
            self._limits,
            key_id=state["key_id"],
            traceparent=state["traceparent"],
        )

    async def _accept(
        self, drafts: Sequence[Draft], asked: Asked, once: Once | None
    ) -> Response:
        wait_s = asked.wait_s or 0
        messages = await self._sending.accept_all(drafts, wait_s=wait_s, once=once)
        return self._receipts(messages, asked)

    async def _again(self, asked: Asked, once: Once) -> Response | None:
        messages = await self._sending.repeated(once, wait_s=asked.wait_s or 0)
        return None if messages is None else self._receipts(messages, asked)

    def _receipts(self, messages: Sequence[OutgoingMessage], asked: Asked) -> Response:
        is_over = asked.wait_s is not None and not any(map(may_change, messages))
        told = (receipt(message, self._reading) for message in messages)
        return _results(told, 200 if is_over else 202, asked)

    def _rehearsed(
        self, request: Request, drafts: Sequence[Draft], asked: Asked
    ) -> Response:
        told: list[str] = []
        for index, draft in enumerate(drafts):
            try:
                rehearsal = self._sending.rehearse(draft)
            except GatewayError as error:
                raise within(error, index) from error
            told.append(json_text(rehearsed(rehearsal, request)))
        return _results(told, 200, asked)


def _results(told: Iterable[str], status: int, asked: Asked) -> Response:
    """Return JSON objects as the results of a batch, each with its place in it."""
    placed = (f'{{"index":{index},{each[1:]}' for index, each in enumerate(told))
    return reply_text(f'{{"results":[{",".join(placed)}]}}', status, asked.applied)


def router(services: Services) -> APIRouter:
    """Return the route for saying many things at once."""
    routes = APIRouter(route_class=RawRoute, tags=["Sending"])
    routes.add_api_route(
        "/send/batch",
        _BatchDoor(services).send,
        methods=["POST"],
        operation_id="send_batch",
        summary="Say many things at once",
        description=examples.BATCH_DESCRIPTION,
        responses={**examples.batch_receipts(), **_RESPONSES},
        openapi_extra=message_of("Batch", examples.BATCH_BODIES, usual_wait="0"),
    )
    return routes
