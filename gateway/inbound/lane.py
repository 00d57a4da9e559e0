"""The lane of one source: its requests are said in their order, one after another."""

import asyncio
from collections.abc import Sequence
from typing import Final

from gateway.bridge.ports import Clock
from gateway.domain.errors import StoreUnavailable, Unavailable
from gateway.domain.model import Inbound
from gateway.inbound.ports import Inbox, Sources
from gateway.inbound.utterance import Utterance

AT_A_TIME: Final = 64  # Requests that are read at once.
LONGEST_WAIT_S: Final = 1.0  # before what could not be done is tried again.


class Lane:
    """Says what waits of one source, and ends when nothing does.

    Args:
        source_id: The source.
        sources: Where it is.
        inbox: What came in.
        utterance: Says one request.
        clock: The time.
    """

    def __init__(
        self,
        source_id: str,
        sources: Sources,
        inbox: Inbox,
        utterance: Utterance,
        clock: Clock,
    ) -> None:
        self._source_id = source_id
        self._sources = sources
        self._inbox = inbox
        self._utterance = utterance
        self._clock = clock
        self._nudge = asyncio.Event()
        self._is_held = False
        self._is_told = False

    @property
    def is_woken(self) -> bool:
        """Whether there may be more than it has seen."""
        return self._nudge.is_set()

    def wake(self) -> None:
        """Look again, at once if it waits to try something again."""
        self._nudge.set()

    async def rest(self, seconds: float) -> None:
        """Return after that, or when somebody wakes us or has done so already."""
        async with asyncio.TaskGroup() as tasks:
            alarm = tasks.create_task(self._ring(seconds))
            await self._nudge.wait()
            alarm.cancel()

    async def run(self) -> None:
        """Say what waits until nothing does."""
        while True:
            self._nudge.clear()
            left = await self._waiting()
            if not left and not self.is_woken:
                return
            while left:
                done, left = await self._said(left)
                await self._settle(done)
                if left:
                    await self._pause()

    async def _waiting(self) -> Sequence[Inbound]:
        """Return the next of them; what was settled does not wait any more."""
        while True:
            try:
                return await self._inbox.waiting(self._source_id, 0, AT_A_TIME)
            except StoreUnavailable:
                await self._pause()

    async def _said(
        self, waiting: Sequence[Inbound]
    ) -> tuple[Sequence[Inbound], Sequence[Inbound]]:
        """Say what can be said at present, in order.

        Nobody waits for the one before to be stored, so that they share commits. From
        the first that has to wait none is begun.

        Returns:
            Those of which something has become, and those that are left.
        """
        self._is_held = False
        begun: list[asyncio.Task[Inbound | None]] = []
        async with asyncio.TaskGroup() as tasks:
            for inbound in waiting:
                begun.append(tasks.create_task(self._say(inbound)))
                await self._clock.sleep(0)  # It begins before the next does.
                if self._is_held:
                    break
        ends = [task.result() for task in begun]
        done = [end for end in ends if end is not None]
        held = [each for each, end in zip(waiting, ends, strict=False) if end is None]
        if done:
            self._is_told = False
        return done, [*held, *waiting[len(ends) :]]

    async def _say(self, inbound: Inbound) -> Inbound | None:
        """Return what has become of a request; `None` if it has to wait."""
        if self._is_held:
            return None
        source = self._sources.get(self._source_id)
        try:
            return await self._utterance.of(source, inbound)
        except Unavailable as error:
            self._is_held = True
            if not self._is_told:
                self._utterance.hold(inbound, error)
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
        """Return after a while, or when somebody wakes us."""
        self._nudge.clear()
        await self.rest(LONGEST_WAIT_S)

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._nudge.set()
