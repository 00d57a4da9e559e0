"""`GET /messages/{id}/trace`: how a message came to where it is."""

from typing import Annotated, Any, Final, Literal, assert_never

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.responses import Response

from gateway.api import problems
from gateway.api.replies import reply
from gateway.api.shapes import SenderShape, Shape
from gateway.bridge.tracing import MOST, Passed, Tracing
from gateway.domain import errors
from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    ErrorClass,
    Event,
    EventType,
    IncomingMessage,
    MessageStatus,
    OutgoingMessage,
    Step,
    StepKind,
)
from gateway.domain.rendering import maybe_rfc3339, rfc3339

_EXAMPLE: Final[JsonDict] = {
    "message": {
        "id": "msg_01J9ZC3V7M5E8Q2W4R6T8Y0ABC",
        "direction": "out",
        "room": "lobby",
        "type": "chat",
        "status": "sent",
    },
    "steps": [
        {"at": "2030-01-31T12:00:00.000Z", "step": "accepted", "key_id": None},
        {
            "at": "2030-01-31T12:00:00.001Z",
            "step": "acknowledged",
            "reason": None,
            "recipient": {"name": "alice", "participant_id": "p-17"},
        },
        {
            "at": "2030-01-31T12:00:00.001Z",
            "step": "event",
            "event_id": "evt_01J9ZC3V7M5E8Q2W4R6T8Y0ABD",
            "type": "message.sent",
            "seq": 1042,
        },
    ],
    "truncated": False,
}


class TracedShape(Shape):
    """The message, in short."""

    model_config = ConfigDict(extra="forbid", title="Traced")

    id: str
    direction: Literal["in", "out"]
    room: str
    type: str
    status: MessageStatus | None = Field(description="null for one received.")


class AcceptedShape(Shape):
    """We accepted a message of ours."""

    model_config = ConfigDict(extra="forbid", title="AcceptedStep")

    at: AwareDatetime
    step: Literal["accepted"]
    key_id: str | None


class ReceivedShape(Shape):
    """Somebody in the room said it."""

    model_config = ConfigDict(extra="forbid", title="ReceivedStep")

    at: AwareDatetime
    step: Literal["received"]
    sender: SenderShape = Field(alias="from")


class TowardsShape(Shape):
    """Whom a step is about."""

    model_config = ConfigDict(extra="forbid", title="Towards")

    name: str | None
    participant_id: str | None


class RoomStepShape(Shape):
    """Something happened on the way into the room."""

    model_config = ConfigDict(extra="forbid", title="RoomStep")

    at: AwareDatetime
    step: StepKind
    reason: str | None = Field(description="What it waits for, or what went wrong.")
    recipient: TowardsShape | None = Field(description="null: all of them.")


class EventStepShape(Shape):
    """An event told of it."""

    model_config = ConfigDict(extra="forbid", title="EventStep")

    at: AwareDatetime
    step: Literal["event"]
    event_id: str
    type: EventType
    seq: int = Field(description="Place in the log.")


class DeliveryStepShape(Shape):
    """The event was owed to a webhook; its state is that of now."""

    model_config = ConfigDict(extra="forbid", title="DeliveryStep")

    at: AwareDatetime
    step: Literal["delivery"]
    delivery_id: str
    webhook_id: str
    event_id: str
    status: DeliveryState
    reason: str | None = Field(description="Why it is held, dead or cancelled.")
    replay_id: str | None
    next_attempt_at: AwareDatetime | None
    finished_at: AwareDatetime | None


class AttemptStepShape(Shape):
    """The delivery was attempted; `at` is when that began."""

    model_config = ConfigDict(extra="forbid", title="AttemptStep")

    at: AwareDatetime
    step: Literal["attempt"]
    delivery_id: str
    number: int
    status: int | None = Field(description="Of the answer; null if none came.")
    error_class: ErrorClass | None
    detail: str | None
    duration_ms: float
    verdict: str = Field(description="`delivered`, `try_again` or `give_up`.")
    reply_message_id: str | None
    reply_skipped: str | None


