"""The pace that a webhook allows: so many requests a second, and so many at once."""

from gateway.domain.model import RateLimit

# Less than this is no time at all: a sum of floats may end up that far off.
_NOTHING_S = 1e-6


class Pace:
    """Spaces requests by a rate limit; one that changes starts anew, with its burst.

    In any stretch of time no more are let through than `burst`, and `per_second` for
    each second of it. Nothing is counted but what was sent.

    Source: the generic cell rate algorithm, ITU-T I.371, in its form of
    virtual scheduling.
    """

    def __init__(self) -> None:
        self._limit: RateLimit | None = None
        self._arrives_at_s = 0.0  # When the next would come if all came evenly.

    def wait_s(self, limit: RateLimit, *, now_s: float) -> float:
        """Return for how many seconds nothing may be sent; 0 if it may be now.

        Args:
            limit: The limit as it is now.
            now_s: The present moment on a monotonic clock.
        """
        self._turn_to(limit, now_s)
        wait_s = self._arrives_at_s - _leeway_s(limit) - now_s
        return wait_s if wait_s > _NOTHING_S else 0.0

    def within(self, limit: RateLimit, seconds: float, *, now_s: float) -> int:
        """Return how many may be sent from now until so many seconds later."""
        self._turn_to(limit, now_s)
        ahead_s = max(self._arrives_at_s, now_s) - now_s
        left_s = seconds + _NOTHING_S + _leeway_s(limit) - ahead_s
        return max(0, int(left_s * limit.per_second) + 1) if left_s >= 0 else 0

    def spend(self, limit: RateLimit, *, now_s: float) -> None:
        """Count one that is being sent."""
        self._turn_to(limit, now_s)
        self._arrives_at_s = max(self._arrives_at_s, now_s) + 1 / limit.per_second

    def _turn_to(self, limit: RateLimit, now_s: float) -> None:
        if limit != self._limit:
            self._limit = limit
            self._arrives_at_s = now_s


def _leeway_s(limit: RateLimit) -> float:
    """Return how much earlier than evenly one may come."""
    return (limit.burst - 1) / limit.per_second
