"""What a lane knows of its webhook's receiver, and what may go to it now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.delivery.breaker import Breaker, Circuit
from gateway.delivery.pace import Pace
from gateway.delivery.result import Mark, Result
from gateway.delivery.standing import (
    Failure,
    Turn,
    afresh,
    after_failure,
    after_success,
)
from gateway.domain.model import Standing, Webhook
from gateway.domain.retry import MAX_RETRY_AFTER

# Deliveries claimed before there is a slot for them: the next request need not wait
# for a commit. At most as many as there are slots, …
AHEAD = 64
# … and with a rate limit no more than may be sent within so many seconds.
SOON_S = 1.0
# A receiver may ask for pauses of a second for ever, and no attempt is spent. From the
# third in a row on each is no shorter than so many seconds, doubled with each, …
LEAST_PAUSE_S = 2.0
LONGEST_LEAST_S = 600.0  # … up to this.
_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on both clocks.

    Attributes:
        at: On the wall clock, in UTC.
        s: On the monotonic clock.
    """

    at: datetime
    s: float

    @property
    def lead_s(self) -> float:
        """How far the wall clock is ahead; it changes only when that is set."""
        return self.at.timestamp() - self.s


class Receiver:
    """A webhook's receiver: how it stands, its circuit, its pause and its pace.

    A webhook with a new URL starts afresh, and so does one that was inactive: what
    comes back from before counts no more.

    Args:
        standing: As it was kept.
        now: The present moment.
    """

    def __init__(self, standing: Standing, now: Moment) -> None:
        self.standing = standing
        self._breaker = Breaker()
        self._pace = Pace()
        self._url: str | None = None
        self._rested = False
        self._pauses = 0  # One after the other, without a success.
        self._paused_until_s = now.s
        if standing.paused_until is not None:
            # The clock may have been wrong when it was kept, or may be so now.
            left = min(standing.paused_until - now.at, MAX_RETRY_AFTER)
            self._paused_until_s += max(0.0, left.total_seconds())

    def look_at(self, webhook: Webhook) -> None:
        """Take notice of the webhook as it is now."""
        if not webhook.active:
            self._rested = True
            return
        if self._rested or webhook.url != self._url:
            if self._rested or self._url is not None:
                self.restart()
            self._url = webhook.url

    def restart(self) -> None:
        """Start afresh: it neither fails, nor is it paused, nor is its circuit open."""
        self._rested = False
        self._breaker.reset()
        self._pauses = 0
        self._paused_until_s = 0.0
        self.standing = afresh(self.standing)

    def circuit(self, now_s: float) -> Circuit:
        """Return what its circuit lets through."""
        return self._breaker.circuit(now_s=now_s)

    def wait_s(self, now_s: float) -> float:
        """Return for how many seconds nothing may go to it; 0 if something may.

        Its pace is another matter: see `pace_s`.
        """
        paused_s = self._paused_until_s - now_s
        if self._breaker.is_careful:
            paused_s = max(paused_s, self._breaker.wait_s(now_s=now_s))
        return max(0.0, paused_s)

    def width(self, webhook: Webhook, now_s: float) -> int:
        """Return how many requests may be in flight together."""
        return self._breaker.width(webhook.max_in_flight, now_s=now_s)

    def ahead(self, webhook: Webhook) -> int:
        """Return how many may be claimed besides those that are in flight."""
        return 0 if self._breaker.is_careful else min(webhook.max_in_flight, AHEAD)

    def pace_s(self, webhook: Webhook, now_s: float) -> float:
        """Return for how many seconds the rate limit lets nothing through."""
        limit = webhook.rate_limit
        return 0.0 if limit is None else self._pace.wait_s(limit, now_s=now_s)

    def soon(self, webhook: Webhook, most: int, now_s: float) -> int:
        """Return how many, at most `most`, the rate limit lets through soon."""
        if webhook.rate_limit is None:
            return most
        return min(most, self._pace.within(webhook.rate_limit, SOON_S, now_s=now_s))

    def send(self, webhook: Webhook, now_s: float) -> int:
        """Count a request; what comes of it is to be told with the era returned."""
        if webhook.rate_limit is not None:
            self._pace.spend(webhook.rate_limit, now_s=now_s)
        return self._breaker.era

    def learn(
        self, webhook: Webhook, result: Result, era: int, now: Moment
    ) -> Turn | None:
        """Take to heart what came of a request, and say what is worth telling.

        Args:
            webhook: As it was when the request was sent.
            result: What came of it.
            era: What `send` returned.
            now: When it came.
        """
        if result.mark is Mark.NONE or self._rested or webhook.url != self._url:
            return None
        match result.mark:
            case Mark.GOOD | Mark.ANSWERED:
                self._breaker.succeed(era, webhook.max_in_flight, now_s=now.s)
            case Mark.BAD:
                self._breaker.fail(era, now_s=now.s)
            case _:
                pass
        if result.mark is Mark.GOOD:
            self._pauses = 0
            self.standing, turn = after_success(self.standing, now.at)
        else:
            failure = self._failure(result, now)
            self.standing, turn = after_failure(self.standing, failure, now.at)
        return turn

    def _failure(self, result: Result, now: Moment) -> Failure:
        pause = result.pause or timedelta()
        if pause:
            if now.s >= self._paused_until_s:  # Those that come together are one.
                self._pauses += 1
            pause = max(pause, self._least_pause)
            ends_at_s = now.s + pause.total_seconds()
            self._paused_until_s = max(self._paused_until_s, ends_at_s)
        return Failure(
            error=result.error or "failed",
            is_ours=result.mark is Mark.OURS,
            paused_until=now.at + pause if pause else None,
        )

    @property
    def _least_pause(self) -> timedelta:
        doublings = min(self._pauses - 3, _DOUBLINGS)
        if doublings < 0:
            return timedelta()
        return timedelta(seconds=min(LEAST_PAUSE_S * 2**doublings, LONGEST_LEAST_S))
