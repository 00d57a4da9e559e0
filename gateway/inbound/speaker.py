"""The speaker: says what came in, of each source in order."""

import asyncio
from functools import partial
from typing import Final

from gateway.bridge.ports import Clock, Meter
from gateway.domain.bugs import where
from gateway.domain.errors import StoreUnavailable
from gateway.inbound.lane import Lane
from gateway.inbound.ports import Inbox, Sources, Voice
from gateway.inbound.utterance import Utterance
from gateway.inbound.wording import Sizes

# A bug of ours is tried again, and does not fill the log.
AFTER_FAILURE_S: Final = 60.0
ASKED_AGAIN_S: Final = 1.0  # after a store that could not be read
AT_ONCE: Final = 8  # Lanes that hold requests in memory: 4 MiB of bodies each.


class Speaker:
    """Says what was accepted, each once, however often the gateway is stopped.

    The requests of one source are said in their order, each source by itself: what
    cannot be said at present holds back the later ones of its own source alone.

    Args:
        sources: The sources.
        inbox: What came in.
        voice: Says it.
        clock: The time.
        meter: Told what became of each.
        sizes: How much a room takes.
    """

    def __init__(
        self,
        sources: Sources,
        inbox: Inbox,
        voice: Voice,
        *,
        clock: Clock,
        meter: Meter,
        sizes: Sizes | None = None,
    ) -> None:
        self._sources = sources
        self._inbox = inbox
        self._clock = clock
        self._meter = meter
        self._voice = voice
        self._utterance = Utterance(voice, clock, meter, sizes or Sizes())
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._lanes: dict[str, Lane] = {}
        self._woken: set[str] = set()
        self._rung = asyncio.Event()
        voice.watch(self._try_again)

    def wake(self, source_id: str) -> None:
        """Look at once whether something waits of a source."""
        lane = self._lanes.get(source_id)
        if lane is not None:
            lane.wake()
            return
        self._woken.add(source_id)
        self._rung.set()

    async def run(self) -> None:
        """Say what waits, and what comes, until cancelled."""
        await self._take_up()
        # A source that was deleted may have left something, too.
        for source in self._sources.known():
            self.wake(source.id)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._rung.wait()
                self._rung.clear()
                for source_id in sorted(self._woken):
                    self._lanes[source_id] = lane = self._lane(source_id)
                    task = tasks.create_task(self._run(source_id, lane))
                    task.add_done_callback(partial(self._ended, source_id))
                self._woken.clear()

    async def _take_up(self) -> None:
        """Have what a former process left in the outbox count as its sources' own."""
        while True:
            try:
                left = await self._inbox.in_outbox()
            except StoreUnavailable:
                await self._clock.sleep(ASKED_AGAIN_S)
                continue
            for one in left:
                self._voice.take_up(one)
            return

    async def _run(self, source_id: str, lane: Lane) -> None:
        while not await self._is_done(source_id, lane):
            await lane.rest(AFTER_FAILURE_S)

    async def _is_done(self, source_id: str, lane: Lane) -> bool:
        """Say what waits of a source; return whether that went well."""
        try:
            await lane.run()
        except Exception as error:  # noqa: BLE001  # Or it stops the other sources.
            self._meter.error(
                "inbound.failed",
                source_id=source_id,
                inbound_id=None,
                error=type(error).__name__,
                where=where(error),
            )
            return False
        return True

    def _lane(self, source_id: str) -> Lane:
        return Lane(
            source_id,
            self._sources,
            self._inbox,
            self._utterance,
            self._clock,
            self._turns,
        )

    def _ended(self, source_id: str, _: asyncio.Task[None]) -> None:
        lane = self._lanes.pop(source_id)
        if lane.is_woken:
            self.wake(source_id)

    def _try_again(self) -> None:
        for lane in self._lanes.values():
            lane.try_again()
