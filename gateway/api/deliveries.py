"""`/deliveries`: what became of the events owed to webhooks."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from gateway.api import problems
from gateway.api.queries import (
    Moment,
    Several,
    Word,
    Words,
    maybe_event_types,
    maybe_moment,
)
from gateway.api.replies import reply
from gateway.api.shapes import Shape
from gateway.bridge.ports import Clock
from gateway.delivery.ports import DeliveryFilter, DeliveryRow
from gateway.delivery.redelivery import DeliveryControls
from gateway.domain import errors
from gateway.domain.model import Attempt, DeliveryState, ErrorClass
from gateway.domain.rendering import maybe_rfc3339, rfc3339

_RESPONSES: Final = problems.responses(
    errors.Unauthenticated, errors.NotFound, errors.Invalid
)


class DeliveryQuery(BaseModel):
    """Which deliveries to list."""

    model_config = ConfigDict(extra="forbid")

    status: Several[DeliveryState] | None = Field(
        None, description="Statuses, comma-separated."
    )
    webhook: Words | None = Field(None, description="Ids, comma-separated.")
    events: Words | None = Field(
        None, description="Types of events, or `message.*`, comma-separated."
    )
    since: Moment | None = None
    until: Moment | None = None
    cursor: Word | None = Field(None, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200)

    def filter(self, now: datetime) -> DeliveryFilter:
        """Return it as the use case takes it; `Invalid` for no event, or no moment."""
        return DeliveryFilter(
            states=self.status,
            webhook_ids=self.webhook,
            events=maybe_event_types(self.events, at="?events"),
            since=maybe_moment(self.since, now, at="?since"),
            until=maybe_moment(self.until, now, at="?until"),
            cursor=self.cursor,
            limit=self.limit,
        )


class AttemptShape(Shape):
    """One HTTP request for a delivery."""

    model_config = ConfigDict(extra="forbid", title="Attempt")

    id: str
    number: int = Field(description="From 1, as in the header `webhook-attempt`.")
    started_at: AwareDatetime
    duration_ms: float
    status: int | None = Field(description="Of the answer; null if none came.")
    error_class: ErrorClass | None
    detail: str | None
    verdict: str = Field(description="`delivered`, `try_again` or `give_up`.")
    response: str | None = Field(description="The start of the answer's body.")
    reply_message_id: str | None = Field(
        description="The message that the answer had us send."
    )
    reply_skipped: str | None = Field(
        description="Why a reply in the answer was not sent, such as `loop`."
    )


class DeliveryShape(Shape):
    """One event owed to one webhook."""

    model_config = ConfigDict(extra="forbid", title="Delivery")

    id: str = Field(examples=["dlv_01J9ZC3V7M5E8Q2W4R6T8Y0ABC"])
    webhook_id: str
    event_id: str = Field(description="What the receiver sees as `webhook-id`.")
    event: str = Field(description="The event's type.")
    seq: int = Field(description="The event's place in the log.")
    room: str | None
    message_id: str | None
    status: DeliveryState
    reason: str | None = Field(description="Why it is held, dead or cancelled.")
    replay_id: str | None = Field(description="The replay that made it, if one did.")
    attempt_count: int
    last_attempt: AttemptShape | None
    next_attempt_at: AwareDatetime | None
    created_at: AwareDatetime
    finished_at: AwareDatetime | None


class DeliveryDetail(DeliveryShape):
    """One event owed to one webhook, with every attempt, oldest first."""

    model_config = ConfigDict(extra="forbid", title="DeliveryDetail")

    attempts: list[AttemptShape]


class DeliveryList(Shape):
    """A page of deliveries, newest first."""

    model_config = ConfigDict(extra="forbid", title="Deliveries")

    deliveries: list[DeliveryShape]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next.")


def delivery_shown(row: DeliveryRow) -> dict[str, object]:
    """Return a delivery as the contract shows it."""
    delivery = row.delivery
    last = row.last_attempt
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "event": row.event_type,
        "seq": delivery.event_seq,
        "room": row.room,
        "message_id": row.message_id,
        "status": delivery.state,
        "reason": delivery.reason,
        "replay_id": delivery.replay_id,
        "attempt_count": delivery.attempts,
        "last_attempt": None if last is None else attempt_shown(last),
        "next_attempt_at": maybe_rfc3339(delivery.next_attempt_at),
        "created_at": rfc3339(delivery.created_at),
        "finished_at": maybe_rfc3339(delivery.finished_at),
    }


def attempt_shown(attempt: Attempt) -> dict[str, object]:
    """Return an attempt as the contract shows it."""
    return {
        "id": attempt.id,
        "number": attempt.number,
        "started_at": rfc3339(attempt.started_at),
        "duration_ms": round(attempt.duration.total_seconds() * 1000, 1),
        "status": attempt.status,
        "error_class": attempt.error_class,
        "detail": attempt.detail,
        "verdict": attempt.verdict,
        "response": attempt.response,
        "reply_message_id": attempt.reply_message_id,
        "reply_skipped": attempt.reply_skipped,
    }


def router(deliveries: DeliveryControls, clock: Clock) -> APIRouter:
    """Return the routes for deliveries.

    Args:
        deliveries: The use case.
        clock: What so long ago is counted back from.
    """
    routes = APIRouter(tags=["Deliveries"])

    @routes.get(
        "/deliveries",
        operation_id="list_deliveries",
        summary="List deliveries",
        responses={200: {"model": DeliveryList}, **_RESPONSES},
    )
    async def listed(query: Annotated[DeliveryQuery, Query()]) -> Response:
        """Newest first."""
        page = await deliveries.list(query.filter(clock.now()))
        shown = [delivery_shown(row) for row in page.deliveries]
        return reply({"deliveries": shown, "next_cursor": page.next_cursor})

    @routes.get(
        "/deliveries/{delivery_id}",
        operation_id="get_delivery",
        summary="See a delivery and all its attempts",
        responses={200: {"model": DeliveryDetail}, **_RESPONSES},
    )
    async def one(delivery_id: str) -> Response:
        row, attempts = await deliveries.get(delivery_id)
        shown = [attempt_shown(attempt) for attempt in attempts]
        return reply({**delivery_shown(row), "attempts": shown})

    @routes.post(
        "/deliveries/{delivery_id}/retry",
        status_code=202,
        operation_id="retry_delivery",
        summary="Send a delivery again",
        responses={
            202: {"model": DeliveryShape},
            **_RESPONSES,
            **problems.responses(
                errors.WrongState, errors.StoreUnavailable, errors.ShuttingDown
            ),
        },
    )
    async def retry(delivery_id: str) -> Response:
        """It is due at once, and has its whole schedule before it again."""
        return reply(delivery_shown(await deliveries.retry(delivery_id)), 202)

    return routes
