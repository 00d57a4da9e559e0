"""One attempt made at once and for the caller alone: nothing of it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.bridge.ports import Clock
from gateway.delivery.headers import masked, unechoed
from gateway.delivery.ports import Due, Sender
from gateway.delivery.requests import Requests
from gateway.delivery.roster import Roster
from gateway.delivery.samples import a_sample
from gateway.domain.errors import FieldError, Invalid
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Delivery,
    DeliveryState,
    EventType,
    Outcome,
    Webhook,
)
from gateway.domain.retry import is_success
from gateway.domain.templates import BadTemplate, TemplateFailed

SHOWN_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What came of a trial.

    Attributes:
        ok: Whether a delivery so answered would count as delivered.
        outcome: What came back; what it repeats of the webhook's own headers is masked.
        request_headers: What was sent; the values of the webhook's own are masked.
        request_body: The first `SHOWN_BYTES` of what was sent; `None` if nothing was.
    """

    ok: bool
    outcome: Outcome
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Tries webhooks out with sample events.

    Attributes:
        roster: The webhooks.
        requests: Makes the request, as for a delivery.
        sender: Sends it.
        clock: The time.
        ids: Mints the ids of the sample.
    """

    roster: Roster
    requests: Requests
    sender: Sender
    clock: Clock
    ids: Ids

    async def run(
        self,
        webhook_id: str,
        event: str | None = None,
        *,
        traceparent: str | None = None,
    ) -> TrialResult:
        """Send one sample event to a webhook, active or not, and say what came back.

        Args:
            webhook_id: Which one; `NotFound`.
            event: The type of the event; `None` for the first that the webhook wants.
                `Invalid` if there is no such type.
            traceparent: The trace that the request belongs to.
        """
        webhook = self.roster.get(webhook_id)
        event_type = _wanted(webhook) if event is None else _named(event)
        due = self._due(webhook, event_type, traceparent)
        try:
            request = self.requests.make(webhook, due, now=self.clock.now())
        except (BadTemplate, TemplateFailed) as error:
            said = str(error)
            detail = f"{said[:1].upper()}{said[1:]}."
            return TrialResult(
                ok=False, outcome=Outcome(None, None, timedelta(), detail)
            )
        outcome = await self.sender.send(request)
        answer = unechoed(outcome.body.decode("utf-8", "replace"), webhook.headers)
        return TrialResult(
            is_success(outcome),
            replace(outcome, body=answer.encode()),
            masked(request.headers, webhook.headers),
            request.body[:SHOWN_BYTES],
        )

    def _due(
        self, webhook: Webhook, event_type: EventType, traceparent: str | None
    ) -> Due:
        now = self.clock.now()
        event, message = a_sample(event_type, self.ids, now)
        delivery = Delivery(
            id=self.ids.new(Kind.DELIVERY),
            webhook_id=webhook.id,
            event_id=event.id,
            event_seq=event.seq,
            state=DeliveryState.IN_FLIGHT,
            created_at=now,
            traceparent=traceparent,
        )
        return Due(delivery, event, message)


def _wanted(webhook: Webhook) -> EventType:
    for pattern in webhook.events:
        for event_type in EventType:
            prefix = pattern.removesuffix("*")
            if event_type == pattern or (
                pattern != prefix and event_type.startswith(prefix)
            ):
                return event_type
    return EventType.MESSAGE_RECEIVED


def _named(event: str) -> EventType:
    try:
        return EventType(event)
    except ValueError as error:
        detail = f"{event!r} is no event. Events are {', '.join(EventType)}."
        raise Invalid(detail, errors=[FieldError("/event", detail)]) from error
