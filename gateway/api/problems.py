"""Every refusal and failure as a problem document of RFC 9457, from one table."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.domain import errors
from gateway.domain.errors import FieldError, GatewayError, Unavailable

MEDIA_TYPE: Final = "application/problem+json"
SCHEMA_NAME: Final = "Problem"
CHALLENGE: Final = 'Bearer realm="gateway", Basic realm="gateway", charset="UTF-8"'
# What nginx logs when the caller hung up; it is never seen by anybody else.
CLIENT_CLOSED_REQUEST: Final = 499
MAX_ERRORS: Final = 100  # that one refusal tells of
MAX_CHARACTERS: Final = 4_000  # of one text in it, which may quote what was sent


@dataclass(frozen=True, slots=True)
class Row:
    """How one class of error is answered."""

    status: int
    title: str


TABLE: Final[Mapping[type[GatewayError], Row]] = {
    GatewayError: Row(500, "Internal error"),
    errors.MalformedJson: Row(400, "Not JSON"),
    errors.Invalid: Row(422, "Invalid request"),
    errors.ReservedType: Row(422, "Reserved message type"),
    errors.RecipientIsSelf: Row(422, "Recipient is the gateway itself"),
    errors.KeyReused: Row(422, "Idempotency-Key reused"),
    errors.UrlBlocked: Row(422, "URL not allowed"),
    errors.Unauthenticated: Row(401, "Key needed"),
    errors.NotVerified: Row(401, "Not verified"),
    errors.OriginNotAllowed: Row(403, "Origin not allowed"),
    errors.HostNotAllowed: Row(421, "Host not allowed"),
    errors.ProxiedWithoutKey: Row(403, "Proxied without a key"),
    errors.LoopDetected: Row(422, "Loop detected"),
    errors.LinkInvalid: Row(403, "Link not valid"),
    errors.LinkUsed: Row(409, "Link used already"),
    errors.NotFound: Row(404, "Not found"),
    errors.RecipientNotFound: Row(404, "Recipient not found"),
    errors.RecipientAmbiguous: Row(409, "Recipient ambiguous"),
    errors.MessagingDisabled: Row(409, "Messaging disabled"),
    errors.WrongState: Row(409, "Not in this state"),
    errors.ReadOnly: Row(409, "Read-only"),
    errors.NotAcceptable: Row(406, "Not acceptable"),
    errors.BodyTooSlow: Row(408, "Body too slow"),
    errors.PayloadTooLarge: Row(413, "Too large"),
    errors.RangeNotSatisfiable: Row(416, "Range not satisfiable"),
    errors.CursorExpired: Row(410, "Cursor expired"),
    errors.MessageGone: Row(410, "Message gone"),
    errors.Gone: Row(410, "Gone"),
    errors.SourceDisabled: Row(403, "Source disabled"),
    errors.MethodNotAllowed: Row(405, "Method not allowed"),
    errors.UnsupportedMediaType: Row(415, "Unsupported media type"),
    errors.RoomDenied: Row(403, "Denied by the room"),
    errors.RoomRejected: Row(422, "Rejected by the room"),
    errors.RoomUnavailable: Row(503, "Room unavailable"),
    errors.QueueFull: Row(503, "Queue full"),
    errors.StoreUnavailable: Row(503, "Store unavailable"),
    errors.QuotaExceeded: Row(429, "Quota exceeded"),
    errors.ShuttingDown: Row(503, "Shutting down"),
}

# What the framework refuses by status alone; a 405 is the one thing only it can say.
FRAMEWORKS_OWN: Final[Mapping[int, GatewayError]] = {
    400: errors.MalformedJson("The body cannot be read as JSON in UTF-8."),
    404: errors.NotFound("There is nothing at this address."),
    415: errors.UnsupportedMediaType("The body is of a type that is not read here."),
}
_TOKEN: Final = re.compile(r"((?:^|/)in)/.+", re.IGNORECASE | re.DOTALL)
METHOD_NOT_ALLOWED: Final = "This address does not take that method; see Allow."
NO_PARAMETER: Final = "There is no such parameter."

BUG: Final = GatewayError(
    "The gateway failed; its log tells why under this request_id. Nothing was accepted."
)


def row(error: type[GatewayError]) -> Row:
    """Return the row of a class, or of the nearest class above it that has one."""
    return next(TABLE[cls] for cls in error.__mro__ if cls in TABLE)


def meaning(error: type[GatewayError]) -> str:
    """Return what a class of error means, in a sentence."""
    return (error.__doc__ or "").strip().splitlines()[0]


def slug(code: str) -> str:
    """Return the last part of a problem's `type`."""
    return code.replace("_", "-")


