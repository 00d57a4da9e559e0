"""The worker: a lane for each active webhook."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextvars import Context

from gateway.delivery.breaker import Circuit
from gateway.delivery.lane import Lane
from gateway.delivery.works import Works
from gateway.domain.model import Standing


class Worker:
    """Delivers what is owed, to every active webhook at its own pace.

    Args:
        works: What its lanes share.
    """

    def __init__(self, works: Works) -> None:
        self._works = works
        self._lanes: dict[str, Lane] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self._ended = asyncio.Event()
        self._ended.set()  # Until it begins.
        self._abandoned = 0
        self._has_begun = False

    @property
    def in_flight(self) -> int:
        """Requests that wait for an answer, and results that are being stored."""
        return sum(lane.in_flight for lane in self._lanes.values())

    async def run(self) -> None:
        """Deliver until drained.

        What a former process left in flight is taken over first. An error of ours that
        is not an attempt's own is raised: the process is to stop with its reason.
        """
        self._ended.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self._start(self._begin())
                await self._works.draining.wait()
                self._tasks = None
                for lane in self._lanes.values():
                    lane.wake()
        finally:
            self._tasks = None
            self._ended.set()

    def wake(self, webhook_ids: Sequence[str]) -> None:
        """Look again at webhooks that are owed something or have changed."""
        for webhook_id in webhook_ids:
            lane = self._lanes.get(webhook_id)
            if lane is not None:
                lane.wake()
            elif self._has_begun and self._is_active(webhook_id):
                self._start(self._run_lane(webhook_id))

    def restart(self, webhook_id: str) -> None:
        """Start afresh with a webhook that was enabled, and look again at it.

        Its circuit is closed, and no pause is left.
        """
        lane = self._lanes.get(webhook_id)
        if lane is not None:
            lane.restart()
        else:
            self.wake([webhook_id])

    def circuit(self, webhook_id: str) -> Circuit:
        """Return what a webhook's circuit lets through."""
        lane = self._lanes.get(webhook_id)
        return Circuit.CLOSED if lane is None else lane.circuit

    def standing(self, webhook_id: str) -> Standing | None:
        """Return how a webhook's receiver stands, if that is not just in the store."""
        lane = self._lanes.get(webhook_id)
        return None if lane is None else lane.standing

    async def drain(self, timeout_s: float) -> int:
        """Claim nothing more, and let what is in flight finish; `run` then returns.

        Returns how many attempts were cut short when the time was up. They are made
        again after the next start, under the same ids.
        """
        self._works.draining.set()
        async with asyncio.TaskGroup() as tasks:
            deadline = tasks.create_task(self._cut_after(timeout_s))
            await self._ended.wait()
            deadline.cancel()
        return self._abandoned

    async def _begin(self) -> None:
        await self._works.ledger.take_over()
        # What a lane claims before that would be taken over too, and sent twice.
        self._has_begun = True
        self._works.deliveries.on_owed(self.wake)
        self.wake([webhook.id for webhook in self._works.roster.all()])

    def _start(self, work: Coroutine[object, object, None]) -> None:
        if self._tasks is None:
            work.close()
            return
        # A context of its own: what starts a lane may be a request, whose id would
        # then stand in the lane's log lines for ever.
        task = self._tasks.create_task(work, context=Context())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run_lane(self, webhook_id: str) -> None:
        if webhook_id in self._lanes:
            return
        async with asyncio.TaskGroup() as tasks:
            lane = self._lanes[webhook_id] = Lane(webhook_id, self._works, tasks)
            await lane.run()
            if not lane.in_flight:
                # Before anything else can run: a wake from here on starts a new lane.
                del self._lanes[webhook_id]
        if self._lanes.get(webhook_id) is lane:
            del self._lanes[webhook_id]

    async def _cut_after(self, timeout_s: float) -> None:
        await self._works.clock.sleep(timeout_s)
        self._abandoned = self.in_flight
        for task in self._running:
            task.cancel()

    def _is_active(self, webhook_id: str) -> bool:
        webhook = self._works.roster.find(webhook_id)
        return webhook is not None and webhook.active
