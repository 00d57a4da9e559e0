"""The replayer: works off the replays that run, a step of each at a time."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from gateway.bridge.ports import Clock, Meter
from gateway.delivery.bell import Bell
from gateway.delivery.patience import Patience
from gateway.delivery.ports import Replays
from gateway.delivery.replays import log_cancelled, look
from gateway.delivery.roster import Roster
from gateway.domain.bugs import where
from gateway.domain.errors import NotFound, Unavailable
from gateway.domain.model import DeliveryState, Replay, ReplayState, Webhook

# Deliveries of replays that wait for one webhook. They are due before whatever happens
# next, which has to wait for them.
OPEN_MOST = 500
ROOM_LEAST = 100  # Below it, a step is not worth its commit.
LOOK_EVERY_S = 1.0

# Not tried yet; a retry has its own time, and nobody needs to wait for it.
UNTRIED = (DeliveryState.PENDING, DeliveryState.IN_FLIGHT, DeliveryState.HELD)

Open = Mapping[DeliveryState, int]


class Pace(Enum):
    """When to look again."""

    AT_ONCE = "at_once"
    LATER = "later"
    WHEN_TOLD = "when_told"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a replay stands at the beginning of a round.

    Attributes:
        open: Its deliveries that have not come to their end.
        share: How many may be made now.
    """

    replay: Replay
    open: Open
    share: int = 0

    @property
    def is_asking(self) -> bool:
        """Whether there is more to be made of it."""
        replay = self.replay
        running = replay.state is ReplayState.RUNNING
        return running and replay.position < replay.last


class Replayer:
    """Owes what replays have found, never much at a time.

    At most 500 deliveries of replays are open per webhook, so that an event of the
    present does not wait behind a year of the past. Where it is, is in the store: a
    start goes on from there.

    Args:
        replays: The replays, and the log.
        roster: The webhooks.
        patience: Waits for the store.
        clock: The time.
        meter: Told of their ends.
    """

    def __init__(
        self,
        replays: Replays,
        roster: Roster,
        patience: Patience,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._replays = replays
        self._roster = roster
        self._patience = patience
        self._clock = clock
        self._meter = meter
        self._bell: Bell | None = None

    def wake(self) -> None:
        """Look at once whether there is something to do."""
        if self._bell is not None:
            self._bell.ring()

    async def run(self) -> None:
        """Work off replays until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._bell = Bell(self._clock, tasks)
            while True:
                pace = await self._patience.insist(self._round, what="replay")
                if pace is Pace.AT_ONCE:
                    continue
                if pace is Pace.LATER:
                    self._bell.ring_in(LOOK_EVERY_S)
                await self._bell.wait()

    async def _round(self) -> Pace:
        """Take one step of each replay that can take one."""
        stands = [
            Stand(replay, await self._replays.unsettled(replay.id))
            for replay in await self._replays.unfinished()
        ]
        moved = [await self._attend(stand) for stand in shared(stands)]
        if any(moved):
            return Pace.AT_ONCE
        return Pace.LATER if stands else Pace.WHEN_TOLD

    async def _attend(self, stand: Stand) -> bool:
        try:
            return await self._go_on(stand)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # Or it stops us at every start.
            self._meter.error(
                "replay.failed",
                replay_id=stand.replay.id,
                error=type(error).__name__,
                where=where(error),
            )
            with suppress(NotFound):
                await self._cancel(stand.replay, reason="failed")
            return False

    async def _go_on(self, stand: Stand) -> bool:
        """Take a step, if there is one to take; say whether there was."""
        replay = stand.replay
        if replay.state is ReplayState.CANCELLED:
            await self._replays.end(replay.id, ReplayState.CANCELLED)
            return False
        target = self._roster.find(replay.target_id)
        if target is None:
            await self._cancel(replay, reason="webhook_deleted")
            return False
        if replay.position >= replay.last:
            if not any(stand.open.get(state) for state in UNTRIED):
                await self._finish(replay)
            return False
        if not target.active or not stand.share:
            return False
        return await self._step(stand, target)

    async def _step(self, stand: Stand, target: Webhook) -> bool:
        reach, found = await look(self._replays, stand.replay, target)
        taken = found[: stand.share]
        if len(taken) < len(found):
            reach = taken[-1].event.seq
        events = [each.event for each in taken]
        await self._replays.owe(stand.replay, events, reach)
        return True

    async def _finish(self, replay: Replay) -> None:
        done = await self._replays.end(replay.id, ReplayState.DONE)
        if done.state is ReplayState.DONE:
            self._meter.info(
                "replay.finished",
                replay_id=done.id,
                webhook_id=done.webhook_id,
                target_id=done.target_id,
                created=done.owed,
                matched=done.matched,
            )

    async def _cancel(self, replay: Replay, *, reason: str) -> None:
        ended = await self._replays.end(replay.id, ReplayState.CANCELLED)
        if ended.state is ReplayState.CANCELLED:
            log_cancelled(self._meter, ended, reason=reason)


def shared(stands: Sequence[Stand]) -> list[Stand]:
    """Give each replay its share of what may still be open for its target."""
    opened: Counter[str] = Counter()
    asking: Counter[str] = Counter()
    for stand in stands:
        opened[stand.replay.target_id] += sum(stand.open.values())
        asking[stand.replay.target_id] += stand.is_asking
    return [
        Stand(
            stand.replay,
            stand.open,
            _share(opened[stand.replay.target_id], asking[stand.replay.target_id]),
        )
        for stand in stands
    ]


def _share(opened: int, asking: int) -> int:
    room = OPEN_MOST - opened
    return max(1, room // max(1, asking)) if room >= ROOM_LEAST else 0
