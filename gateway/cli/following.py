"""Following the log of a running gateway: over cuts and restarts, without a gap."""

import http.client
import json
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from gateway.cli.calling import Gateway, Refused, Unanswered
from gateway.cli.explaining import reason
from gateway.cli.frames import Frame, Frames, TooLarge
from gateway.system import SystemClock, system_random

SSE: Final = "text/event-stream"
# Three pings: by then the link is dead, whatever the system thinks of it.
SILENCE_S: Final = 45.0
FIRST_S: Final = 0.5  # The longest wait before the second attempt; it doubles.
CAP_S: Final = 30.0
# A reader that was away for longer may have been closed by the gateway for it.
ABSENCE_S: Final = 10.0
PIECE_BYTES: Final = 65_536
CONTROL: Final = "stream."  # What the types of frames that are no events begin with.

_NOT_YET: Final = frozenset(
    {
        http.client.REQUEST_TIMEOUT,
        http.client.TOO_EARLY,
        http.client.TOO_MANY_REQUESTS,
    }
)
_OF_A_SERVER: Final = 500  # RFC 9110 §15.6


class Cut(Unanswered):
    """A stream ended, as each does at some time."""


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(frozen=True, slots=True)
class World:
    """What surrounds a follower.

    Attributes:
        say: Tells a person a sentence.
        pause: Waits so many seconds.
        monotonic: Seconds that only ever grow.
        rng: Source of the jitter.
    """

    say: Callable[[str], None]
    pause: Callable[[float], None] = _pause
    monotonic: Callable[[], float] = field(default=SystemClock().monotonic)
    rng: Random = field(default_factory=system_random)


class Follower:
    """Reads the log from a place on, each event once and in order.

    Args:
        gateway: Whose log.
        query: Which events: `events`, `types`, `rooms`, `from`, as its API has them.
        since: Where to begin without a cursor: a time, `earliest` or `latest`.
        world: What surrounds it.
        cursor: The place after which to begin.
    """

    def __init__(
        self,
        gateway: Gateway,
        query: Mapping[str, str | None],
        *,
        since: str,
        world: World,
        cursor: str | None = None,
    ) -> None:
        self._gateway = replace(gateway, timeout_s=SILENCE_S)
        self._query = query
        self._since = since
        self._world = world
        self._cursor = cursor
        self._setbacks = 0  # since something was heard
        self._is_told = False  # that there is an outage
        self._was_away = False  # in this visit

    def frames(self) -> Generator[Frame, None, None]:
        """Yield events for ever, and between them frames that only move the cursor.

        The place moves past a frame when the next one is asked for. Outages are told,
        each once, and so is what the gateway holds no longer.

        Raises:
            Refused: The gateway will not have it, now or later.
            Unanswered: Something else is at its address.
        """
        while True:
            least_s = 0.0
            try:
                yield from self._visit()
            except Refused as error:
                least_s = self._consider(error)
            except Unanswered as error:
                if error.status is not None and error.status < _OF_A_SERVER:
                    raise
                self._tell(error)
            ceiling_s = min(CAP_S, FIRST_S * 2.0 ** min(self._setbacks, 9))
            self._setbacks += 1
            self._world.pause(max(least_s, self._world.rng.uniform(0.0, ceiling_s)))

    def _visit(self) -> Iterator[Frame]:
        """Read until the stream ends; that is no error if we were the reason."""
        headers = {"Accept": SSE}
        since = None
        if self._cursor is None:
            since = self._since
        else:
            headers["Last-Event-ID"] = self._cursor
        self._was_away = False
        query = {**self._query, "since": since}
        with self._gateway.stream("events", headers=headers, **query) as stream:
            try:
                yield from self._read(stream)
            except Cut:
                if not self._was_away:
                    raise

    def _read(self, stream: http.client.HTTPResponse) -> Iterator[Frame]:
        frames = Frames()
        while piece := _piece(stream):
            for frame in _complete(frames, piece):
                match frame.type:
                    case "stream.lagged":
                        self._was_away = True
                    case "stream.close":
                        message = f"the gateway ends the stream ({_told(frame)})"
                        raise Cut(message)
                    case "stream.open":
                        yield from self._hand(self._opened(frame))
                    case _:
                        self._setbacks = 0
                        yield from self._hand(frame)
        message = "the stream ended"
        raise Cut(message)

    def _hand(self, frame: Frame) -> Iterator[Frame]:
        """Yield a frame, and move past it when whoever reads comes back."""
        monotonic = self._world.monotonic
        left_at = monotonic()
        yield frame
        if monotonic() - left_at > ABSENCE_S:
            self._was_away = True
        if frame.cursor is not None:
            self._cursor = frame.cursor

    def _opened(self, frame: Frame) -> Frame:
        """Tell what a stream opens with, and return its frame with a cursor."""
        opening = _object(frame.data)
        missed = opening.get("missed")
        if opening.get("recovered") is False:
            self._world.say(_missing(missed if isinstance(missed, int) else None))
        elif self._is_told:
            self._world.say("It goes on; nothing was missed.")
        self._is_told = False
        head = opening.get("head")
        is_at_head = self._cursor is None and self._since == "latest"
        if frame.cursor is None and is_at_head and isinstance(head, str):
            return replace(frame, cursor=head)
        return frame

    def _consider(self, error: Refused) -> float:
        """Return how long to wait at least; what is refused for good is raised."""
        earliest = error.problem.get("earliest")
        if error.status == http.client.GONE and isinstance(earliest, str):
            self._world.say(_missing(None))
            self._cursor = earliest
            return 0.0
        if error.status < _OF_A_SERVER and error.status not in _NOT_YET:
            raise error
        self._tell(error)
        return error.retry_after_s or 0.0

    def _tell(self, error: Exception) -> None:
        if not self._is_told:
            self._is_told = True
            self._world.say(f"{error}\n  It goes on as soon as it can.")


def _piece(stream: http.client.HTTPResponse) -> bytes:
    try:
        return stream.read1(PIECE_BYTES)
    except TimeoutError as error:
        message = f"the stream was silent for {SILENCE_S:.0f} s"
        raise Cut(message) from error
    except (OSError, http.client.HTTPException) as error:
        message = f"the stream broke off ({reason(error)})"
        raise Cut(message) from error


def _complete(frames: Frames, piece: bytes) -> Iterator[Frame]:
    try:
        yield from frames.feed(piece)
    except TooLarge as error:
        message = "there is an event larger than any gateway's: is GATEWAY_URL right?"
        raise Unanswered(message, http.client.OK) from error


def _missing(count: int | None) -> str:
    """Say that events cannot be had any more."""
    what = {None: "An unknown number of events is", 1: "1 event is"}.get(
        count, f"{count} events are"
    )
    return f"{what} missing: the gateway does not hold them any more."


def _told(frame: Frame) -> str:
    return str(_object(frame.data).get("reason", "no reason given"))


def _object(data: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
