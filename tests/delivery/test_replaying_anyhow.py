"""Replays among stops, outages, cancellations and webhooks that sleep."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given, settings, strategies as st

from gateway.delivery import replayer, replays
from gateway.delivery.replayer import Replayer
from gateway.domain.errors import StoreUnavailable, WrongState
from gateway.domain.model import DeliveryState, Replay, ReplayState
from tests.fakes.clock import settle
from tests.fakes.delivering import a_webhook
from tests.fakes.replaying import Replaying

EVENTS = 30
OPEN_MOST = 10
FAR_S = 200
OPEN = {
    DeliveryState.PENDING,
    DeliveryState.IN_FLIGHT,
    DeliveryState.RETRYING,
    DeliveryState.HELD,
}

STEPS = st.lists(
    st.sampled_from(
        [
            *("begin", "go on", "go on", "deliver", "deliver", "claim", "give up"),
            *("cancel", "fail", "mend", "kill", "disable", "enable"),
        ]
    ),
    max_size=30,
)


class Course:
    """What happens to a world with a past, and what must always be so."""

    def __init__(self) -> None:
        self.world = Replaying()
        self.begun: list[Replay] = []

    async def run(self, steps: list[str]) -> None:
        """Take steps, then let everything come to its end."""
        await self.prepare()
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.world.replayer.run())
            for step in steps:
                if step == "kill":
                    running.cancel()
                    await settle(4)
                    self.replace_replayer()
                    running = tasks.create_task(self.world.replayer.run())
                with suppress(StoreUnavailable, WrongState):
                    await self.take(step)
                self.check()
            await self.come_to_the_end()
            running.cancel()

    async def prepare(self) -> None:
        """Have events that wh_one has not got."""
        for _ in range(EVENTS):
            event, message = self.world.a_message("hi")
            await self.world.store.log.append(event, message=message)
        await self.world.add(a_webhook())

    def replace_replayer(self) -> None:
        """Do as a start does: everything is known from the store alone."""
        world = self.world
        before = world.replayer
        world.replayer = Replayer(
            world.store.replays,
            world.roster,
            before._patience,
            world.clock,
            world.meter,
        )

    async def take(self, step: str) -> None:
        """Take one step."""
        match step:
            case "begin":
                self.begun.append(await self.world.begin(only="all"))
            case "go on":
                await self.world.clock.advance(1)
            case "deliver":
                await self.become(DeliveryState.PENDING, DeliveryState.DELIVERED)
            case "claim":
                await self.world.store.deliveries.claim("wh_one", 3)
            case "give up":
                await self.become(DeliveryState.IN_FLIGHT, DeliveryState.RETRYING)
            case _:
                await self.disturb(step)

    async def disturb(self, step: str) -> None:
        """Take a step that gets in the way."""
        match step:
            case "cancel" if self.begun:
                await self.world.controls.cancel(self.begun[-1].id)
            case "fail":
                self.world.store.fail_with(StoreUnavailable("It is away."))
            case "mend":
                self.world.store.fail_with(None)
            case "disable":
                await self.world.change("wh_one", active=False)
            case "enable":
                await self.world.change("wh_one", active=True)
            case _:
                pass

    async def become(self, before: DeliveryState, after: DeliveryState) -> None:
        """Have all that is in a state be in another."""
        for number, delivery in enumerate(self.world.deliveries):
            if delivery.state is before:
                await self.world.become(number, after)

    def check(self) -> None:
        """Assert that no event was made twice, and never too many."""
        made = Counter((d.replay_id, d.event_seq) for d in self.world.deliveries)
        assert max(made.values(), default=1) == 1
        assert sum(d.state in OPEN for d in self.world.deliveries) <= OPEN_MOST
        for replay in self.begun:
            stored = self.world.stored(replay)
            assert stored.owed == len(self.world.made_by(replay))

    async def come_to_the_end(self) -> None:
        """Assert that all that runs is done in the end."""
        self.world.store.fail_with(None)
        await self.world.change("wh_one", active=True)
        for _ in range(FAR_S):
            for state in sorted(OPEN):
                await self.become(state, DeliveryState.DELIVERED)
            await self.world.clock.advance(1)
            if not await self.world.store.replays.unfinished():
                break
        for replay in self.begun:
            stored = self.world.stored(replay)
            assert stored.finished_at is not None
            if stored.state is ReplayState.DONE:
                assert self.world.made_by(replay) == ["delivered"] * EVENTS


async def course(steps: list[str]) -> None:
    """Run a course of its own."""
    await Course().run(steps)


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_whatever_happens_a_replay_goes_through_its_past_once(
    steps: list[str],
) -> None:
    """None is left out, none is made twice, and few are open at a time."""
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner(debug=False) as runner:
        patch.setattr(replayer, "OPEN_MOST", OPEN_MOST)
        patch.setattr(replayer, "ROOM_LEAST", 3)
        patch.setattr(replays, "PAGE_EVENTS", 7)

        runner.run(course(steps))
