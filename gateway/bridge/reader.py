"""One reader of the log: a cursor that moves on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from gateway.bridge.excerpts import Excerpt, Shown, Size
from gateway.bridge.places import Cursor, Start
from gateway.domain.errors import StoreUnavailable
from gateway.domain.routing import Selection

if TYPE_CHECKING:
    from collections.abc import Callable


class Reason(StrEnum):
    """Why a reading ended."""

    GONE = "gone"
    LAGGED = "lagged"
    SHUTTING_DOWN = "shutting_down"
    STORE_UNAVAILABLE = "store_unavailable"
    TIME_IS_UP = "time_is_up"


class Form(Protocol):
    """How events are written for a kind of reader."""

    def joined(self, shown: Sequence[Shown]) -> bytes:
        """Return events one after the other, as they go over the wire."""
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Events, ready to be written; shared by all who are at the same place.

    Attributes:
        count: How many events are in it.
        upto: The place that a reader is at, once it has them.
    """

    content: bytes
    count: int
    upto: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Nothing was written for long."""


@dataclass(frozen=True, slots=True)
class Ended:
    """There is no more to come."""

    reason: Reason


class Source(Protocol):
    """What readers read from."""

    epoch: str

    @property
    def high(self) -> int:
        """The last place that is committed."""
        ...

    @property
    def low(self) -> int:
        """The place after which everything is in memory."""
        ...

    async def chunk(self, place: int, wanted: Selection, form: Form) -> Chunk:
        """Return what follows a place, written; `StoreUnavailable`."""
        ...

    async def excerpt(self, place: int, wanted: Selection, size: Size) -> Excerpt:
        """Return what follows a place; `StoreUnavailable`."""
        ...

    def await_news(self, reader: "Reader") -> None:
        """Have a reader released when something follows."""
        ...

    def leave(self, reader: "Reader") -> None:
        """Let go of a reader."""
        ...


class Reader:
    """One reader of the log. It holds no events, only its place.

    Args:
        source: What it reads from.
        key_id: Whose it is.
        wanted: What it is told of.
        start: Where it begins.
        now_s: The present, as all times here in monotonic seconds.

    Attributes:
        place: It has had all that it wants up to here.
        events: How many it was given.
        on_cut: Ends a write that does not come to its end; called once at most.
    """

    __slots__ = (
        "_fell_s",
        "_is_ping_due",
        "_is_settled",
        "_reason",
        "_source",
        "_told_s",
        "_woken",
        "_writing_s",
        "events",
        "key_id",
        "on_cut",
        "place",
        "wanted",
    )

    def __init__(
        self,
        source: Source,
        key_id: str | None,
        wanted: Selection,
        start: Start,
        now_s: float,
    ) -> None:
        self.key_id = key_id
        self.wanted = wanted
        self.place = start.place
        self.events = 0
        self.on_cut: Callable[[], None] | None = None
        self._source = source
        self._reason: Reason | None = None
        self._woken: asyncio.Future[None] | None = None
        self._is_ping_due = False
        self._is_settled = False  # It has been at the head once.
        self._told_s = now_s
        self._writing_s: float | None = None
        self._fell_s: float | None = None

    @property
    def reason(self) -> Reason | None:
        """Why it ended, if it did."""
        return self._reason

    @property
    def cursor(self) -> str:
        """Where it is, as a caller may come back to."""
        return str(Cursor(self._source.epoch, self.place))

    @property
    def head(self) -> str:
        """Where the log ends, likewise."""
        return str(Cursor(self._source.epoch, self._source.high))

    async def next(self, form: Form) -> Chunk | Ping | Ended:
        """Wait for what comes next."""
        while self._reason is None:
            if self._is_ping_due:
                self._is_ping_due = False
                return Ping()
            before = self.place
            if before < self._source.high:
                try:
                    chunk = await self._source.chunk(before, self.wanted, form)
                except StoreUnavailable:
                    self.end(Reason.STORE_UNAVAILABLE)
                    continue
                self.place = chunk.upto
                if chunk.count:
                    self.events += chunk.count
                    return chunk
            if self.place == before:
                await self._news()
        return Ended(self._reason)

    async def gather(self, size: Size) -> Excerpt:
        """Return the next events as soon as there are any, or none once it ended.

        Raises:
            StoreUnavailable: The log can't be read now.
        """
        while True:
            before = self.place
            excerpt = await self._source.excerpt(before, self.wanted, size)
            self.place = excerpt.upto
            self.events += len(excerpt.shown)
            if excerpt.shown or self._reason is not None:
                return excerpt
            if self.place == before:
                await self._news()

    def writes(self, now_s: float | None) -> None:
        """Note since when something is being written; `None`: it has been.

        What is begun is what it was told last.
        """
        self._writing_s = now_s
        if now_s is not None:
            self._told_s = now_s

    def release(self) -> None:
        """Have it look again."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    def end(self, reason: Reason) -> None:
        """Give it nothing more; the first reason counts."""
        if self._reason is None:
            self._reason = reason
        self.release()

    def cut(self, reason: Reason) -> None:
        """End it even if a write hangs."""
        self.end(reason)
        if self._writing_s is not None and self.on_cut is not None:
            on_cut, self.on_cut = self.on_cut, None
            on_cut()

    def close(self) -> None:
        """Let go of it."""
        self._source.leave(self)

    def look(self, now_s: float, *, ping_s: float, lag_s: float) -> None:
        """See to it that it hears something, and that it does not lag behind.

        Args:
            now_s: The present.
            ping_s: How long it may hear nothing.
            lag_s: How long a write may hang; and how long it may read from the store
                what it should have had from memory.
        """
        if self._writing_s is not None and now_s - self._writing_s >= lag_s:
            self.cut(Reason.LAGGED)
        elif self._writing_s is None and now_s - self._told_s >= ping_s:
            self._told_s = now_s
            self._is_ping_due = True
            self.release()
        if not self._is_settled or self.place >= self._source.low:
            self._fell_s = None
        elif self._fell_s is None:
            self._fell_s = now_s
        elif now_s - self._fell_s >= lag_s:
            self.end(Reason.LAGGED)

    async def _news(self) -> None:
        self._is_settled = True
        self._woken = asyncio.get_running_loop().create_future()
        self._source.await_news(self)
        try:
            await self._woken
        finally:
            self._woken = None
