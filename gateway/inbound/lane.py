"""The lane of one source: its requests are said in their order, one after another."""

import asyncio
from collections.abc import Sequence
from typing import Final

from gateway.bridge.ports import Clock
from gateway.domain.errors import StoreUnavailable, Unavailable
from gateway.domain.model import Inbound
from gateway.inbound.ports import Inbox, Sources
from gateway.inbound.utterance import Utterance, Worded

AT_A_TIME: Final = 64  # Requests that are read at once.
LONGEST_WAIT_S: Final = 1.0  # before what could not be done is tried again.


class Lane:
    """Says what waits of one source, and ends when nothing does.

    What has to wait is not kept in memory meanwhile: it is read again.

    Args:
        source_id: The source.
        sources: Where it is.
        inbox: What came in.
        utterance: Says one request.
        clock: The time.
        turns: How many lanes hold requests in memory at a time.
    """

    def __init__(
        self,
        source_id: str,
        sources: Sources,
        inbox: Inbox,
        utterance: Utterance,
        clock: Clock,
        turns: asyncio.Semaphore,
    ) -> None:
        self._source_id = source_id
        self._sources = sources
        self._inbox = inbox
        self._utterance = utterance
        self._clock = clock
        self._turns = turns
        self._nudge = asyncio.Event()
        self._again = asyncio.Event()
        self._is_held = False
        self._is_told = False

    @property
    def is_woken(self) -> bool:
        """Whether there may be more than it has seen."""
        return self._nudge.is_set()

    def wake(self) -> None:
        """Look again before the end; what has to wait is tried no sooner for that."""
        self._nudge.set()

    def try_again(self) -> None:
        """Try at once what had to wait."""
        self._again.set()

    async def rest(self, seconds: float) -> None:
        """Return after that, or when somebody wakes us or has done so already."""
        await self._until(self._nudge, seconds)

    async def run(self) -> None:
        """Say what waits until nothing does."""
        while True:
            self._nudge.clear()
            async with self._turns:
                was_there = await self._go_on()
            if self._is_held:
                await self._pause()
            elif not was_there and not self.is_woken:
                return

    async def _go_on(self) -> bool:
        """Say what can be said of what is next; return whether there was anything.

        While it is held the next alone is tried, and the others once that was said.
        What is not to be said is settled first: after a kill, and on other terms, it
        might be said behind what came after it.
        """
        limit = 1 if self._is_held else AT_A_TIME
        waiting = await self._waiting(limit)
        self._is_held = False
        worded = await self._worded(waiting)
        source = self._sources.get(self._source_id)
        await self._settle(await self._said([w for w in worded if w.saying is None]))
        if self._sources.get(self._source_id) is source:
            await self._settle(await self._said([w for w in worded if w.saying]))
        return bool(waiting)

    async def _waiting(self, limit: int) -> Sequence[Inbound]:
        """Return the next of them; what was settled does not wait any more."""
        while True:
            try:
                return await self._inbox.waiting(self._source_id, limit)
            except StoreUnavailable:
                await self._pause()

    async def _worded(self, waiting: Sequence[Inbound]) -> Sequence[Worded]:
        """Word them all as the source is when this returns, and let others go on."""
        while True:
            source = self._sources.get(self._source_id)
            worded = []
            for inbound in waiting:
                worded.append(self._utterance.worded(source, inbound))
                await self._clock.sleep(0)
            if self._sources.get(self._source_id) is source:
                return worded

    async def _said(self, worded: Sequence[Worded]) -> Sequence[Inbound]:
        """Say what can be said at present, in order, and return what became of it.

        Nobody waits for the one before to be stored, so that they share commits. But
        all are handed over in one turn of the loop: a store that fails one of them
        fails those behind it, and can't have recovered in between. From the first
        that has to wait none is begun.
        """
        async with asyncio.TaskGroup() as tasks:
            begun = [tasks.create_task(self._say(each)) for each in worded]
        done = [end for task in begun if (end := task.result()) is not None]
        if done:
            self._is_told = False
        return done

    async def _say(self, worded: Worded) -> Inbound | None:
        """Return what has become of a request; `None` if it has to wait."""
        if self._is_held:
            return None
        try:
            return await self._utterance.of(worded)
        except Unavailable as error:
            self._is_held = True
            if not self._is_told:
                self._utterance.hold(worded.inbound, error)
            self._is_told = True
            return None

    async def _settle(self, done: Sequence[Inbound]) -> None:
        """Store what has become of them, however long the store is away."""
        left = list(done)
        while left:
            # Handed over together, so that they share a commit.
            stored = [(inbound, self._inbox.settle(inbound)) for inbound in left]
            left = []
            for inbound, future in stored:
                try:
                    await asyncio.shield(future)
                except StoreUnavailable:
                    left.append(inbound)
            if left:
                await self._pause()

    async def _pause(self) -> None:
        """Return after a while, or when what had to wait is to be tried again."""
        await self._until(self._again, LONGEST_WAIT_S)
        self._again.clear()

    async def _until(self, event: asyncio.Event, seconds: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            alarm = tasks.create_task(self._ring(event, seconds))
            await event.wait()
            alarm.cancel()

    async def _ring(self, event: asyncio.Event, seconds: float) -> None:
        await self._clock.sleep(seconds)
        event.set()
