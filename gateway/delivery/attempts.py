"""One attempt: request, outcome, verdict, and what becomes of the delivery."""

import json
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random
from typing import assert_never
from urllib.parse import urlsplit

from gateway.bridge.ports import Clock, Meter
from gateway.delivery.ports import Due, Sender
from gateway.delivery.requests import Requests
from gateway.delivery.roster import Roster
from gateway.domain.errors import NotFound
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    ErrorClass,
    Event,
    EventType,
    Outcome,
    Webhook,
)
from gateway.domain.retry import (
    Delivered,
    GiveUp,
    Reason,
    TryAgain,
    Verdict,
    is_too_old,
    judge,
)

# Deliveries of these emit no events, or a dead webhook would fill the log by itself.
_SILENT = ("webhook.", "delivery.")

_URLS_KEPT = 4096  # Webhooks of which the host need not be found at each attempt.


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attempt.

    Attributes:
        delivery: The delivery as it is from now on.
        attempt: What to keep of the attempt; `None` if it was not worth one.
        events: What to tell others.
        pause: For how long the whole webhook is to be left alone.
        disables: Whether the webhook asked never to be called again.
    """

    delivery: Delivery
    attempt: Attempt | None
    events: tuple[Event, ...] = ()
    pause: timedelta | None = None
    disables: bool = False


@dataclass(frozen=True, slots=True)
class Attempts:
    """Makes attempts.

    Attributes:
        requests: Makes the request.
        sender: Sends it.
        roster: Where a webhook that is gone is made inactive.
        clock: The time.
        rng: Source of the jitter.
        ids: Mints the ids of attempts and events.
        meter: Gets one `delivery.attempted` for each attempt.
    """

    requests: Requests
    sender: Sender
    roster: Roster
    clock: Clock
    rng: Random
    ids: Ids
    meter: Meter

    async def make(self, webhook: Webhook, due: Due) -> Result:
        """Attempt a delivery once, and say what becomes of it. Nothing is raised.

        One that is older than the webhook wants is given up without an attempt.
        """
        started_at = self.clock.now()
        created_at = due.delivery.created_at
        if is_too_old(webhook, created_at=created_at, now=started_at):
            dead = _dead(due.delivery, Reason.TOO_OLD, started_at)
            return Result(dead, None, self._epitaph(due))
        outcome = await self._send(webhook, due, started_at)
        ended_at = self.clock.now()
        verdict = self._judge(webhook, due, outcome, ended_at)
        attempt = Attempt(
            id=self.ids.new(Kind.ATTEMPT),
            delivery_id=due.delivery.id,
            number=due.delivery.attempts + 1,
            started_at=started_at,
            duration=outcome.duration,
            status=outcome.status,
            error_class=outcome.error_class,
            detail=outcome.detail,
            verdict=_name(verdict),
            response=_text(outcome.body),
        )
        self._log(webhook, attempt, verdict, ended_at)
        return self._result(due, attempt, verdict, ended_at)

    async def disable(self, webhook_id: str, result: Result) -> None:
        """Make a webhook inactive because it is gone, and tell of it, once."""

        def edit(webhook: Webhook) -> Webhook:
            if not webhook.active:
                return webhook
            return replace(
                webhook,
                active=False,
                disabled_reason="gone",
                updated_at=self.clock.now(),
            )

        def tell(webhook: Webhook) -> Event:
            self.meter.warning("webhook.disabled", webhook_id=webhook.id, reason="gone")
            data = {"webhook_id": webhook.id, "reason": "gone"}
            return self._event(
                EventType.WEBHOOK_DISABLED,
                {**data, "delivery_id": result.delivery.id},
                webhook.id,
            )

        try:
            await self.roster.change(webhook_id, edit, tell=tell)
        except NotFound:
            return  # It was deleted meanwhile.

    async def _send(self, webhook: Webhook, due: Due, started_at: datetime) -> Outcome:
        begun_s = self.clock.monotonic()
        try:
            request = self.requests.make(webhook, due, now=started_at)
            return await self.sender.send(request)
        except Exception as error:  # noqa: BLE001  # A bug of ours must not cycle.
            self._blame(error, due)
            took_s = self.clock.monotonic() - begun_s
            return _internal(error, timedelta(seconds=took_s))

    def _judge(
        self, webhook: Webhook, due: Due, outcome: Outcome, now: datetime
    ) -> Verdict:
        try:
            return self._verdict(webhook, due, outcome, now)
        except Exception as error:  # noqa: BLE001  # What a stranger sent broke us.
            self._blame(error, due)
            internal = _internal(error, outcome.duration)
            return self._verdict(webhook, due, internal, now)

    def _verdict(
        self, webhook: Webhook, due: Due, outcome: Outcome, now: datetime
    ) -> Verdict:
        return judge(
            outcome,
            webhook=webhook,
            schedule_index=due.delivery.schedule_index,
            created_at=due.delivery.created_at,
            now=now,
            rng=self.rng,
        )

    def _result(
        self, due: Due, attempt: Attempt, verdict: Verdict, now: datetime
    ) -> Result:
        delivery = _after(due.delivery, verdict, now)
        match verdict:
            case Delivered():
                return Result(delivery, attempt)
            case TryAgain(pause_webhook_until=until):
                pause = None if until is None else until - now
                return Result(delivery, attempt, pause=pause)
            case GiveUp(disables=disables):
                return Result(delivery, attempt, self._epitaph(due), disables=disables)
            case _:
                assert_never(verdict)

    def _epitaph(self, due: Due) -> tuple[Event, ...]:
        """Return what to tell of a delivery that is given up."""
        if due.event.type.startswith(_SILENT):
            return ()
        delivery = due.delivery
        data = {
            "delivery_id": delivery.id,
            "webhook_id": delivery.webhook_id,
            "event_id": delivery.event_id,
        }
        event = self._event(EventType.DELIVERY_DEAD, data, delivery.webhook_id)
        return (event,)

    def _event(
        self, event_type: EventType, data: Mapping[str, str], webhook_id: str
    ) -> Event:
        return Event(
            id=self.ids.new(Kind.EVENT),
            type=event_type,
            room=None,
            at=self.clock.now(),
            data=json.dumps(data, separators=(",", ":")),
            webhook_id=webhook_id,
        )

    def _log(
        self, webhook: Webhook, attempt: Attempt, verdict: Verdict, now: datetime
    ) -> None:
        next_s = None
        if isinstance(verdict, TryAgain):
            next_s = round((verdict.at - now).total_seconds(), 3)
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

    def _blame(self, error: Exception, due: Due) -> None:
        """Say where in our code it went wrong, without what was being sent."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].name}:{frames[-1].lineno}" if frames else None
        self.meter.error(
            "delivery.attempt_failed",
            delivery_id=due.delivery.id,
            webhook_id=due.delivery.webhook_id,
            error=type(error).__name__,
            where=where,
        )


