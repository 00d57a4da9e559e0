"""`/sources`: addresses that third parties send their webhooks to."""

import json
from hashlib import sha256
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import problems, source_requests
from gateway.api.auth import caller
from gateway.api.bodies import UNREAD, an_object, read_json, read_object
from gateway.api.described import body_of
from gateway.api.repeats import MARK, PARAMETER, key_of, once_of, once_only
from gateway.api.replies import json_text, made_text, reply
from gateway.api.source_answer_examples import (
    ADDRESSED,
    DETAILED,
    SHOWN,
    SIMULATED,
    answered,
)
from gateway.api.source_answers import (
    counts_shown,
    simulation_shown,
    source_addressed,
    source_shown,
)
from gateway.api.source_examples import PATCHED, SAMPLES, SECRETS, WANTED
from gateway.api.source_requests import FOUND, refusal_shown, request_shown
from gateway.api.source_shapes import (
    SampleBody,
    SecretsBody,
    SimulationShape,
    SourceAddressed,
    SourceBody,
    SourceDetail,
    SourceList,
    SourcePatch,
    SourceShape,
)
from gateway.api.webhook_shapes import Deleted
from gateway.domain import errors
from gateway.domain.fields import Fields
from gateway.domain.json_text import loads
from gateway.domain.model import Source
from gateway.domain.rendering import maybe_rfc3339
from gateway.inbound.controls import Answer, SourceControls
from gateway.inbound.ports import InboundFilter

BODY_BYTES: Final = 256 * 1024  # More than any terms need.
SAMPLE_BYTES: Final = 10 * 1024**2

_STORED: Final = (errors.StoreUnavailable, errors.ShuttingDown)
_MADE: Final = problems.responses(
    errors.Unauthenticated, errors.KeyReused, errors.MessageGone, *UNREAD, *_STORED
)
_CHANGES: Final = problems.responses(*FOUND, *UNREAD, *_STORED)


def router(sources: SourceControls, public_url: str) -> APIRouter:
    """Return the routes for sources, and for what third parties sent to them.

    Args:
        sources: The use cases.
        public_url: Base of their addresses, without a slash at its end.
    """
    routes = APIRouter(tags=["Sources"])

    def addressed(source: Source, token: str) -> str:
        return json_text(source_addressed(source, token, public_url))

    _add_reading(routes, sources)
    _add_making(routes, sources, addressed)
    _add_changing(routes, sources)
    _add_rotating(routes, sources, addressed)
    _add_simulating(routes, sources)
    source_requests.add_routes(routes, sources)
    return routes


def _add_reading(routes: APIRouter, sources: SourceControls) -> None:
    @routes.get(
        "/sources",
        operation_id="list_sources",
        summary="List the sources",
        responses={
            200: {"model": SourceList},
            **problems.responses(errors.Unauthenticated),
        },
    )
    async def listed() -> Response:
        shown = [source_shown(source) for source in sources.list()]
        return reply({"sources": shown, "next_cursor": None})

    @routes.get(
        "/sources/{source_id}",
        operation_id="get_source",
        summary="See a source, and what became of its requests",
        responses={200: answered(SourceDetail, DETAILED), **problems.responses(*FOUND)},
    )
    async def one(source_id: str) -> Response:
        """In one look whether it works: what waits, and the last that came in."""
        source = sources.get(source_id)
        counts = await sources.counts(source_id)
        since = await sources.waiting_since(source_id)
        newest = await sources.requests(source_id, InboundFilter(limit=1))
        last = [request_shown(each) for each in newest.requests]
        refused = [refusal_shown(each) for each in sources.refused(source_id)[:1]]
        return reply(
            {
                **source_shown(source),
                **counts_shown(counts),
                "waiting_since": maybe_rfc3339(since),
                "last_request": last[0] if last else None,
                "last_refusal": refused[0] if refused else None,
            }
        )


