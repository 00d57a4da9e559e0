"""A webhook left alone for as long as its receiver asked."""

from datetime import timedelta


class Pause:
    """Until when nothing goes to a URL; a webhook with a new URL starts afresh."""

    def __init__(self) -> None:
        self._url = ""
        self._ends_at_s = 0.0

    def extend(self, url: str, pause: timedelta, *, now_s: float) -> None:
        """Pause for that long from now; a longer pause of the same URL stays.

        Args:
            url: The URL that was called.
            pause: What its receiver asked for.
            now_s: The present moment on a monotonic clock.
        """
        ends_at_s = now_s + pause.total_seconds()
        if url != self._url or ends_at_s > self._ends_at_s:
            self._url, self._ends_at_s = url, ends_at_s

    def left_s(self, url: str, *, now_s: float) -> float:
        """Return how many seconds are left; 0 if there is no pause."""
        return max(0.0, self._ends_at_s - now_s) if url == self._url else 0.0