@lru_cache(_URLS_KEPT)
def host(url: str) -> str | None:
    """Return the host of a URL, all of it that a log may show."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _after(delivery: Delivery, verdict: Verdict, now: datetime) -> Delivery:
    attempts = delivery.attempts + 1
    match verdict:
        case Delivered():
            return replace(
                delivery,
                state=DeliveryState.DELIVERED,
                attempts=attempts,
                next_attempt_at=None,
                finished_at=now,
                reason=None,
            )
        case TryAgain():
            return replace(
                delivery,
                state=DeliveryState.RETRYING,
                attempts=attempts,
                schedule_index=verdict.schedule_index,
                next_attempt_at=verdict.at,
            )
        case GiveUp():
            return replace(_dead(delivery, verdict.reason, now), attempts=attempts)
        case _:
            assert_never(verdict)


def _dead(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    return replace(
        delivery,
        state=DeliveryState.DEAD,
        next_attempt_at=None,
        finished_at=now,
        reason=reason,
    )


def _name(verdict: Verdict) -> str:
    match verdict:
        case Delivered():
            return "delivered"
        case TryAgain():
            return "try_again"
        case GiveUp():
            return "give_up"
        case _:
            assert_never(verdict)


def _internal(error: Exception, duration: timedelta) -> Outcome:
    detail = f"The gateway itself failed ({type(error).__name__}); its log says where."
    return Outcome(None, ErrorClass.INTERNAL, duration, detail)


def _text(body: bytes) -> str | None:
    """Return the start of an answer as text that any store takes: without NUL."""
    if not body:
        return None
    return body.decode("utf-8", "replace").replace("\x00", "\ufffd")
