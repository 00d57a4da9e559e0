"""No seam: whatever happens, a reader gets the log, in order and once."""

import asyncio
from random import Random

from hypothesis import given, settings, strategies as st
from typing_extensions import override

from gateway.bridge.places import Cursor
from gateway.bridge.ports import Stretch
from gateway.bridge.reader import Chunk, Reader
from gateway.bridge.streams import StreamOptions, Streams
from gateway.domain.model import EventType
from gateway.domain.routing import EVERYTHING, Selection
from tests.fakes.clock import settle
from tests.fakes.links import FakeLinks
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.places import Places
from tests.fakes.reading_log import ReadLog, reading

READERS = 3
OPTIONS = StreamOptions(few=1, tail_events=3, linger_s=0)
MESSAGES = Selection(events=("message.received",))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("say", "happen", "carry")), st.integers(1, 6)),
        st.tuples(st.just("turns"), st.integers(1, 9)),
        st.tuples(st.just("cut"), st.integers(0, READERS - 1)),
        st.tuples(st.just("erase"), st.integers(0, 50)),
        st.tuples(st.just("pass"), st.just(1)),
    ),
    max_size=25,
)


class SlowHistory(MemoryHistory):
    """A log whose pages take their time, so that more is appended meanwhile."""

    @override
    async def read(self, after: int, wanted: Selection, limit: int) -> Stretch:
        """Return a page after a while, and a while after it was read."""
        await settle(2)
        found = await super().read(after, wanted, limit)
        await settle(2)
        return found


class Follower:
    """Reads on, and comes back to its cursor whenever it is cut off."""

    def __init__(self, streams: Streams, wanted: Selection, rng: Random) -> None:
        self.heard: list[int] = []
        self._streams = streams
        self._wanted = wanted
        self._rng = rng
        self._place = 0
        self._reading: asyncio.Task[None] | None = None

    async def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Read from where it is."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        cursor = Cursor(self._streams.epoch, self._place)
        start = await self._streams.start(cursor)
        assert start.is_recovered
        reader = self._streams.open(None, self._wanted, start)
        self._reading = tasks.create_task(self._read(reader))

    async def _read(self, reader: Reader) -> None:
        try:
            form = Places()
            while True:
                following = await reader.next(form)
                if isinstance(following, Chunk):
                    await self._take(following, reader)
                elif not self._rng.randrange(2):  # A ping that came through.
                    self._place = reader.place
        finally:
            reader.close()

    async def _take(self, chunk: Chunk, reader: Reader) -> None:
        """Take its events one after the other: it may be cut off between them."""
        for place in map(int, chunk.content.split()):
            self.heard.append(place)
            self._place = place
            if not self._rng.randrange(3):
                await settle(1)
        assert self._place <= reader.place

    def stop(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()


async def course(steps: list[tuple[str, int]], rng: Random) -> None:
    """Have things happen to a log that is read, and look at what was heard."""
    log = ReadLog()
    history = SlowHistory(log.store)
    log.streams = Streams(
        history, log.store.messages, FakeLinks(), log.clock, log.draining, OPTIONS
    )
    wants = (EVERYTHING, MESSAGES, EVERYTHING)
    followers = [Follower(log.streams, wanted, rng) for wanted in wants]
    async with reading(log), asyncio.TaskGroup() as tasks:
        for follower in followers:
            await follower.begin(tasks)
        for what, how in steps:
            await step(log, what, how)
            if what == "cut":
                await followers[how].begin(tasks)
        for _ in range(8):
            await settle()
            await log.clock.advance(1)
        for follower in followers:
            follower.stop()
    said = [e.seq for e in log.store.events if e.type is EventType.MESSAGE_RECEIVED]
    everything = list(range(1, len(log.store.events) + 1))
    assert [each.heard for each in followers] == [everything, said, everything]


async def step(log: ReadLog, what: str, how: int) -> None:
    """Have one thing happen."""
    match what:
        case "say" | "carry":
            # Of the large ones, few fit into what is written at a time.
            is_large = what == "carry"
            for _ in range(how):
                await log.say("x" * 20_000 * is_large, attachment=b"abc" * is_large)
        case "happen":
            await log.happen(*[EventType.ROOM_CONNECTED] * how)
        case "turns":
            await settle(how)
        case "pass":
            await log.clock.advance(1)
        case "erase" if log.store.messages_by_id:
            held = list(log.store.messages_by_id)
            await log.store.messages.erase(held[how % len(held)])


@given(STEPS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_a_reader_gets_the_log_in_order_and_once(
    steps: list[tuple[str, int]], rng: Random
) -> None:
    """Commits, cuts, erasures, a tail of three events, and pages that are slow."""
    with asyncio.Runner(debug=False) as runner:
        runner.run(course(steps, rng))
