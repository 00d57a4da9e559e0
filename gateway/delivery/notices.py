"""What is told of webhooks and deliveries: events for others, lines for the log."""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from gateway.bridge.ports import Clock, Meter
from gateway.delivery.ports import Due
from gateway.delivery.standing import Turn
from gateway.domain.bugs import where
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Attempt,
    Delivery,
    Event,
    EventType,
    Standing,
    Webhook,
)
from gateway.domain.rendering import maybe_rfc3339

# Deliveries of these tell of no death, or a dead webhook would fill the log by itself.
_SILENT = ("webhook.", "delivery.")

_URLS_KEPT = 4096  # Webhooks of which the host need not be found at each attempt.


@dataclass(frozen=True, slots=True)
class Notices:
    """Makes the events, and writes the lines.

    Attributes:
        clock: The time.
        ids: Mints the ids of events.
        meter: Where the lines go.
    """

    clock: Clock
    ids: Ids
    meter: Meter

    def dead(self, due: Due) -> tuple[Event, ...]:
        """Tell of a delivery that is given up."""
        if due.event.type.startswith(_SILENT):
            return ()
        delivery = due.delivery
        event = self._event(
            EventType.DELIVERY_DEAD,
            delivery.webhook_id,
            delivery_id=delivery.id,
            event_id=delivery.event_id,
        )
        return (event,)

    def turned(self, webhook: Webhook, turn: Turn, standing: Standing) -> Event:
        """Tell that a receiver keeps failing, or no longer does.

        Args:
            webhook: Whose receiver.
            turn: `FAILING` or `RECOVERED`.
            standing: Before a recovery; else as it is now.
        """
        since = maybe_rfc3339(standing.failing_since)
        facts = {
            "webhook_id": webhook.id,
            "host": host(webhook.url),
            "since": since,
            "last_error": standing.last_error,
        }
        if turn is Turn.RECOVERED:
            self.meter.warning("webhook.recovered", **facts)
            event_type = EventType.WEBHOOK_RECOVERED
        else:
            self.meter.warning("webhook.failing", **facts)
            event_type = EventType.WEBHOOK_FAILING
        return self._event(
            event_type,
            webhook.id,
            reason=turn.name.lower(),
            failing_since=since,
            last_error=standing.last_error,
        )

    def disabled(self, webhook: Webhook, delivery: Delivery, reason: str) -> Event:
        """Tell that a webhook was made inactive, and by which delivery."""
        return self._event(
            EventType.WEBHOOK_DISABLED,
            webhook.id,
            reason=reason,
            delivery_id=delivery.id,
        )

    def log_disabled(self, webhook: Webhook, reason: str, standing: Standing) -> None:
        """Write that a webhook was made inactive."""
        self.meter.warning(
            "webhook.disabled",
            webhook_id=webhook.id,
            reason=reason,
            host=host(webhook.url),
            since=maybe_rfc3339(standing.failing_since),
            last_error=standing.last_error,
        )

    def circuit(self, webhook: Webhook, error: str | None, wait_s: float) -> None:
        """Write that a receiver is left alone, or gets everything again.

        Args:
            webhook: Whose receiver.
            error: The last of the failures that opened the circuit; `None` if it is
                closed again.
            wait_s: How long it is left alone.
        """
        facts = {"webhook_id": webhook.id, "host": host(webhook.url)}
        if error is None:
            self.meter.info("webhook.circuit_closed", **facts)
        else:
            self.meter.warning(
                "webhook.circuit_opened", **facts, last_error=error, wait_s=wait_s
            )

    def attempted(
        self, webhook: Webhook, attempt: Attempt, wait: timedelta | None
    ) -> None:
        """Write the line of an attempt; `wait` is how long until the next, if any."""
        next_s = None if wait is None else round(wait.total_seconds(), 3)
        self.meter.info(
            "delivery.attempted",
            delivery_id=attempt.delivery_id,
            webhook_id=webhook.id,
            host=host(webhook.url),
            attempt=attempt.number,
            status=attempt.status,
            error_class=attempt.error_class,
            duration_ms=round(attempt.duration.total_seconds() * 1000, 1),
            verdict=attempt.verdict,
            next_attempt_in_s=next_s,
        )

    def template_failed(self, delivery: Delivery, error: str) -> None:
        """Write that a webhook's template made nothing of an event."""
        self.meter.warning(
            "delivery.template_failed",
            delivery_id=delivery.id,
            webhook_id=delivery.webhook_id,
            error=error,
        )

    def replied(
        self, delivery: Delivery, message_id: str | None, skipped: str | None
    ) -> None:
        """Write what became of a reply that came by return value."""
        self.meter.info(
            "delivery.replied",
            delivery_id=delivery.id,
            webhook_id=delivery.webhook_id,
            message_id=message_id,
            skipped=skipped,
        )

    def blame(self, error: Exception, delivery: Delivery) -> None:
        """Write where in our code it went wrong, without what was being sent."""
        self.meter.error(
            "delivery.attempt_failed",
            delivery_id=delivery.id,
            webhook_id=delivery.webhook_id,
            error=type(error).__name__,
            where=where(error),
        )

    def _event(self, event_type: EventType, webhook_id: str, **facts: object) -> Event:
        data = {"webhook_id": webhook_id, **facts}
        return Event(
            id=self.ids.new(Kind.EVENT),
            type=event_type,
            room=None,
            at=self.clock.now(),
            data=json.dumps(data, separators=(",", ":")),
            webhook_id=webhook_id,
        )


@lru_cache(_URLS_KEPT)
def host(url: str) -> str | None:
    """Return the host of a URL, all of it that a log may show."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
