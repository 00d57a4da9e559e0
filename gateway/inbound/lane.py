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
LONGEST_WAIT_S: Final = 5.0  # before what could not be done is tried again.


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

    @property
    def is_woken(self) -> bool:
        """Whether there may be more than it has seen."""
        return self._nudge.is_set()

    def wake(self) -> None:
        """Look again, at once if it waits to try something again."""
        self._nudge.set()

    async def run(self) -> None:
        """Say what waits until nothing does."""
        while True:
            self._nudge.clear()
            waiting = await self._waiting()
            if waiting:
                done = [await self._said(inbound) for inbound in waiting]
                await self._settle(done)
            elif not self.is_woken:
                return

    async def _waiting(self) -> Sequence[Inbound]:
        """Return the next of them; what was settled does not wait any more."""
        while True:
            try:
                return await self._inbox.waiting(self._source_id, 0, AT_A_TIME)
            except StoreUnavailable:
                await self._pause()

    async def _said(self, inbound: Inbound) -> Inbound:
        """Return what has become of a request, once something has."""
        is_told = False
        while True:
            await self._clock.sleep(0)  # Each may take its time; others have a turn.
            source = self._sources.get(self._source_id)
            try:
                return await self._utterance.of(source, inbound)
            except Unavailable as error:
                if not is_told:
                    self._utterance.hold(inbound, error)
                is_told = True
                await self._pause()

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
        async with asyncio.TaskGroup() as tasks:
            alarm = tasks.create_task(self._ring())
            await self._nudge.wait()
            alarm.cancel()

    async def _ring(self) -> None:
        await self._clock.sleep(LONGEST_WAIT_S)
        self._nudge.set()
