"""`/webhooks`: where events are delivered to."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import bodies, problems
from gateway.api.replies import moment, reply
from gateway.api.webhook_shapes import (
    Deleted,
    ReleaseBody,
    TrialBody,
    TrialShape,
    WebhookBody,
    WebhookDetail,
    WebhookList,
    WebhookQuery,
    WebhookShape,
)
from gateway.delivery import terms
from gateway.delivery.fields import Fields
from gateway.delivery.headers import MASK, masked
from gateway.delivery.ports import WebhookHealth
from gateway.delivery.trial import Trial, TrialResult
from gateway.delivery.webhooks import WebhookControls
from gateway.domain import errors
from gateway.domain.errors import UnsupportedMediaType
from gateway.domain.model import Webhook
from gateway.domain.rendering import rfc3339

BODY_BYTES: Final = 256 * 1024  # More than any terms need.

_READS: Final = problems.responses(errors.Unauthenticated, errors.NotFound)
_WRITES: Final = problems.responses(
    errors.MalformedJson,
    errors.Unauthenticated,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.Invalid,
    errors.UrlBlocked,
    errors.StoreUnavailable,
    errors.ShuttingDown,
)
_CHANGES: Final = _WRITES | problems.responses(errors.NotFound, errors.ReadOnly)

_EXAMPLES: Final = {
    "smallest": {
        "summary": "Every message received",
        "value": {"url": "https://example.com/hooks/meshagent"},
    },
    "chosen": {
        "summary": "What alice says in the lobby, tried for an hour",
        "value": {
            "url": "https://example.com/hooks/meshagent",
            "events": ["message.received"],
            "rooms": ["lobby"],
            "from": ["alice"],
            "headers": {"Authorization": "Bearer 5f2c"},
            "retry": {"schedule": [5, 30, 300, 3600]},
        },
    },
}
_PATCH_EXAMPLES: Final = {
    "narrower": {
        "summary": "Only some events, and the default schedule again",
        "value": {"events": ["message.received", "room.*"], "retry": None},
    }
}


def webhook_shown(webhook: Webhook, *, secret: str = MASK) -> dict[str, object]:
    """Return a webhook as the contract shows it, its secrets masked."""
    return {
        "id": webhook.id,
        "name": webhook.name,
        "source": webhook.source,
        **terms.as_json(webhook),
        "headers": masked(webhook.headers, webhook.headers),
        "secret": secret,
        "disabled_reason": webhook.disabled_reason,
        "created_at": rfc3339(webhook.created_at),
        "updated_at": moment(webhook.updated_at),
    }


def router(webhooks: WebhookControls, trial: Trial) -> APIRouter:
    """Return the routes for webhooks."""
    routes = APIRouter(tags=["Webhooks"])
    _add_reading(routes, webhooks)
    _add_writing(routes, webhooks)
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
        shown = [webhook_shown(webhook) for webhook in found]
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
        return reply({**webhook_shown(webhook), **_health_shown(health)})


def _add_writing(routes: APIRouter, webhooks: WebhookControls) -> None:
    @routes.post(
        "/webhooks",
        status_code=201,
        operation_id="create_webhook",
        summary="Have events delivered to an address",
        responses={201: {"model": WebhookShape}, **_WRITES},
        openapi_extra=_body(WebhookBody, _EXAMPLES),
    )
    async def create(request: Request) -> Response:
        """The answer alone shows the secret that deliveries are signed with."""
        asked = await _object(request)
        webhook = await webhooks.create(asked, key_id=_key_id(request))
        answer = reply(webhook_shown(webhook, secret=webhook.secrets[0]), 201)
        prefix = request.scope.get("state", {}).get("prefix", "")
        answer.headers["Location"] = f"{prefix}/webhooks/{webhook.id}"
        return answer

    @routes.patch(
        "/webhooks/{webhook_id}",
        operation_id="change_webhook",
        summary="Change a webhook",
        responses={200: {"model": WebhookShape}, **_CHANGES},
        openapi_extra=_body(WebhookBody, _PATCH_EXAMPLES, is_patch=True),
    )
    async def change(webhook_id: str, request: Request) -> Response:
        """A JSON Merge Patch (RFC 7396): null is the default again.

        A URL of another origin drops the webhook's own headers, unless they are sent
        again.
        """
        patch = await _object(request)
        return reply(webhook_shown(await webhooks.patch(webhook_id, patch)))

    @routes.delete(
        "/webhooks/{webhook_id}",
        operation_id="delete_webhook",
        summary="Delete a webhook",
        responses={
            200: {"model": Deleted},
            **_READS,
            **problems.responses(
                errors.ReadOnly, errors.StoreUnavailable, errors.ShuttingDown
            ),
        },
    )
    async def delete(webhook_id: str) -> Response:
        """What is still owed to it is cancelled."""
        await webhooks.delete(webhook_id)
        return reply({"id": webhook_id})


def _add_switching(routes: APIRouter, webhooks: WebhookControls) -> None:
    responses = {200: {"model": WebhookShape}, **_READS} | problems.responses(
        errors.Invalid, errors.StoreUnavailable, errors.ShuttingDown
    )

    @routes.post(
        "/webhooks/{webhook_id}/enable",
        operation_id="enable_webhook",
        summary="Let a webhook get events again",
        responses=responses,
        openapi_extra=_body(ReleaseBody, {}, is_needed=False),
    )
    async def enable(webhook_id: str, request: Request) -> Response:
        """What was held for it is sent."""
        fields = Fields(await _object(request, is_needed=False))
        fields.refuse_unknown({"release"})
        fields.only("release", "all")
        fields.finish()
        return reply(webhook_shown(await webhooks.enable(webhook_id)))

    @routes.post(
        "/webhooks/{webhook_id}/disable",
        operation_id="disable_webhook",
        summary="Send a webhook nothing more",
        responses=responses,
    )
    async def disable(webhook_id: str, request: Request) -> Response:
        """What is owed to it is held until it is enabled."""
        fields = Fields(await _object(request, is_needed=False))
        fields.refuse_unknown(frozenset())
        fields.finish()
        return reply(webhook_shown(await webhooks.disable(webhook_id)))


def _add_testing(routes: APIRouter, trial: Trial) -> None:
    @routes.post(
        "/webhooks/{webhook_id}/test",
        operation_id="test_webhook",
        summary="Send a sample event now, and see what comes back",
        responses={
            200: {"model": TrialShape},
            **_READS,
            **problems.responses(errors.Invalid, errors.ShuttingDown),
        },
        openapi_extra=_body(TrialBody, {}, is_needed=False),
    )
    async def test(webhook_id: str, request: Request) -> Response:
        """Nothing of it is stored; it works for an inactive webhook too."""
        fields = Fields(await _object(request, is_needed=False))
        fields.refuse_unknown({"event"})
        event = fields.text("event", longest=terms.TEXT_CHARACTERS)
        fields.finish()
        return reply(_trial_shown(await trial.run(webhook_id, event)))


async def _object(request: Request, *, is_needed: bool = True) -> Mapping[str, object]:
    """Read a JSON object; an empty one if there is no body and none is needed."""
    raw = await bodies.read_bytes(request.receive, BODY_BYTES)
    if not raw and not is_needed:
        return {}
    given = request.headers.get("content-type", "")
    if bodies.media_type(given.encode("latin-1")) != bodies.JSON:
        detail = f"Send {bodies.JSON}."
        raise UnsupportedMediaType(detail)
    return bodies.an_object(bodies.loads(raw))


def _key_id(request: Request) -> str | None:
    key_id = request.scope.get("state", {}).get("key_id")
    return key_id if isinstance(key_id, str) else None


def _health_shown(health: WebhookHealth) -> dict[str, object]:
    return {
        "pending": health.pending,
        "held": health.held,
        "dead": health.dead,
        "last_error": health.last_error,
        "last_error_at": moment(health.last_error_at),
        "last_success_at": moment(health.last_success_at),
        "circuit": "closed",
    }


def _trial_shown(result: TrialResult) -> dict[str, object]:
    outcome = result.outcome
    response = {
        "headers": dict(outcome.headers),
        "body": outcome.body.decode("utf-8", "replace"),
    }
    return {
        "ok": result.ok,
        "status": outcome.status,
        "duration_ms": round(outcome.duration.total_seconds() * 1000, 1),
        "error_class": outcome.error_class,
        "detail": outcome.detail,
        "request": {"headers": dict(result.request_headers)},
        "response": None if outcome.status is None else response,
    }


def _body(
    model: type[BaseModel],
    examples: Mapping[str, Any],
    *,
    is_patch: bool = False,
    is_needed: bool = True,
) -> dict[str, Any]:
    """Return the description of a body that the endpoint reads by itself."""
    schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    for name, inner in schema.pop("$defs", {}).items():
        schema = _inlined(schema, f"#/$defs/{name}", inner)
    if is_patch:
        schema.pop("required", None)
        schema["title"] = "WebhookPatch"
        del schema["properties"]["secret"]
    content = {"schema": schema, **({"examples": examples} if examples else {})}
    return {"requestBody": {"required": is_needed, "content": {bodies.JSON: content}}}


def _inlined(schema: Any, ref: str, inner: Any) -> Any:  # noqa: ANN401  # Any JSON.
    if isinstance(schema, dict):
        if schema.get("$ref") == ref:
            return inner
        return {name: _inlined(value, ref, inner) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_inlined(value, ref, inner) for value in schema]
    return schema