def document(error: GatewayError, scope: Scope) -> dict[str, object]:
    """Return the members of the problem document for an error."""
    entry = row(type(error))
    members = _members(scope, error.code, entry.title, entry.status, error.detail)
    # Ours come first, and no fact replaces them.
    return {**members, **_errors(error.errors), **error.facts, **members}


def response(error: GatewayError, scope: Scope) -> Response:
    """Return the answer for an error, with the headers that belong to it."""
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, errors.NotVerified) and error.challenge is not None:
        headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = str(error.facts.get("allow", ""))  # RFC 9110 §15.5.6
    return _answer(row(type(error)).status, document(error, scope), headers)


def of_framework(error: HTTPException, request: Request) -> Response:
    """Return the answer for what the framework refuses."""
    scope, status = request.scope, error.status_code
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return response(too_large(_body_limit(scope), what="The body"), scope)
    if status in FRAMEWORKS_OWN:
        return response(FRAMEWORKS_OWN[status], scope)
    title = HTTPStatus(status).phrase.capitalize()
    detail, headers = error.detail, dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = METHOD_NOT_ALLOWED
        headers["Allow"] = _allowed(request, headers.get("Allow", ""))
    code = title.lower().replace(" ", "_")
    members = _members(scope, code, title, status, detail)
    return _answer(status, members, headers)


