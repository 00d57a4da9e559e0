"""All readers of the log: who may read, what they share, when they are woken."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.bridge.envelopes import AttachmentLinks, Envelopes
from gateway.bridge.excerpts import Excerpt, Excerpts, Size
from gateway.bridge.places import Asked, Start, start
from gateway.bridge.ports import Clock, History, Logged, Messages
from gateway.bridge.reader import Chunk, Form, Reader, Reason
from gateway.bridge.tail import MAX_BYTES, MAX_EVENTS, Tail
from gateway.domain.errors import QuotaExceeded, ShuttingDown
from gateway.domain.routing import Selection

CHUNK: Final = Size(events=256, size_bytes=49_152)  # With its frames under 64 KiB.
CHUNKS_SHARED: Final = 32
TOGETHER: Final = 64  # Readers that are released before others have their turn.
SHARE_S: Final = 0.000_25  # Some ten times what a reader takes of a wave.
RETRY_S: Final = 5


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How readers are treated.

    Attributes:
        per_key: Most readers at a time with one key.
        ping_s: How long a reader may hear nothing.
        lag_s: How long it may hang, or be behind.
        linger_s: How long the tail is held for readers that may come back.
        few: As many readers are each told of each commit at once.
        wave_s: How long many are left alone, at most, after they were told.
        farewell_s: How long a last word may take.
        pulse_s: How often each of them is looked at: what counts in time is as much
            too late at most.
        tail_events: Most events that are held in memory for all of them.
        tail_bytes: Most bytes that these take, about.
    """

    per_key: int = 50
    ping_s: float = 15.0
    lag_s: float = 30.0
    linger_s: float = 60.0
    few: int = 16
    wave_s: float = 0.05
    farewell_s: float = 0.3
    pulse_s: float = 1.0
    tail_events: int = MAX_EVENTS
    tail_bytes: int = MAX_BYTES


