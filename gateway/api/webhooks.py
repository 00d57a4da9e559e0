"""`/webhooks`: where events are delivered to."""

import json
from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import problems
from gateway.api.auth import caller
from gateway.api.bodies import UNREAD, an_object, read_json, read_object
from gateway.api.described import body_of
from gateway.api.repeats import MARK, PARAMETER, key_of, once_of, once_only
from gateway.api.replies import json_text, made_text, reply
from gateway.api.webhook_answers import health_shown, trial_shown, webhook_shown
from gateway.api.webhook_examples import PATCHED, RELEASED, ROTATED, TRIED, WANTED
from gateway.api.webhook_shapes import (
    Deleted,
    ReleaseBody,
    RotationBody,
    TrialBody,
    TrialShape,
    WebhookBody,
    WebhookChanged,
    WebhookDetail,
    WebhookList,
    WebhookPatch,
    WebhookQuery,
    WebhookShape,
)
from gateway.delivery import terms
from gateway.delivery.trial import Trial
from gateway.delivery.webhooks import WebhookControls
from gateway.domain import errors
from gateway.domain.fields import Fields
from gateway.domain.json_text import loads
from gateway.domain.model import Webhook

BODY_BYTES: Final = 256 * 1024  # More than any terms need.

_READS: Final = problems.responses(errors.Unauthenticated, errors.NotFound)
_STORED: Final = (errors.StoreUnavailable, errors.ShuttingDown)
_WRITTEN: Final = (errors.Unauthenticated, *UNREAD, errors.UrlBlocked, *_STORED)
_WRITES: Final = problems.responses(*_WRITTEN)
_MADE: Final = problems.responses(*_WRITTEN, errors.KeyReused, errors.MessageGone)
_CHANGES: Final = _WRITES | problems.responses(errors.NotFound, errors.ReadOnly)
_SWITCHES: Final = problems.responses(
    errors.Unauthenticated, errors.NotFound, errors.ReadOnly, *UNREAD, *_STORED
)


def router(webhooks: WebhookControls, trial: Trial) -> APIRouter:
    """Return the routes for webhooks."""
    routes = APIRouter(tags=["Webhooks"])
    _add_reading(routes, webhooks)
    _add_writing(routes, webhooks)
    _add_rotating(routes, webhooks)
    _add_switching(routes, webhooks)
    _add_testing(routes, trial)
    return routes


def _add_reading(routes: APIRouter, webhooks: WebhookControls) -> None:
    @routes.get(
        "/webhooks",
        operation_id="list_webhooks",
        summary="List the webhooks",
        responses={
            200: {"model": WebhookList},
            **problems.responses(errors.Unauthenticated, errors.Invalid),
        },
    )
    async def listed(query: Annotated[WebhookQuery, Query()]) -> Response:
        found = webhooks.list(query.target_url)
        now = webhooks.clock.now()
        shown = [webhook_shown(webhook, now) for webhook in found]
        return reply({"webhooks": shown, "next_cursor": None})

    @routes.get(
        "/webhooks/{webhook_id}",
        operation_id="get_webhook",
        summary="See a webhook and how its deliveries fare",
        responses={200: {"model": WebhookDetail}, **_READS},
    )
    async def one(webhook_id: str) -> Response:
        webhook = webhooks.get(webhook_id)
        health = await webhooks.health(webhook_id)
        now = webhooks.clock.now()
        fares = health_shown(health, now, circuit=webhooks.circuit(webhook_id))
        return reply({**webhook_shown(webhook, now), **fares})


def _add_writing(routes: APIRouter, webhooks: WebhookControls) -> None:
    @routes.post(
        "/webhooks",
        status_code=201,
        operation_id="create_webhook",
        summary="Have events delivered to an address",
        responses={
            201: {"model": WebhookShape, "headers": dict(MARK)},
            **_MADE,
        },
        openapi_extra={**body_of(WebhookBody, WANTED), "parameters": [dict(PARAMETER)]},
    )
    async def create(request: Request) -> Response:
        """The answer alone shows the secret that deliveries are signed with.

        In the words of REST hooks too: `target_url` or `hookUrl` for `url`, or one
        `event`; the format is then `flat` unless another is asked for, and a receiver
        that answers 410 has unsubscribed.
        """
        raw = await read_json(request, BODY_BYTES)
        digest = None if key_of(request) is None else sha256(raw).digest()
        once = once_of(request, digest)

        def told(webhook: Webhook) -> str:
            return json_text(_with_secret(webhook, webhooks))

        async def make() -> Response:
            asked = an_object(loads(raw))
            who = caller(request)
            webhook = await webhooks.create(asked, key_id=who, once=once, answer=told)
            return _made(request, told(webhook))

        async def again() -> Response | None:
            answer = None if once is None else await webhooks.repeated(once)
            return None if answer is None else _made(request, answer)

        return await once_only(again, make)

    @routes.patch(
        "/webhooks/{webhook_id}",
        operation_id="change_webhook",
        summary="Change a webhook",
        responses={200: {"model": WebhookChanged}, **_CHANGES},
        openapi_extra=body_of(WebhookPatch, PATCHED),
    )
    async def change(webhook_id: str, request: Request) -> Response:
        """A JSON Merge Patch (RFC 7396): null is the default again.

        A template is one value and replaced whole. A URL of another origin drops the
        webhook's own headers, unless they are sent again, and holds what is owed until
        the webhook is enabled. `active` is as `enable` and `disable` have it.
        """
        webhook = await webhooks.patch(
            webhook_id, await read_object(request, BODY_BYTES)
        )
        shown = webhook_shown(webhook, webhooks.clock.now())
        return reply({**shown, "held": await _held(webhooks, webhook_id)})

    @routes.delete(
        "/webhooks/{webhook_id}",
        operation_id="delete_webhook",
        summary="Delete a webhook",
        responses={
            200: {"model": Deleted},
            **_READS,
            **problems.responses(errors.ReadOnly, *_STORED),
        },
    )
    async def delete(webhook_id: str) -> Response:
        """What is still owed to it is cancelled."""
        await webhooks.delete(webhook_id)
        return reply({"id": webhook_id})


