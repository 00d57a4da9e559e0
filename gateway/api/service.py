"""The ASGI application, assembled from its resources."""

from collections.abc import Iterable
from functools import cache, partial
from itertools import filterfalse
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from gateway.api import (
    attachments,
    batches,
    docs,
    health,
    messages,
    participants,
    problems,
    replying,
    rooms,
    sending,
)
from gateway.api.description import DESCRIPTION, SUMMARY, TITLE, describe, methods
from gateway.api.gate import Gate
from gateway.api.lanes import RawRoute
from gateway.api.services import Services


def create_app(services: Services) -> Gate:
    """Return the application that serves everything over HTTP."""
    app = create_framework(services)
    return Gate(app, services, lanes_of(app.routes))


def create_framework(services: Services) -> FastAPI:
    """Return what is behind the gate: routes that trust their caller."""
    app = FastAPI(
        title=TITLE,
        summary=SUMMARY,
        description=DESCRIPTION,
        version=services.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect would be built from the Host header.
        redirect_slashes=False,
        max_body_size=services.limits.body,
    )
    problems.install(app)
    routers = (
        sending.router(services),
        batches.router(services),
        participants.router(services),
        messages.router(services),
        attachments.router(services),
        replying.router(services),
        rooms.router(services),
        *services.routers,
        health.router(services),
    )
    for door in filter(_is_raw, routers):  # First, as what is called most.
        app.router.routes.extend(door.routes)
    for others in filterfalse(_is_raw, routers):
        app.include_router(others)
    description = cache(partial(describe, app))
    app.state.methods = lambda path: methods(description(), path)
    if services.docs != "off":
        # A proxy serves us under this path: whoever tries a call here needs it too.
        servers = [{"url": urlsplit(services.public_url).path or "/"}]
        app.include_router(docs.router(lambda: {**description(), "servers": servers}))
    return app


def _is_raw(router: APIRouter) -> bool:
    return all(isinstance(route, RawRoute) for route in router.routes)


def lanes_of(routes: Iterable[BaseRoute]) -> dict[tuple[str, str], ASGIApp]:
    """Return the routes that the gate may call itself, by method and path.

    One whose path has a parameter in it is left to the router.
    """
    return {
        (method, route.path): route.app
        for route in routes
        if isinstance(route, RawRoute) and not route.param_convertors
        for method in route.methods or ()
    }
