"""Replays, in memory."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.delivery.ports import Recall, Recalled, ReplayPage
from gateway.domain.errors import FieldError, Invalid, NotFound
from gateway.domain.model import (
    DeliveryState,
    Event,
    Replay,
    ReplayOnly,
    ReplayState,
)
from gateway.domain.routing import is_subscribed
from tests.fakes.memory_rows import MemoryRows

WAITING = {DeliveryState.PENDING, DeliveryState.RETRYING, DeliveryState.HELD}
UNSETTLED = {*WAITING, DeliveryState.IN_FLIGHT}
COVERED = {*UNSETTLED, DeliveryState.DELIVERED}
MOST = 1000


class MemoryReplays:
    """Replays, and what they are worked off from; `by_id` are those stored."""

    def __init__(self, store: MemoryRows) -> None:
        self._store = store
        self.by_id: dict[str, Replay] = {}

    def add(self, replay: Replay) -> asyncio.Future[None]:
        """Store a new replay."""
        return self._store.commit(lambda: self.by_id.update({replay.id: replay}))

    async def get(self, replay_id: str) -> Replay | None:
        """Return a replay, or `None`."""
        return self.by_id.get(replay_id)

    async def list(self, cursor: str | None, limit: int) -> ReplayPage:
        """Return a page. `Invalid` if the cursor is not one of ours."""
        if cursor is not None and not cursor.startswith("rpl_"):
            error = FieldError("?cursor", "Use the `next_cursor` of the page before.")
            raise Invalid(error.detail, errors=[error])
        newest_first = sorted(self.by_id.values(), key=lambda r: r.id, reverse=True)
        found = [r for r in newest_first if cursor is None or r.id < cursor]
        more = len(found) > limit
        return ReplayPage(found[:limit], found[limit - 1].id if more else None)

    async def unfinished(self) -> Sequence[Replay]:
        """Return those without `finished_at`, oldest first."""
        await self._store.commit(lambda: None)
        oldest_first = sorted(self.by_id.values(), key=lambda r: r.id)
        return [replay for replay in oldest_first if replay.finished_at is None]

    async def head(self) -> int:
        """Return the last place in the log."""
        return len(self._store.events)

    async def recall(self, replay: Replay, limit: int, *, messages: bool) -> Recall:
        """Look through the log from a replay's position on, up to its `last`."""
        reach = min(replay.position + limit, replay.last)
        stretch = self._store.events[replay.position : reach]
        found = [event for event in stretch if self._fits(event, replay)]
        known = self._store.messages_by_id if messages else {}
        return Recall(
            [Recalled(event, known.get(event.message_id or "")) for event in found],
            reach,
        )

    def _fits(self, event: Event, replay: Replay) -> bool:
        return (
            event.webhook_id != replay.target_id
            and (replay.since is None or event.at >= replay.since)
            and (replay.until is None or event.at < replay.until)
            and (replay.events is None or is_subscribed(replay.events, event.type))
            and self._is_lacking(event, replay)
        )

    def _is_lacking(self, event: Event, replay: Replay) -> bool:
        states = {
            delivery.state
            for delivery in self._store.deliveries_by_id.values()
            if delivery.event_seq == event.seq
            and delivery.webhook_id == replay.webhook_id
        }
        match replay.only:
            case ReplayOnly.ALL:
                return True
            case ReplayOnly.MISSING:
                return not states & COVERED
            case ReplayOnly.FAILED:
                return DeliveryState.DEAD in states and not states & COVERED

    async def progress(self, replay_id: str) -> Mapping[DeliveryState, int]:
        """Return how many of a replay's deliveries are in each state."""
        made = self._store.deliveries_by_id.values()
        return Counter(d.state for d in made if d.replay_id == replay_id)

    async def unsettled(self, replay_id: str) -> Mapping[DeliveryState, int]:
        """Return how many are in each state in which something may still happen."""
        counted = await self.progress(replay_id)
        return {state: n for state, n in counted.items() if state in UNSETTLED}

    def owe(
        self, replay: Replay, events: Sequence[Event], position: int
    ) -> asyncio.Future[Replay]:
        """Owe events to a replay's target, and note how far it has come."""

        def change() -> Replay:
            stored = self._stored(replay.id)
            running = stored.state is ReplayState.RUNNING
            if running and stored.position == replay.position:
                stored = self._moved(stored, events, position)
            return stored

        return self._store.commit(change)

    def _moved(self, replay: Replay, events: Sequence[Event], position: int) -> Replay:
        target = self._store.webhooks_by_id.get(replay.target_id)
        there = events if target is not None else ()
        moved = replace(replay, position=position, owed=replay.owed + len(there))
        self.by_id[replay.id] = moved
        if target is not None:
            for event in there:
                self._store.owe(event, target, replay.id)
            self._store.wake([target.id])
        return moved

    def end(self, replay_id: str, state: ReplayState) -> asyncio.Future[Replay]:
        """End a replay that runs; one that has ended keeps its state."""

        def change() -> Replay:
            replay = self._stored(replay_id)
            if replay.state is ReplayState.RUNNING:
                replay = replace(replay, state=state)
            if replay.finished_at is None:
                cancelled = replay.state is ReplayState.CANCELLED
                if not cancelled or self._take_back(replay_id):
                    replay = replace(replay, finished_at=self._store.clock.now())
            self.by_id[replay_id] = replay
            return replay

        return self._store.commit(change)

    def _take_back(self, replay_id: str) -> bool:
        """Cancel what waits; say whether nothing is open any more."""
        known = self._store.deliveries_by_id
        mine = [d for d in known.values() if d.replay_id == replay_id]
        for delivery in [d for d in mine if d.state in WAITING][:MOST]:
            known[delivery.id] = replace(
                delivery,
                state=DeliveryState.CANCELLED,
                reason="replay_cancelled",
                next_attempt_at=None,
                finished_at=self._store.clock.now(),
            )
        return not any(known[d.id].state in UNSETTLED for d in mine)

    def _stored(self, replay_id: str) -> Replay:
        replay = self.by_id.get(replay_id)
        if replay is None:
            detail = f"There is no replay {replay_id}."
            raise NotFound(detail, facts={"what": "replay"})
        return replay
