"""One attempt: request, outcome, verdict, and what becomes of the delivery."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import assert_never

from gateway.bridge.ports import Clock, Meter
from gateway.delivery.answers import Skipped, reply_in
from gateway.delivery.disabling import Disabling
from gateway.delivery.headers import unechoed
from gateway.delivery.notices import Notices
from gateway.delivery.ports import Due, Sender
from gateway.delivery.requests import Requests
from gateway.delivery.result import Answered, Mark, Result
from gateway.delivery.roster import Roster
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Attempt,
    Delivery,
    DeliveryState,
    ErrorClass,
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
from gateway.domain.templates import BadTemplate, TemplateFailed

TEMPLATE_ERROR = "template_error"


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
        notices: What tells of webhooks and deliveries.
    """

    requests: Requests
    sender: Sender
    roster: Roster
    clock: Clock
    rng: Random
    ids: Ids
    meter: Meter
    notices: Notices = field(init=False)

    def __post_init__(self) -> None:
        """Make once what every attempt needs."""
        notices = Notices(self.clock, self.ids, self.meter)
        object.__setattr__(self, "notices", notices)

    @property
    def disabling(self) -> Disabling:
        """What makes webhooks inactive."""
        return Disabling(self.roster, self.notices)

    async def make(self, webhook: Webhook, due: Due) -> Result:
        """Attempt a delivery once, and say what becomes of it. Nothing is raised.

        One that is older than the webhook wants is given up without an attempt. One
        that the webhook's template makes nothing of is held.
        """
        started_at = self.clock.now()
        created_at = due.delivery.created_at
        if is_too_old(webhook, created_at=created_at, now=started_at):
            dead = _dead(due.delivery, Reason.TOO_OLD, started_at)
            return Result(dead, None, self.notices.dead(due))
        try:
            outcome = await self._send(webhook, due, started_at)
        except (TemplateFailed, BadTemplate) as error:
            return _held(due.delivery, str(error))
        ended_at = self.clock.now()
        outcome, verdict = self._judge(webhook, due, outcome, ended_at)
        reply = _reply(webhook, due, outcome, verdict)
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
            response=_text(outcome.body, webhook.headers),
            reply_skipped=reply.reason if isinstance(reply, Skipped) else None,
        )
        wait = verdict.at - ended_at if isinstance(verdict, TryAgain) else None
        self.notices.attempted(webhook, attempt, wait)
        result = self._result(due, attempt, verdict, ended_at)
        if isinstance(reply, Answered):
            return replace(result, answered=reply)
        return result

    async def _send(self, webhook: Webhook, due: Due, started_at: datetime) -> Outcome:
        begun_s = self.clock.monotonic()
        try:
            request = self.requests.make(webhook, due, now=started_at)
            return await self.sender.send(request)
        except (TemplateFailed, BadTemplate):
            raise
        except Exception as error:  # noqa: BLE001  # A bug of ours must not cycle.
            self.notices.blame(error, due.delivery)
            took_s = self.clock.monotonic() - begun_s
            return _internal(error, timedelta(seconds=took_s))

    def _judge(
        self, webhook: Webhook, due: Due, outcome: Outcome, now: datetime
    ) -> tuple[Outcome, Verdict]:
        """Judge an outcome; one that cannot be judged is a failure of ours."""
        try:
            return outcome, self._verdict(webhook, due, outcome, now)
        except Exception as error:  # noqa: BLE001  # What a stranger sent broke us.
            self.notices.blame(error, due.delivery)
            internal = _internal(error, outcome.duration)
            return internal, self._verdict(webhook, due, internal, now)

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
        if isinstance(verdict, Delivered):
            return Result(delivery, attempt, mark=Mark.GOOD)
        until = verdict.pause_webhook_until
        result = Result(
            delivery,
            attempt,
            mark=_mark(attempt, verdict),
            error=attempt.detail or attempt.error_class,
            pause=None if until is None else until - now,
        )
        if isinstance(verdict, TryAgain):
            return result
        disables = verdict.reason.value if verdict.disables else None
        return replace(result, events=self.notices.dead(due), disables=disables)


def _reply(
    webhook: Webhook, due: Due, outcome: Outcome, verdict: Verdict
) -> Answered | Skipped | None:
    """Return what the receiver wants to be said to who sent the message."""
    if (
        not webhook.replies
        or not isinstance(verdict, Delivered)
        or due.event.type is not EventType.MESSAGE_RECEIVED
    ):
        return None
    reply = reply_in(outcome)
    if reply is None or isinstance(reply, Skipped):
        return reply
    return Answered(webhook, due, reply)


def _mark(attempt: Attempt, verdict: TryAgain | GiveUp) -> Mark:
    if attempt.error_class is ErrorClass.INTERNAL:
        return Mark.OURS
    if verdict.pause_webhook_until is not None:
        return Mark.BUSY
    if isinstance(verdict, GiveUp) and verdict.reason in {Reason.STOPPED, Reason.GONE}:
        return Mark.ANSWERED
    return Mark.BAD


def _after(delivery: Delivery, verdict: Verdict, now: datetime) -> Delivery:
    attempts = delivery.attempts + 1
    match verdict:
        case Delivered():
            # By hand: for each delivery there is, `replace` takes its time.
            return Delivery(
                id=delivery.id,
                webhook_id=delivery.webhook_id,
                event_id=delivery.event_id,
                event_seq=delivery.event_seq,
                state=DeliveryState.DELIVERED,
                created_at=delivery.created_at,
                attempts=attempts,
                schedule_index=delivery.schedule_index,
                finished_at=now,
                traceparent=delivery.traceparent,
                order_key=delivery.order_key,
                replay_id=delivery.replay_id,
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


def _held(delivery: Delivery, error: str) -> Result:
    """Return what becomes of a delivery for which no request could be made."""
    held = replace(
        delivery,
        state=DeliveryState.HELD,
        next_attempt_at=None,
        reason=TEMPLATE_ERROR,
    )
    return Result(held, None, mark=Mark.OURS, error=error)


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


def _text(body: bytes, own: Mapping[str, str]) -> str | None:
    """Return the start of an answer as text that any store takes: without NUL.

    What it repeats of the webhook's own headers is hidden.
    """
    if not body:
        return None
    return unechoed(body.decode("utf-8", "replace").replace("\x00", "\ufffd"), own)