def _add_making(routes: APIRouter, sources: SourceControls, addressed: Answer) -> None:
    @routes.post(
        "/sources",
        status_code=201,
        operation_id="create_source",
        summary="Take in the webhooks of a third party",
        responses={
            201: {**answered(SourceAddressed, ADDRESSED), "headers": dict(MARK)},
            **_MADE,
        },
        openapi_extra={**body_of(SourceBody, WANTED), "parameters": [dict(PARAMETER)]},
    )
    async def create(request: Request) -> Response:
        """The answer alone shows the address that the third party is given.

        Whoever knows the address may send to it as far as `verify` lets them, which is
        why `none` has to be written out.
        """
        raw = await read_json(request, BODY_BYTES)
        digest = None if key_of(request) is None else sha256(raw).digest()
        once = once_of(request, digest)

        async def make() -> Response:
            source, token = await sources.create(
                an_object(loads(raw)),
                key_id=caller(request),
                once=once,
                answer=addressed,
            )
            return _made(request, addressed(source, token))

        async def again() -> Response | None:
            answer = None if once is None else await sources.repeated(once)
            return None if answer is None else _made(request, answer)

        return await once_only(again, make)


def _add_changing(routes: APIRouter, sources: SourceControls) -> None:
    @routes.patch(
        "/sources/{source_id}",
        operation_id="change_source",
        summary="Change a source",
        responses={200: answered(SourceShape, SHOWN), **_CHANGES},
        openapi_extra=body_of(SourcePatch, PATCHED),
    )
    async def change(source_id: str, request: Request) -> Response:
        """A JSON Merge Patch (RFC 7396): null is the default again.

        `to` and a template are one value each, and replaced whole. What waits to be
        said is said on the new terms. A profile of another kind comes with its secrets.
        """
        patch = await read_object(request, BODY_BYTES)
        return reply(source_shown(await sources.patch(source_id, patch)))

    @routes.delete(
        "/sources/{source_id}",
        operation_id="delete_source",
        summary="Delete a source",
        responses={
            200: {"model": Deleted},
            **problems.responses(*FOUND, *_STORED),
        },
    )
    async def delete(source_id: str) -> Response:
        """Its address answers 410 from then on; what waits of it is not said."""
        await sources.delete(source_id)
        return reply({"id": source_id})


def _add_rotating(
    routes: APIRouter, sources: SourceControls, addressed: Answer
) -> None:
    @routes.post(
        "/sources/{source_id}/rotate-token",
        operation_id="rotate_source_token",
        summary="Give a source a new address",
        responses={200: answered(SourceAddressed, ADDRESSED), **_CHANGES},
    )
    async def rotate_token(source_id: str, request: Request) -> Response:
        """The answer alone shows it; the old address is 404 at once."""
        await _read_nothing(request)
        source, token = await sources.rotate_token(source_id)
        return reply(json.loads(addressed(source, token)))

    @routes.post(
        "/sources/{source_id}/rotate-secrets",
        operation_id="rotate_source_secrets",
        summary="Verify by a new secret",
        responses={200: answered(SourceShape, SHOWN), **_CHANGES},
        openapi_extra=body_of(SecretsBody, SECRETS),
    )
    async def rotate_secrets(source_id: str, request: Request) -> Response:
        """The newest of the former ones goes on to match, unless `keep` says else.

        So that nothing is refused until the third party has the new one, too.
        """
        asked = await read_object(request, BODY_BYTES)
        return reply(source_shown(await sources.rotate_secrets(source_id, asked)))


def _add_simulating(routes: APIRouter, sources: SourceControls) -> None:
    @routes.post(
        "/sources/{source_id}/simulate",
        operation_id="simulate_source",
        summary="See what would be said of a request",
        responses={200: answered(SimulationShape, SIMULATED), **_CHANGES},
        openapi_extra=body_of(SampleBody, SAMPLES),
    )
    async def simulate(source_id: str, request: Request) -> Response:
        """Nothing is verified, stored or said."""
        sample = await read_object(request, SAMPLE_BYTES)
        source = sources.get(source_id)
        result = await sources.simulate(source_id, sample)
        return reply(simulation_shown(source, result))


async def _read_nothing(request: Request) -> None:
    """Refuse whatever a body asks for where nothing can be asked for."""
    fields = Fields(await read_object(request, BODY_BYTES, is_needed=False))
    fields.refuse_unknown(frozenset[str]())
    fields.finish()


def _made(request: Request, answer: str) -> Response:
    """Return the answer to whoever made a source, from its text."""
    shown: dict[str, Any] = json.loads(answer)
    return made_text(request, f"/sources/{shown['id']}", answer, 201)