class Streams:
    """Gives readers what follows their places, while it runs.

    Args:
        history: The log.
        messages: Where attachments are.
        links: Makes the addresses of large ones.
        clock: The time.
        draining: Set when the gateway is stopping.
        options: How readers are treated.
    """

    def __init__(
        self,
        history: History,
        messages: Messages,
        links: AttachmentLinks,
        clock: Clock,
        draining: asyncio.Event,
        options: StreamOptions | None = None,
    ) -> None:
        self.epoch = history.epoch
        self._history = history
        self._clock = clock
        self._draining = draining
        self._options = options = options or StreamOptions()
        self._tail = Tail(history.head, options.tail_events, options.tail_bytes)
        self._excerpts = Excerpts(history, self._tail, Envelopes(messages, links))
        self._readers: dict[Reader, bool] = {}  # And whether it is counted.
        self._per_key: Counter[str | None] = Counter()
        self._waiting: set[Reader] = set()
        self._chunks: dict[tuple[int, Selection, Form], Chunk] = {}
        self._news = asyncio.Event()
        self._left_s = clock.monotonic()
        self._appended = self._erased = 0  # How often something was.
        # What ends that we are told of each commit; nobody is while nobody reads.
        self._unfollow: Callable[[], None] | None = None

    @property
    def high(self) -> int:
        """The last place that is committed."""
        return self._history.head

    @property
    def low(self) -> int:
        """The place after which everything is in memory."""
        return self._tail.low

    def __len__(self) -> int:
        return len(self._readers)

    async def start(self, asked: Asked) -> Start:
        """Find where a reader begins; `StoreUnavailable`."""
        return await start(self._history, asked)

    async def earliest(self) -> int:
        """Return the place after which nothing is missing; `StoreUnavailable`."""
        return await self._history.earliest()

    def open(
        self,
        key_id: str | None,
        wanted: Selection,
        begin: Start,
        *,
        is_counted: bool = True,
    ) -> Reader:
        """Let somebody read, until they close what is returned.

        Args:
            key_id: Whose key it is.
            wanted: What they are told of.
            begin: Where they begin.
            is_counted: Whether it stays open for long, of which a key may have so many.

        Raises:
            QuotaExceeded: The key has as many readers as it may have.
            ShuttingDown: The gateway is stopping.
        """
        if self._draining.is_set():
            message = "The gateway is stopping."
            raise ShuttingDown(message)
        most = self._options.per_key
        if is_counted and self._per_key[key_id] >= most:
            detail = (
                f"{most} streams and waiting polls are open with this key, which is as "
                "many as there may be. Close one, or raise GATEWAY_STREAMS_PER_KEY."
            )
            raise QuotaExceeded(detail, retry_after_s=RETRY_S, facts={"limit": most})
        self._follow()
        reader = Reader(self, key_id, wanted, begin, self._clock.monotonic())
        self._readers[reader] = is_counted
        self._per_key[key_id] += is_counted
        return reader

    def leave(self, reader: Reader) -> None:
        """Let go of a reader."""
        if reader not in self._readers:
            return
        self._per_key[reader.key_id] -= self._readers.pop(reader)
        if not self._per_key[reader.key_id]:
            del self._per_key[reader.key_id]
        self._waiting.discard(reader)
        self._left_s = self._clock.monotonic()

    def await_news(self, reader: Reader) -> None:
        """Have a reader released when something follows."""
        self._waiting.add(reader)

    async def excerpt(self, place: int, wanted: Selection, size: Size) -> Excerpt:
        """Return what follows a place; `StoreUnavailable`."""
        return await self._excerpts.after(place, wanted, size)

    async def chunk(self, place: int, wanted: Selection, form: Form) -> Chunk:
        """Return what follows a place, written; `StoreUnavailable`."""
        key = (place, wanted, form)
        chunk = self._chunks.get(key)
        if chunk is not None:
            return chunk
        is_shared = self._tail.holds(place)
        appended, erased = self._appended, self._erased
        excerpt = await self._excerpts.after(place, wanted, CHUNK)
        while erased != self._erased:  # It may be in there.
            erased = self._erased
            excerpt = await self._excerpts.after(place, wanted, CHUNK)
        content = form.joined(excerpt.shown) if excerpt.shown else b""
        chunk = Chunk(content, len(excerpt.shown), excerpt.upto)
        if is_shared and appended == self._appended:
            if len(self._chunks) >= CHUNKS_SHARED:
                self._chunks.clear()
            self._chunks[key] = chunk
        return chunk

    async def run(self) -> None:
        """Wake readers, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._make_waves())
            tasks.create_task(self._look_after())
            tasks.create_task(self._say_farewell())

    def _follow(self) -> None:
        """Hold the end of the log from now on, for whoever reads it."""
        if self._unfollow is None:
            self._tail.begin_at(self._history.head)
            self._unfollow = self._history.follow(self._told, self._forgotten)

    def _rest(self) -> None:
        """Hold nothing, until somebody reads again."""
        if self._unfollow is not None:
            self._unfollow()
            self._unfollow = None
            self._tail.begin_at(self._history.head)
            self._appended += 1  # Whatever follows, we are not told of it.
            self._erased += 1
            self._chunks.clear()

    def _told(self, appended: Sequence[Logged]) -> None:
        self._tail.add(appended)
        self._appended += 1
        self._chunks.clear()
        if self._waiting:
            self._news.set()

    def _forgotten(self, message_ids: Sequence[str]) -> None:
        self._tail.forget(message_ids)
        self._erased += 1
        self._chunks.clear()

    async def _make_waves(self) -> None:
        """Release who waits: at once, and then not for a while if they are many.

        A core writes some 30 000 times a second: what many readers get has to be
        gathered up, and between two waves others have their turn.
        """
        while True:
            await self._news.wait()
            self._news.clear()
            waiting = list(self._waiting)
            self._waiting.clear()
            for first in range(0, len(waiting), TOGETHER):
                for reader in waiting[first : first + TOGETHER]:
                    reader.release()
                await self._clock.sleep(0)
            many = len(self._readers)
            if many > self._options.few:
                await self._clock.sleep(min(self._options.wave_s, many * SHARE_S))

    async def _look_after(self) -> None:
        options = self._options
        while True:
            await self._clock.sleep(options.pulse_s)
            now_s = self._clock.monotonic()
            for reader in list(self._readers):
                reader.look(now_s, ping_s=options.ping_s, lag_s=options.lag_s)
            if not self._readers and now_s - self._left_s >= options.linger_s:
                self._rest()

    async def _say_farewell(self) -> None:
        await self._draining.wait()
        for reader in list(self._readers):
            reader.end(Reason.SHUTTING_DOWN)
        await self._clock.sleep(self._options.farewell_s)
        for reader in list(self._readers):
            reader.cut(Reason.SHUTTING_DOWN)