def responses(*classes: type[GatewayError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that may fail in these ways."""
    found: dict[int | str, dict[str, Any]] = {}
    for cls in sorted(classes, key=lambda each: (row(each).status, each.code)):
        entry = row(cls)
        status = HTTPStatus(entry.status)
        described = found.setdefault(
            entry.status,
            {
                "description": status.phrase,
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": f"#/components/schemas/{SCHEMA_NAME}"},
                        "examples": {},
                    }
                },
            },
        )
        described["content"][MEDIA_TYPE]["examples"][cls.code] = {
            "$ref": f"#/components/examples/{cls.code}"
        }
    return found


def validation(found: Sequence[Mapping[str, Any]]) -> GatewayError:
    """Return what pydantic found as `Invalid`, or `MalformedJson` if it was no JSON.

    It has the first `MAX_ERRORS` places.

    Args:
        found: pydantic's `errors()`; each `loc` begins with `body`, `query`, `path`,
            `header` or `cookie`.
    """
    if any(each["type"] == "json_invalid" for each in found):
        return errors.MalformedJson("The body is not JSON.")
    told = found[:MAX_ERRORS]
    fields = [FieldError(pointer(each["loc"]), _sentence(each)) for each in told]
    first = fields[0] if fields else FieldError("", "It breaks a rule.")
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    where = f"{first.pointer}: " if first.pointer else ""
    return errors.Invalid(f"{where}{first.detail}{more}", errors=fields)


def invalid(detail: str, *, at: str) -> errors.Invalid:
    """Return the refusal of one place in a request.

    Args:
        detail: A sentence about it.
        at: JSON Pointer to it, `?name` of a query parameter, or a header's name.
    """
    where = f"{at}: " if at else ""
    return errors.Invalid(where + detail, errors=[FieldError(at, detail)])


def too_large(limit: int, *, what: str) -> errors.PayloadTooLarge:
    """Return the refusal of something that is over a limit in bytes."""
    detail = f"{what} is larger than {limit} bytes."
    return errors.PayloadTooLarge(detail, facts={"limit": limit})


def pointer(location: Sequence[str | int]) -> str:
    """Return a JSON Pointer (RFC 6901), or `?name` for a query parameter."""
    source, *path = location or ("body",)
    if source == "query":
        return f"?{path[0]}" if path else ""
    if source == "body":
        return "".join("/" + _escaped(part) for part in path)
    return ".".join(str(part) for part in path)


def install(app: FastAPI) -> None:
    """Have an app answer all its failures, the framework's included, as problems."""
    app.add_exception_handler(GatewayError, _on_gateway_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_bug)


def examples() -> dict[str, Any]:
    """Return an example of each problem, by code, for the description's components."""
    return {
        cls.code: {"summary": entry.title, "value": _example(cls, entry)}
        for cls, entry in TABLE.items()
    }


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a problem document."""
    return {
        "title": SCHEMA_NAME,
        "description": "A refusal or a failure (RFC 9457); `code` is what to rely on.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "retryable"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string", "description": "The same for each `code`."},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What to do, for a person."},
            "instance": {"type": "string", "description": "The path asked for."},
            "code": {"type": "string", "description": "Stable; for programs."},
            "request_id": {"type": "string", "description": "As in our log."},
            "retryable": {
                "type": "boolean",
                "description": "Nothing was accepted; the same request may work later.",
            },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": {
                            "type": "string",
                            "description": "JSON Pointer, `?name` of the query, or the"
                            " name of a header.",
                        },
                        "detail": {"type": "string"},
                    },
                },
            },
        },
        "additionalProperties": True,
    }


def _members(
    scope: Scope, code: str, title: str, status: int, detail: str
) -> dict[str, object]:
    state = scope.get("state", {})
    base = state.get("problem_base", "/problems/")
    return {
        "type": f"{base}{slug(code)}",
        "title": title,
        "status": status,
        "detail": _cut(detail),
        "instance": _instance(scope),
        "code": code,
        "request_id": state.get("request_id"),
        "retryable": status == HTTPStatus.TOO_MANY_REQUESTS
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
    }


def _instance(scope: Scope) -> str:
    """Return the path, without what is a secret in it.

    A token may be in one that is nearly the address of a source: after a slash too
    many, in capitals, or below what a proxy should have taken away.
    """
    path: str = scope.get("path", "")
    return _TOKEN.sub(r"\1/{token}", path)


def _errors(fields: Sequence[FieldError]) -> dict[str, object]:
    if not fields:
        return {}
    told = [{"pointer": _cut(f.pointer), "detail": _cut(f.detail)} for f in fields]
    return {"errors": told}


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _allowed(request: Request, of_one_route: str) -> str:
    """Return all methods of a path; the router knows those of one route only."""
    methods = getattr(request.app.state, "methods", None)
    found: set[str] = methods(request.scope["path"]) if methods else set()
    return ", ".join(sorted(found)) or of_one_route


def _body_limit(scope: Scope) -> int:
    limit: int = scope.get("state", {}).get("body_limit", 0)
    return limit


def _answer(
    status: int, members: Mapping[str, object], headers: Mapping[str, str]
) -> Response:
    # A lone surrogate from the request's own path or text must not break the answer.
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    raw = body.encode("utf-8", "backslashreplace")
    return Response(raw, status, headers, MEDIA_TYPE)


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _sentence(found: Mapping[str, Any]) -> str:
    match found["type"], found["loc"][:1]:
        case "extra_forbidden", ("query",):
            return NO_PARAMETER
        case "extra_forbidden", _:
            return "There is no such field."
        case "string_too_short", _ if found["ctx"]["min_length"] == 1:
            return "It should not be empty."
    text = str(found["msg"]).removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."


def _example(cls: type[GatewayError], entry: Row) -> dict[str, object]:
    scope: Scope = {"state": {"request_id": "req_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"}}
    members = _members(scope, cls.code, entry.title, entry.status, meaning(cls))
    del members["instance"]
    if cls is errors.Invalid:
        members["errors"] = [{"pointer": "/to", "detail": "Field required."}]
    return members


async def _on_gateway_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, GatewayError):
        raise error
    return response(error, request.scope)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return of_framework(error, request)


async def _on_validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return response(validation(error.errors()), request.scope)


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _on_bug(request: Request, _error: Exception) -> Response:
    return response(BUG, request.scope)
