"""`/replays`: events of the past delivered again."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from gateway.api import problems
from gateway.api.auth import caller
from gateway.api.bodies import read_object
from gateway.api.described import body_of
from gateway.api.queries import Word
from gateway.api.replies import made, reply
from gateway.api.shapes import Shape
from gateway.delivery.replays import LIST_ENTRIES, Rehearsed, ReplayControls, ReplayView
from gateway.domain import errors
from gateway.domain.model import DeliveryState, Replay, ReplayOnly, ReplayState
from gateway.domain.rendering import maybe_rfc3339, rfc3339

BODY_BYTES: Final = 64 * 1024

_READS: Final = problems.responses(errors.Unauthenticated, errors.NotFound)
_CHANGES: Final = _READS | problems.responses(
    errors.WrongState, errors.StoreUnavailable, errors.ShuttingDown
)
_EXAMPLES: Final = {
    "failed": {
        "summary": "What was given up since yesterday",
        "value": {"since": "1d"},
    },
    "missing": {
        "summary": "How much of January a new webhook has not got",
        "value": {
            "since": "2030-01-01T00:00:00Z",
            "until": "2030-02-01T00:00:00Z",
            "only": "missing",
            "dry_run": True,
        },
    },
    "elsewhere": {
        "summary": "The messages of the last two hours, to another webhook",
        "value": {
            "since": "2h",
            "events": ["message.*"],
            "only": "all",
            "to": "wh_01J9ZC3V7M5E8Q2W4R6T8Y0ABC",
        },
    },
}


class ReplayBody(BaseModel):
    """What to deliver again; what is left out or null has its default."""

    model_config = ConfigDict(extra="forbid", title="ReplayBody")

    since: str | None = Field(
        None,
        description="Events of then and later: RFC 3339, or so long ago (`2h`, `7d`);"
        " as far back as there are any.",
        examples=["2h", "2030-01-31T12:00:00Z"],
    )
    until: str | None = Field(
        None, description="Events before then, in the same words; until now."
    )
    events: list[str] | None = Field(
        None,
        min_length=1,
        max_length=LIST_ENTRIES,
        description="Only these: a type, `message.*` for a kind, `*` for all.",
    )
    only: ReplayOnly | None = Field(
        ReplayOnly.FAILED,
        description="`failed`: what was given up for this webhook and not delivered"
        " since. `missing`: what the webhook that gets it wants by its present terms"
        " and this one has neither got nor is owed. `all`: whatever it wants.",
    )
    to: str | None = Field(
        None, description="The webhook that gets the events, if not the same."
    )
    dry_run: bool | None = Field(
        default=False, description="Count the events, and do no more."
    )


class ReplayShape(Shape):
    """A wish to have events of the past delivered again, worked off step by step."""

    model_config = ConfigDict(extra="forbid", title="Replay")

    id: str = Field(examples=["rpl_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"])
    webhook_id: str = Field(description="Whose history is looked at.")
    to: str = Field(description="The webhook that gets the events.")
    only: ReplayOnly
    since: AwareDatetime | None
    until: AwareDatetime | None
    events: list[str] | None
    state: ReplayState = Field(
        description="`done`: every delivery has been made and tried; one that is to be"
        " retried goes by its webhook's schedule."
    )
    matched: int = Field(description="Events found when it was begun.")
    created: int = Field(description="Deliveries made so far.")
    created_at: AwareDatetime
    finished_at: AwareDatetime | None = Field(
        description="Of one that is cancelled, when the last of it had landed."
    )


class ReplayDetail(ReplayShape):
    """A replay, and how many of its deliveries are in each state."""

    model_config = ConfigDict(extra="forbid", title="ReplayDetail")

    pending: int
    in_flight: int
    retrying: int
    delivered: int
    held: int
    dead: int
    cancelled: int


class RehearsedReplay(Shape):
    """What a replay would find; nothing was stored."""

    model_config = ConfigDict(extra="forbid", title="RehearsedReplay")

    id: None
    matched: int
    dry_run: bool


class ReplayList(Shape):
    """A page of replays, newest first."""

    model_config = ConfigDict(extra="forbid", title="Replays")

    replays: list[ReplayShape]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next.")


class ReplayQuery(BaseModel):
    """Which page of replays."""

    model_config = ConfigDict(extra="forbid")

    cursor: Word | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200)


def replay_shown(replay: Replay) -> dict[str, object]:
    """Return a replay as the contract shows it."""
    return {
        "id": replay.id,
        "webhook_id": replay.webhook_id,
        "to": replay.target_id,
        "only": replay.only,
        "since": maybe_rfc3339(replay.since),
        "until": maybe_rfc3339(replay.until),
        "events": None if replay.events is None else list(replay.events),
        "state": replay.state,
        "matched": replay.matched,
        "created": replay.owed,
        "created_at": rfc3339(replay.created_at),
        "finished_at": maybe_rfc3339(replay.finished_at),
    }


def view_shown(view: ReplayView) -> dict[str, object]:
    """Return a replay and its deliveries, counted by state."""
    counted = view.deliveries
    by_state = {state.value: counted.get(state, 0) for state in DeliveryState}
    return {**replay_shown(view.replay), **by_state}


def router(replays: ReplayControls) -> APIRouter:
    """Return the routes for replays."""
    routes = APIRouter(tags=["Deliveries"])
    _add_beginning(routes, replays)
    _add_reading(routes, replays)
    _add_cancelling(routes, replays)
    return routes


def _add_beginning(routes: APIRouter, replays: ReplayControls) -> None:
    @routes.post(
        "/webhooks/{webhook_id}/replay",
        status_code=202,
        operation_id="replay_webhook",
        summary="Deliver events of the past again",
        responses={
            200: {"model": RehearsedReplay, "description": "A dry run"},
            202: {"model": ReplayDetail},
            **_CHANGES,
            **problems.responses(
                errors.MalformedJson,
                errors.BodyTooSlow,
                errors.PayloadTooLarge,
                errors.UnsupportedMediaType,
                errors.Invalid,
                errors.UrlBlocked,
            ),
        },
        openapi_extra=body_of(ReplayBody, _EXAMPLES, is_needed=False),
    )
    async def begin(webhook_id: str, request: Request) -> Response:
        """Each event comes under the `webhook-id` that it had.

        It is worked off beside what happens meanwhile, and goes on after a restart.
        """
        asked = await read_object(request, BODY_BYTES, is_needed=False)
        found = await replays.begin(webhook_id, asked, key_id=caller(request))
        if isinstance(found, Rehearsed):
            return reply({"id": None, "matched": found.matched, "dry_run": True})
        shown = view_shown(ReplayView(found, {}))
        return made(request, f"/replays/{found.id}", shown, 202)


def _add_reading(routes: APIRouter, replays: ReplayControls) -> None:
    @routes.get(
        "/replays",
        operation_id="list_replays",
        summary="List replays",
        responses={
            200: {"model": ReplayList},
            **problems.responses(errors.Unauthenticated, errors.Invalid),
        },
    )
    async def listed(query: Annotated[ReplayQuery, Query()]) -> Response:
        """Newest first."""
        page = await replays.list(query.cursor, query.limit)
        shown = [replay_shown(replay) for replay in page.replays]
        return reply({"replays": shown, "next_cursor": page.next_cursor})

    @routes.get(
        "/replays/{replay_id}",
        operation_id="get_replay",
        summary="See how far a replay has come",
        responses={200: {"model": ReplayDetail}, **_READS},
    )
    async def one(replay_id: str) -> Response:
        return reply(view_shown(await replays.get(replay_id)))


def _add_cancelling(routes: APIRouter, replays: ReplayControls) -> None:
    @routes.delete(
        "/replays/{replay_id}",
        operation_id="cancel_replay",
        summary="Cancel a replay",
        responses={200: {"model": ReplayDetail}, **_CHANGES},
    )
    async def cancel(replay_id: str) -> Response:
        """Its deliveries that were not sent yet become `cancelled`.

        What is in flight is let go on to its answer. One that is done is 409.
        """
        return reply(view_shown(await replays.cancel(replay_id)))