class TraceShape(Shape):
    """The way of a message, oldest step first."""

    model_config = ConfigDict(
        extra="forbid", title="Trace", json_schema_extra={"examples": [_EXAMPLE]}
    )

    message: TracedShape
    steps: list[
        AcceptedShape
        | ReceivedShape
        | EventStepShape
        | DeliveryStepShape
        | AttemptStepShape
        | RoomStepShape
    ] = Field(description="What came at the same time stands behind its cause.")
    truncated: bool = Field(
        description=f"There are more than {MOST} events, deliveries or attempts; the "
        "first ones are shown."
    )


def router(tracing: Tracing) -> APIRouter:
    """Return the route for traces."""
    routes = APIRouter(tags=["Messages"])

    @routes.get(
        "/messages/{message_id}/trace",
        operation_id="trace_message",
        summary="See how a message came to where it is",
        responses={
            200: {"model": TraceShape},
            **problems.responses(
                errors.Unauthenticated, errors.NotFound, errors.StoreUnavailable
            ),
        },
    )
    async def trace(message_id: Annotated[str, Path()]) -> Response:
        """All that is known of it in one list, as far as it is still held.

        For one of ours: accepted, its steps into the room, and the events that told of
        them. For one received: who said it, and the event. Then, for both, to which
        webhooks these were owed, and each attempt to deliver them.
        """
        found = await tracing.trace(message_id)
        steps = [step_shown(passed) for passed in found.passed]
        message = _message_shown(found.message)
        return reply({"message": message, "steps": steps, "truncated": found.is_cut})

    return routes


def step_shown(passed: Passed) -> dict[str, Any]:
    """Return one step of a trace as the contract shows it."""
    facts: dict[str, Any]
    match passed.what:
        case OutgoingMessage() as message:
            word, facts = "accepted", {"key_id": message.key_id}
        case IncomingMessage() as message:
            word, facts = "received", _from(message)
        case Step() as step:
            word, facts = step.kind.value, _on_the_way(step)
        case Event() as event:
            word, facts = "event", _event(event)
        case Delivery() as delivery:
            word, facts = "delivery", _delivery(delivery)
        case Attempt() as attempt:
            word, facts = "attempt", _attempt(attempt)
        case _:
            assert_never(passed.what)
    return {"at": rfc3339(passed.at), "step": word, **facts}


def _message_shown(message: OutgoingMessage | IncomingMessage) -> dict[str, Any]:
    is_ours = isinstance(message, OutgoingMessage)
    return {
        "id": message.id,
        "direction": "out" if is_ours else "in",
        "room": message.room,
        "type": message.type,
        "status": message.status if isinstance(message, OutgoingMessage) else None,
    }


def _from(message: IncomingMessage) -> dict[str, Any]:
    sender = message.sender
    return {"from": {"id": sender.id, "name": sender.name, "role": sender.role}}


def _on_the_way(step: Step) -> dict[str, Any]:
    recipient = {"name": step.name, "participant_id": step.participant_id}
    is_about_one = step.name is not None or step.participant_id is not None
    return {"reason": step.reason, "recipient": recipient if is_about_one else None}


def _event(event: Event) -> dict[str, Any]:
    return {"event_id": event.id, "type": event.type, "seq": event.seq}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "status": delivery.state,
        "reason": delivery.reason,
        "replay_id": delivery.replay_id,
        "next_attempt_at": maybe_rfc3339(delivery.next_attempt_at),
        "finished_at": maybe_rfc3339(delivery.finished_at),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "delivery_id": attempt.delivery_id,
        "number": attempt.number,
        "status": attempt.status,
        "error_class": attempt.error_class,
        "detail": attempt.detail,
        "duration_ms": round(attempt.duration.total_seconds() * 1000, 1),
        "verdict": attempt.verdict,
        "reply_message_id": attempt.reply_message_id,
        "reply_skipped": attempt.reply_skipped,
    }
