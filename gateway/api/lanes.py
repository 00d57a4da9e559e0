"""Routes that answer a request as it came, past the framework's parsing of it."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api import problems
from gateway.domain.errors import GatewayError

Endpoint = Callable[[Request], Awaitable[Response]]
_GONE: Final = Response(status_code=problems.CLIENT_CLOSED_REQUEST)


class RawRoute(APIRoute):
    """A route whose endpoint reads the request by itself.

    It is described like any other; but nothing of FastAPI's is between the request
    and its endpoint, and the gate may call `app` without passing the router.
    """

    def __init__(self, path: str, endpoint: Endpoint, **described: Any) -> None:  # noqa: ANN401  # what APIRoute takes
        super().__init__(path, endpoint, **described)
        self.app = lane(endpoint)
        limit = self.max_body_size
        if limit is not None:
            self.app = RequestBodyLimitMiddleware(self.app, max_body_size=limit)


def lane(endpoint: Endpoint) -> ASGIApp:
    """Return an application that answers failures as problems, as the framework does.

    A bug is answered too, and then raised for the server's log.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await endpoint(request)
        except GatewayError as error:
            response = problems.response(error, scope)
        except HTTPException as error:  # The body is larger than any may be.
            response = problems.of_framework(error, request)
        except ClientDisconnect:
            response = _GONE
        except Exception:
            await problems.response(problems.BUG, scope)(scope, receive, send)
            raise
        await response(scope, receive, send)

    return app
