"""A receiver that was away for an hour gets all it is owed, at a pace it can take."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.delivery.ports import Request
from gateway.delivery.worker import Worker
from gateway.domain.model import DeliveryState, ErrorClass, Outcome
from tests.fakes.backlog import Backlog
from tests.fakes.clock import NOON, FakeClock, settle
from tests.fakes.delivering import Delivering, a_webhook
from tests.fakes.sender import an_outcome

COUNT = 100_000
BACK_AT = NOON + timedelta(hours=1)
AWAY = "https://away.example/hook"
REFUSED = an_outcome(ErrorClass.CONNECTION_REFUSED)
TAKEN = an_outcome(200)


class Silent:
    """A meter that keeps nothing."""

    def info(self, event: str, **facts: object) -> None: ...

    def warning(self, event: str, **facts: object) -> None: ...

    def error(self, event: str, **facts: object) -> None: ...


class AwayForAnHour:
    """Refuses what goes to one URL until an hour after noon.

    Attributes:
        refused: How many requests it refused.
        widths: For each number of successes, how many requests were under way at most.
        others: When requests went to the other URL.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._flying = 0
        self._taken = 0
        self.refused = 0
        self.widths: Counter[int] = Counter()
        self.others: list[datetime] = []

    async def send(self, request: Request) -> Outcome:
        """Answer after a turn of the loop."""
        if request.url != AWAY:
            self.others.append(self._clock.now())
            return TAKEN
        self._flying += 1
        if self._clock.now() >= BACK_AT:
            successes = min(self._taken, 100)
            self.widths[successes] = max(self.widths[successes], self._flying)
        await settle(1)
        self._flying -= 1
        if self._clock.now() < BACK_AT:
            self.refused += 1
            return REFUSED
        self._taken += 1
        return TAKEN


class Town:
    """A worker with a backlog for one webhook, and another one beside it."""

    def __init__(self) -> None:
        self.world = Delivering()
        world = self.world
        self.sender = AwayForAnHour(world.clock)
        told = world.a_message("hi")
        self.backlog = Backlog(world.store, "wh_away", told, COUNT)
        attempts = replace(world.attempts, sender=self.sender, meter=Silent())
        works = replace(world.works, deliveries=self.backlog, attempting=attempts)
        self.worker = Worker(works)

    async def add(self) -> None:
        """Store the two webhooks; only one of them gets what is said from now on."""
        await self.world.add(
            a_webhook("away", types=("bulk",)), a_webhook("near", types=("chat",))
        )


@pytest.mark.timeout(120)
async def test_an_hour_away_with_a_hundred_thousand_due() -> None:
    """Few requests are spent on the outage, and then all go: 1, 2, 4, 8 at a time."""
    asyncio.get_running_loop().set_debug(False)
    town = Town()
    await town.add()
    said: list[datetime] = []
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(town.worker.run())
        for _ in range(60):
            said.append(town.world.clock.now())
            await town.world.say()
            await town.world.clock.advance(60)
        claimed, refused = town.backlog.claimed, town.sender.refused
        await town.world.clock.advance(600)
        while DeliveryState.PENDING in town.backlog.states:
            await settle(1000)
        await town.world.clock.advance(86_400 / 48)
        running.cancel()

    widths = [town.sender.widths[successes] for successes in range(40)]
    assert claimed == 0
    assert refused <= 40
    assert set(town.backlog.states) == {DeliveryState.DELIVERED}
    assert max(town.backlog.attempts) <= 3
    assert sum(town.backlog.attempts) == COUNT + refused
    assert widths[:4] == [1, 1, 1, 1]
    assert max(widths[4:6]) == 2
    assert max(widths[6:10]) == 4
    assert max(widths[10:]) == 8
    assert town.sender.others == said
