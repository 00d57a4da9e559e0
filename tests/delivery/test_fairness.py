"""Receivers that hang delay no other, be it one of them or more than there is room."""

import asyncio
from dataclasses import replace

import pytest

from gateway.delivery.ports import Request
from gateway.delivery.worker import Worker
from gateway.domain.model import ErrorClass, Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.delivering import Delivering, a_webhook
from tests.fakes.sender import an_outcome

TOOK_S = 0.02
TIMEOUT_S = 15.0
HALF_A_MINUTE = 60  # In steps of half a second.


class Street:
    """Answers after 20 ms, or not at all within 15 s where the URL says `hang`.

    Attributes:
        took_s: How long each answered delivery took, from its event on.
        flying: How many requests are under way.
        most: How many there were at once.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.said_at_s: dict[str, float] = {}
        self.took_s: list[float] = []
        self.flying = 0
        self.most = 0

    async def send(self, request: Request) -> Outcome:
        """Take its time."""
        self.flying += 1
        self.most = max(self.most, self.flying)
        try:
            if "hang" in request.url:
                await self._clock.sleep(TIMEOUT_S)
                return an_outcome(ErrorClass.TIMEOUT_TOTAL)
            await self._clock.sleep(TOOK_S)
        finally:
            self.flying -= 1
        said_at_s = self.said_at_s[request.headers["webhook-id"]]
        self.took_s.append(self._clock.monotonic() - said_at_s)
        return an_outcome(200)


@pytest.mark.parametrize(
    ("hanging", "healthy", "owed"), [(1, 49, 10_000), (60, 10, 100)]
)
async def test_the_healthy_keep_their_pace(
    hanging: int, healthy: int, owed: int
) -> None:
    """Every delivery to those that answer takes what its request takes."""
    asyncio.get_running_loop().set_debug(False)
    world = Delivering()
    street = Street(world.clock)
    attempts = replace(world.attempts, sender=street)
    worker = Worker(replace(world.works, attempting=attempts))
    await world.add(*(a_webhook(f"hang{n}") for n in range(hanging)))
    await world.say(times=owed)
    await world.add(*(a_webhook(f"well{n}") for n in range(healthy)))

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(worker.run())
        for _ in range(HALF_A_MINUTE):
            event, message = world.a_message("hi")
            street.said_at_s[event.id] = world.clock.monotonic()
            await world.store.log.append(event, message=message)
            await world.clock.advance(0.5)
        running.cancel()

    assert len(street.took_s) == healthy * HALF_A_MINUTE
    assert max(street.took_s) < 2 * TOOK_S
    assert street.most <= 256