def _add_rotating(routes: APIRouter, webhooks: WebhookControls) -> None:
    @routes.post(
        "/webhooks/{webhook_id}/rotate-secret",
        operation_id="rotate_webhook_secret",
        summary="Sign with a new secret",
        responses={200: {"model": WebhookShape}, **_CHANGES},
        openapi_extra=body_of(RotationBody, ROTATED, is_needed=False),
    )
    async def rotate(webhook_id: str, request: Request) -> Response:
        """The answer alone shows the new secret; the old one signs along for a day.

        At most five old ones sign along, newest first. With the signature `github`,
        which is made with one secret, the new one holds at once.
        """
        asked = await read_object(request, BODY_BYTES, is_needed=False)
        webhook = await webhooks.rotate_secret(webhook_id, asked)
        return reply(_with_secret(webhook, webhooks))


def _add_switching(routes: APIRouter, webhooks: WebhookControls) -> None:
    responses = {200: {"model": WebhookShape}, **_SWITCHES}

    @routes.post(
        "/webhooks/{webhook_id}/enable",
        operation_id="enable_webhook",
        summary="Let a webhook get events again",
        responses=responses,
        openapi_extra=body_of(ReleaseBody, RELEASED, is_needed=False),
    )
    async def enable(webhook_id: str, request: Request) -> Response:
        """What is held for it is sent, for whatever reason it is held.

        `release` says how much of it: `all`, `none`, or that of events since a time,
        or since so long ago. The rest is dropped.
        """
        asked = await read_object(request, BODY_BYTES, is_needed=False)
        webhook = await webhooks.enable(webhook_id, asked)
        return reply(webhook_shown(webhook, webhooks.clock.now()))

    @routes.post(
        "/webhooks/{webhook_id}/disable",
        operation_id="disable_webhook",
        summary="Send a webhook nothing more",
        responses=responses,
    )
    async def disable(webhook_id: str, request: Request) -> Response:
        """What is owed to it is held until it is enabled."""
        fields = Fields(await read_object(request, BODY_BYTES, is_needed=False))
        fields.refuse_unknown(frozenset())
        fields.finish()
        webhook = await webhooks.disable(webhook_id)
        return reply(webhook_shown(webhook, webhooks.clock.now()))


def _add_testing(routes: APIRouter, trial: Trial) -> None:
    @routes.post(
        "/webhooks/{webhook_id}/test",
        operation_id="test_webhook",
        summary="Send a sample event now, and see what comes back",
        responses={
            200: {"model": TrialShape},
            **_READS,
            **problems.responses(*UNREAD, errors.ShuttingDown),
        },
        openapi_extra=body_of(TrialBody, TRIED, is_needed=False),
    )
    async def test(webhook_id: str, request: Request) -> Response:
        """Nothing of it is stored; it works for an inactive webhook too."""
        fields = Fields(await read_object(request, BODY_BYTES, is_needed=False))
        fields.refuse_unknown({"event"})
        event = fields.text("event", longest=terms.TEXT_CHARACTERS)
        fields.finish()
        trace = request.scope["state"]["traceparent"]
        result = await trial.run(webhook_id, event, traceparent=trace)
        return reply(trial_shown(result))


def _with_secret(webhook: Webhook, webhooks: WebhookControls) -> dict[str, object]:
    return webhook_shown(webhook, webhooks.clock.now(), secret=webhook.secret)


def _made(request: Request, answer: str) -> Response:
    """Return the answer to whoever made a webhook, from its text."""
    webhook_id = json.loads(answer)["id"]
    return made_text(request, f"/webhooks/{webhook_id}", answer, 201)


async def _held(webhooks: WebhookControls, webhook_id: str) -> int | None:
    """Return how many deliveries are held; the change is made, so nothing may fail."""
    try:
        return (await webhooks.health(webhook_id)).held
    except (errors.NotFound, errors.StoreUnavailable):
        return None
