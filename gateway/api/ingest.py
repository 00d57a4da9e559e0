"""`/in/{token}`: where third parties send their webhooks to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from gateway.api import problems
from gateway.api.intake import (
    SPENT_SECONDS,
    Early,
    Incoming,
    in_time,
    read_bytes,
)
from gateway.api.lanes import RawRoute
from gateway.api.replies import json_text
from gateway.api.shares import Held, Shares
from gateway.api.source_examples import IN_POSTED, IN_QUERIED
from gateway.api.source_shapes import TakenShape
from gateway.domain import errors
from gateway.domain.arrivals import Arrival
from gateway.domain.errors import (
    BodyTooSlow,
    GatewayError,
    MethodNotAllowed,
    PayloadTooLarge,
    QueueFull,
)
from gateway.domain.handshakes import JSON, TEXT
from gateway.domain.ids import Kind
from gateway.domain.model import Preset, Profile, Source
from gateway.domain.presets import slack_words
from gateway.inbound.intake import Intake, Outcome, Taking, token_hash

BODY_SECONDS: Final = 60.0  # In which a body has to come.
# Of all the bodies that are coming in at a time, so that a crowd of them does not fill
# the memory: half of it is two of the largest, and the most that one source may have.
# Reading and storing them takes three times as much.
HELD_BYTES: Final = 100 * 1024**2
DESCRIPTION: Final = """\
The address of a source, as `POST /sources` answered it. A request is verified on the
bytes of its body, stored, and answered; it is said in the room after that, and if the
room is away once it is back. One that was taken in before, by the id that its sender
gave it, is answered 200 and not said again. A 5xx means that nothing was stored: send
it again.

Whoever has an API key may write the id of the source in place of its token; requests
are verified all the same. A source may have an answer of its own, and one that is
compatible with Slack answers in Slack's words.
"""
_BY_ID: Final = f"{Kind.SOURCE}_"
_PATH: Final = "/in/{token}"
_ANY_SIZE: Final = 2**64  # Each source has its own limit.
_OTHERS: Final = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_BODILESS: Final = frozenset({204, 205})  # RFC 9110 §15.3
_NO_MORE: Final[Mapping[str, str]] = {}
# What is refused before there is anything to be verified.
_UNREAD: Final = (BodyTooSlow, PayloadTooLarge)
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": TakenShape, "description": "Stored, and to be said."},
    200: {"model": TakenShape, "description": "Taken in before, or a handshake."},
    **problems.responses(
        errors.MalformedJson,
        errors.NotVerified,
        errors.Unauthenticated,
        errors.SourceDisabled,
        errors.NotFound,
        errors.MethodNotAllowed,
        errors.BodyTooSlow,
        errors.Gone,
        errors.PayloadTooLarge,
        errors.UnsupportedMediaType,
        errors.Invalid,
        errors.LoopDetected,
        errors.QueueFull,
        errors.StoreUnavailable,
        errors.ShuttingDown,
    ),
}


@dataclass(slots=True)
class Ingest:
    """Takes the requests that third parties make to sources.

    Attributes:
        intake: Verifies and stores them.
        seconds: In which the body of one has to come.
        most_held: The most bytes that are held of bodies that have yet to be stored.
    """

    intake: Intake
    seconds: float = BODY_SECONDS
    most_held: int = HELD_BYTES
    _shares: Shares = field(init=False)

    def __post_init__(self) -> None:
        """Divide what may be held among the sources."""
        self._shares = Shares(self.most_held, self.seconds)

    async def take(self, request: Request) -> Response:
        """Take or refuse one, and answer it in the words that its sender knows."""
        name: str = request.path_params["token"]
        sources = self.intake.sources
        token = _token_of(request)
        source = sources.by_token(token_hash(token)) if token else sources.get(name)
        coming = Incoming(request.scope, request.receive)
        seconds = self.seconds
        try:
            known = self.intake.identified(name if source is None else source.id)
            return _answer(known, await self._taken(request, known, coming))
        except GatewayError as error:
            answer = _refusal(error, source, request.scope)
            if isinstance(error, BodyTooSlow):
                seconds = SPENT_SECONDS
        # Beyond that clause nothing is held any more of what came.
        return answer if coming.is_over else Early(answer, coming, seconds=seconds)

    async def _taken(
        self, request: Request, source: Source, coming: Incoming
    ) -> Taking:
        """Have a request taken in, once its body is here.

        All that has come of it counts as held until it is stored or refused.
        """
        now_s = self.intake.clock.monotonic
        due = source.max_bytes if coming.announced is None else coming.announced
        held = self._shares.begin(source.id, due, now_s())

        async def receive() -> Message:
            message = await coming()
            self._shares.take(held, len(message.get("body", b"")), now_s())
            return message

        arrival = _arrival(request.scope, _token_of(request))
        trace: str | None = request.scope["state"]["traceparent"]
        try:
            self._check(source, request.scope, coming.announced or 0)
            body = await self._body(source, receive, held)
            # It may have been changed or deleted, or its token, while that came.
            present = self._present(source, arrival.token)
            whole = replace(arrival, body=body)
            return await self.intake.take(present, whole, traceparent=trace)
        except _UNREAD as error:
            self.intake.refuse(source, arrival, error)
            raise
        except QueueFull as error:
            facts = {"source_id": source.id, "code": error.code, "bytes": held.size}
            self.intake.meter.info("source.refused", **facts)
            raise
        finally:
            self._shares.end(held)

    def _present(self, source: Source, token: str) -> Source:
        """Return a source as it is by now, if it is still at the same address."""
        intake = self.intake
        return intake.addressed(token) if token else intake.identified(source.id)

    def _check(self, source: Source, scope: Scope, announced: int) -> None:
        """Refuse what is known from its head alone, before a byte of it is held."""
        if scope["state"]["is_head"]:
            allow = ", ".join(source.methods)
            detail = f"This source takes {allow}."
            raise MethodNotAllowed(detail, facts={"allow": allow})
        if announced > source.max_bytes:
            raise problems.too_large(source.max_bytes, what="The body")
        now_s = self.intake.clock.monotonic()
        self._shares.make_room(source.id, announced, now_s)

    async def _body(self, source: Source, receive: Receive, held: Held) -> bytes:
        """Read a body; it is counted as it comes, whatever it announced."""

        def on_wait(give_up: Callable[[], None]) -> None:
            held.give_up = give_up

        reading = read_bytes(receive, source.max_bytes)
        try:
            return await in_time(reading, self.seconds, on_wait=on_wait)
        except TimeoutError as error:
            if held.is_given_up:
                message = "It came slowly, and there was no room for what came besides."
                raise QueueFull(message) from error
            message = f"The body did not come within {self.seconds:g} s."
            raise BodyTooSlow(message) from error
        finally:
            held.give_up = None


def router(ingest: Ingest) -> APIRouter:
    """Return the routes of the addresses of sources."""
    routes = APIRouter(route_class=RawRoute, tags=["Sources"])
    for method, operation, summary in (
        ("POST", "take_in", "Send a webhook to a source"),
        ("GET", "take_in_query", "Send a query to a source that takes GET"),
    ):
        routes.add_api_route(
            _PATH,
            ingest.take,
            methods=[method],
            operation_id=operation,
            summary=summary,
            description=DESCRIPTION,
            status_code=202,
            responses=_RESPONSES,
            openapi_extra=IN_POSTED if method == "POST" else IN_QUERIED,
            max_body_size=_ANY_SIZE,
        )
    routes.add_api_route(
        _PATH,
        ingest.take,
        methods=[*_OTHERS],
        include_in_schema=False,
        max_body_size=_ANY_SIZE,
    )
    return routes


def _token_of(request: Request) -> str:
    """Return the token of an address; nothing if a source's id is in its place.

    The gate lets nobody through to an id who has no key.
    """
    name: str = request.path_params["token"]
    return "" if name.startswith(_BY_ID) else name


def _arrival(scope: Scope, token: str) -> Arrival:
    """Return a request as it arrived, its body still to come."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    query = scope["query_string"].decode("latin-1")
    return Arrival(scope["method"], query, headers, b"", token)


