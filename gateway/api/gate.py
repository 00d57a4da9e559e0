"""The gate that every request passes: who calls, under which id, and how it ended."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway import context
from gateway.api import problems, repeats
from gateway.api.auth import Headers, Hosts, Keyring, Origins
from gateway.api.intake import Early, Incoming
from gateway.api.services import Services
from gateway.domain.errors import (
    GatewayError,
    LoopDetected,
    ShuttingDown,
    Unauthenticated,
)
from gateway.domain.ids import Kind

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")
# W3C Trace Context §3.2: version 00, and ids that are not all zero.
_TRACEPARENT: Final = re.compile(
    rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_LINKED: Final = re.compile(r"/messages/[^/]+/attachment")
_REPLIED: Final = re.compile(r"/messages/[^/]+/reply")
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OPEN: Final = frozenset({"/", "/healthz", "/readyz"})
_DOCS: Final = frozenset({"/docs", "/openapi.json"})
# Asked every few seconds for ever: a line for each would bury all others.
_PROBES: Final = frozenset({"/healthz", "/readyz"})
_OK: Final = 200
_INGEST: Final = "/in/"
# A source's own id in place of its token, which is no secret: its caller has a key.
_INGEST_BY_ID: Final = f"{_INGEST}{Kind.SOURCE}_"
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range,"
        " Last-Event-ID, Prefer, Range, X-API-Key, X-Request-Id, traceparent"
    ),
    "Access-Control-Max-Age": "600",
}
# What an answer says unless it says otherwise: it is its caller's alone, also where a
# proxy caches what came with X-API-Key or a query, and nothing but what its type says.
_COMMON: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_EXPOSED: Final = (
    b"Accept-Ranges, Content-Range, ETag, Idempotent-Replayed, Location,"
    b" Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
)


Header = tuple[bytes, bytes]


class Gate:
    """An ASGI application before all others.

    It leaves in the scope's state: `request_id`, `traceparent`, `key_id`,
    `is_known` (whether the caller may see details), `is_head` (whether it wants no more
    than the headers), `prefix` (the path under which a proxy serves us) and, if there
    is one, `idempotency_key`; and it logs one line per request. No answer is kept by
    caches, or taken for what it does not say that it is, unless it allows that itself.

    Args:
        app: What is behind the gate.
        services: How the gateway is configured.
        lanes: Applications for paths that go past the framework, by method and path.
    """

    def __init__(
        self,
        app: ASGIApp,
        services: Services,
        lanes: Mapping[tuple[str, str], ASGIApp],
    ) -> None:
        self._app = app
        self._lanes = lanes
        self._services = services
        self._keyring = Keyring(services.keys)
        self._origins = Origins(services.public_url, services.origins)
        self._hosts = Hosts(services.hosts)
        self._instance = services.instance.encode()
        self._problem_base = f"{services.public_url}/problems/"
        self.prefix = urlsplit(services.public_url).path
        self._open_docs = services.docs == "public"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        clock = self._services.clock
        began_s = clock.monotonic()
        headers: Headers = dict(scope["headers"])
        method = scope["method"]
        if method == "HEAD":  # The server sends no body for it, whoever answers.
            scope = {**scope, "method": "GET"}
        state = self._introduce(scope, headers)
        state["is_head"] = method == "HEAD"
        further = [(b"x-request-id", state["request_id"].encode())]
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*_completed(message["headers"]), *further]
            await send(message)

        route = None
        try:
            app, origin = self._admitted(scope, headers)
            if origin is not None:
                further += _cors(origin)
            await app(scope, receive, answer)
            route = scope.get("route")
        finally:
            path = getattr(route, "path", None) or self._lane_path(scope)
            if path not in _PROBES or status != _OK:
                self._services.meter.info(
                    "request.completed",
                    method=method,
                    route=path,
                    status=status,
                    duration_ms=round((clock.monotonic() - began_s) * 1000, 1),
                    request_id=state["request_id"],
                    key_id=state["key_id"],
                )

    def _admitted(self, scope: Scope, headers: Headers) -> tuple[ASGIApp, bytes | None]:
        """Return who answers, and the foreign origin that may read the answer."""
        origin = None
        try:
            if not _is_ingest(scope["path"]):
                origin = self._origins.check(headers)
            if origin is not None and _is_preflight(scope, headers):
                return Response(status_code=204, headers=_PREFLIGHT), origin
            self._identify(scope, headers)
            self._accept(scope, headers)
        except GatewayError as error:
            return _refusal(error, scope), origin
        return self._lanes.get((scope["method"], scope["path"]), self._app), origin

    def _identify(self, scope: Scope, headers: Headers) -> None:
        """Find out who calls; refuse who may not."""
        state = scope["state"]
        if not self._keyring.is_needed:
            if not _is_ingest(scope["path"]):
                self._hosts.check(headers)
            state["is_known"] = True
            return
        state["key_id"] = key_id = self._keyring.key_id(headers)
        state["is_known"] = key_id is not None
        if key_id is not None or self._is_open(scope["path"]):
            return
        query = scope["query_string"].decode("latin-1")
        if query and _LINKED.fullmatch(scope["path"]):
            self._services.verify_link(scope["path"], query)
            return
        is_post = scope.get("method") == "POST"
        if query and is_post and _REPLIED.fullmatch(scope["path"]):
            self._services.verify_reply(scope["path"], query)
            return
        message = (
            "Send a key: Authorization: Bearer KEY, X-API-Key: KEY, or Basic with the"
            " key as user or password."
        )
        raise Unauthenticated(message)

    def _accept(self, scope: Scope, headers: Headers) -> None:
        """Refuse what is not read, before reading it."""
        if scope["type"] != "http":
            return
        # Senders' headers are their own, and sources have limits of their own.
        is_ingest = scope["path"].startswith(_INGEST)
        is_write = scope["method"] in _WRITES
        if is_ingest or is_write:
            self._refuse_writing(headers)
        if is_ingest:
            return
        if is_write and repeats.HEADER in headers:
            scope["state"]["idempotency_key"] = repeats.key_in(scope)
        limit = self._services.limits.body
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > limit:
            raise problems.too_large(limit, what="The body")

    def _refuse_writing(self, headers: Headers) -> None:
        """Refuse what nothing may be written for at present."""
        if self._services.draining.is_set():
            message = "The gateway is stopping."
            raise ShuttingDown(message)
        if headers.get(b"gateway-hop") == self._instance:
            message = "This is a delivery of this gateway's own: a webhook leads to it."
            raise LoopDetected(message)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        self._introduce(scope, headers)
        try:
            self._origins.check(headers)
            self._identify(scope, headers)
        except GatewayError as error:
            refusal = problems.response(error, scope)
            if "websocket.http.response" in scope.get("extensions", {}):
                await refusal(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        await self._app(scope, receive, send)

    def _introduce(self, scope: Scope, headers: Headers) -> dict[str, Any]:
        """Give the request its ids, for its answer and for every line of the log."""
        state: dict[str, Any] = scope.setdefault("state", {})
        given = headers.get(b"x-request-id")
        request_id = (
            given.decode("ascii")
            if given is not None and _REQUEST_ID.fullmatch(given)
            else self._services.ids.new(Kind.REQUEST)
        )
        trace, traceparent = headers.get(b"traceparent"), None
        if trace is not None and _TRACEPARENT.fullmatch(trace):
            traceparent = trace.decode("ascii")
        state.update(
            request_id=request_id,
            traceparent=traceparent,
            key_id=None,
            is_known=False,
            problem_base=self._problem_base,
            body_limit=self._services.limits.body,
            prefix=self.prefix,
        )
        if traceparent is None:
            context.bind(request_id=request_id)
        else:
            context.bind(request_id=request_id, traceparent=traceparent)
        return state

    def _is_open(self, path: str) -> bool:
        if path in _OPEN or _is_ingest(path):
            return True
        is_docs = path in _DOCS or path.startswith(("/docs/", "/problems/"))
        return is_docs and self._open_docs

    def _lane_path(self, scope: Scope) -> str | None:
        path: str = scope["path"]
        return path if (scope["method"], path) in self._lanes else None


def _completed(headers: Iterable[Header]) -> Iterator[Header]:
    """Yield the headers of an answer, and those that it does not have and should."""
    said = set()
    for header in headers:
        said.add(header[0])
        yield header
    yield from (header for header in _COMMON if header[0] not in said)


def _is_ingest(path: str) -> bool:
    """Say whether the path itself shows that its caller may write to a source."""
    return path.startswith(_INGEST) and not path.startswith(_INGEST_BY_ID)


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "OPTIONS"
        and b"access-control-request-method" in headers
    )


def _refusal(error: GatewayError, scope: Scope) -> ASGIApp:
    """Return who refuses, and takes in the body, unused."""
    answer = problems.response(error, scope)

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        coming = Incoming(scope, receive)
        given = answer if coming.is_over else Early(answer, coming)
        await given(scope, receive, send)

    return refuse


def _cors(origin: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    ]
