"""Replays on a store in memory, beside a worker that delivers what they owe."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.delivery.patience import Patience
from gateway.delivery.replayer import Replayer
from gateway.delivery.replays import ReplayControls
from gateway.domain.model import DeliveryState, Replay, Webhook
from tests.fakes.clock import settle
from tests.fakes.delivering import Delivering, check_url
from tests.fakes.sender import Answer


class Replaying(Delivering):
    """A world whose past can be delivered again."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(*answers)
        self.replayer = Replayer(
            self.store.replays,
            self.roster,
            Patience(self.clock, self.rng, self.meter),
            self.clock,
            self.meter,
        )
        self.controls = ReplayControls(
            replays=self.store.replays,
            roster=self.roster,
            check_url=check_url,
            wake=self.wake,
            clock=self.clock,
            ids=self.ids,
            meter=self.meter,
        )

    def wake(self) -> None:
        """Wake the replayer that there is now: a test may put another in its place."""
        self.replayer.wake()

    async def begin(self, webhook_id: str = "wh_one", **body: object) -> Replay:
        """Begin a replay."""
        begun = await self.controls.begin(webhook_id, body)
        assert isinstance(begun, Replay)
        return begun

    async def give_up(self, *numbers: int) -> None:
        """Have deliveries, counted from 0 in the order they were made, be dead."""
        for number in numbers:
            await self.become(number, DeliveryState.DEAD)

    async def become(self, number: int, state: DeliveryState) -> None:
        """Have a delivery be in a state."""
        changed = replace(self.deliveries[number], state=state, next_attempt_at=None)
        await self.store.deliveries.record(changed, None)

    async def change(self, webhook_id: str, **changes: object) -> None:
        """Change a webhook."""

        def edit(webhook: Webhook) -> Webhook:
            return replace(webhook, **changes)  # type: ignore[arg-type]  # By name.

        await self.roster.change(webhook_id, edit)

    def made_by(self, replay: Replay) -> list[str]:
        """Return the states of the deliveries that a replay made, oldest first."""
        return [d.state.value for d in self.deliveries if d.replay_id == replay.id]

    def stored(self, replay: Replay) -> Replay:
        """Return a replay as it is stored now."""
        return self.store.replays.by_id[replay.id]


@asynccontextmanager
async def replaying(world: Replaying) -> AsyncIterator[None]:
    """Run the replayer alone: nothing is delivered but by the test itself."""
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(world.replayer.run())
        await settle()
        try:
            yield
        finally:
            running.cancel()