def _answer(source: Source, taking: Taking) -> Response:
    """Return what a request is answered that was taken in, now or before."""
    if taking.answer is not None:
        greeting = taking.answer
        more = {name.title(): value for name, value in greeting.headers.items()}
        return _said(greeting.status, greeting.body, greeting.content_type, more)
    own = source.response
    if own is not None:
        return _said(own.status, own.body, own.content_type)
    if _is_slack_compatible(source):
        return _said(200, slack_words.ACCEPTED, TEXT)
    shown = {"status": taking.outcome, "id": taking.inbound_id}
    status = 200 if taking.outcome is Outcome.DUPLICATE else 202
    return _said(status, json_text(shown), JSON)


def _refusal(error: GatewayError, source: Source | None, scope: Scope) -> Response:
    """Return what a request is answered that was not taken in."""
    answer = problems.response(error, scope)
    if source is None or not _is_slack_compatible(source):
        return answer
    if isinstance(error, MethodNotAllowed):  # Slack has no word for it.
        return answer
    status, word = slack_words.word_of(error)
    kept = {"Retry-After", "WWW-Authenticate"}
    more = {name: answer.headers[name] for name in kept if name in answer.headers}
    return _said(status, word, TEXT, more)


def _said(
    status: int, text: str, content_type: str, more: Mapping[str, str] = _NO_MORE
) -> Response:
    body = None if status in _BODILESS else text.encode("utf-8", "backslashreplace")
    return Response(body, status, dict(more), content_type)


def _is_slack_compatible(source: Source) -> bool:
    """Say whether whatever posts to an incoming webhook of Slack may post there."""
    return source.preset is Preset.SLACK and source.verify.profile is Profile.NONE
