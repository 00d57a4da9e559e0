"""The store, trimmed and erased from time to time."""

import asyncio
from datetime import timedelta

from gateway import settings
from gateway.app.upkeep import Upkeep
from gateway.domain.errors import StoreUnavailable
from gateway.storage.retention import Swept
from tests.fakes.clock import FakeClock, settle
from tests.fakes.meter import FakeMeter


class CountingStore:
    """Counts how often it is kept up; fails while it is told to."""

    def __init__(self) -> None:
        self.swept: list[tuple[timedelta, timedelta, int | None]] = []
        self.erased = 0
        self.is_away = False

    async def sweep(
        self, *, messages: timedelta, dead: timedelta, most_bytes: int | None = None
    ) -> Swept:
        """Note what was asked."""
        self._check()
        self.swept.append((messages, dead, most_bytes))
        return Swept(1, 2, 3, 4)

    async def erase_delivered(self) -> int:
        """Count."""
        self._check()
        self.erased += 1
        return 5

    def _check(self) -> None:
        if self.is_away:
            detail = "It is away."
            raise StoreUnavailable(detail)


class Kept:
    """A store under upkeep for two hours, by a clock of the test's own."""

    def __init__(self, **environ: str) -> None:
        self.store = CountingStore()
        self.clock = FakeClock()
        self.meter = FakeMeter()
        self.upkeep = Upkeep(
            self.store,
            settings.load(environ, env_file=None),
            self.clock,
            self.meter,
        )

    async def run(self, seconds: float) -> None:
        """Keep it up for so long."""
        async with asyncio.TaskGroup() as tasks:
            chores = [
                tasks.create_task(self.upkeep.sweep()),
                tasks.create_task(self.upkeep.erase()),
            ]
            await self.clock.advance(seconds)
            await settle()
            for chore in chores:
                chore.cancel()


async def test_the_store_is_trimmed_at_the_start_and_each_hour() -> None:
    """By the times that the settings say, and the log says what went."""
    kept = Kept(GATEWAY_RETENTION_MESSAGES="1d", GATEWAY_RETENTION_DEAD="2d")

    await kept.run(7201)

    assert len(kept.store.swept) == 3
    assert kept.store.swept[0][:2] == (timedelta(days=1), timedelta(days=2))
    assert kept.meter.named("store.swept")[0]["events"] == 2


async def test_contents_are_erased_each_minute_if_that_is_wanted() -> None:
    """Only then."""
    wanted = Kept(GATEWAY_STORE_PAYLOADS="until_delivered")
    unwanted = Kept()

    await wanted.run(121)
    await unwanted.run(121)

    assert (wanted.store.erased, unwanted.store.erased) == (3, 0)
    assert wanted.meter.named("store.erased")[0]["messages"] == 5


async def test_a_store_that_is_away_is_kept_up_when_it_is_back() -> None:
    """A failure is told, and ends nothing."""
    kept = Kept(GATEWAY_STORE_PAYLOADS="until_delivered")
    kept.store.is_away = True
    await kept.run(1)
    kept.store.is_away = False

    await kept.run(61)

    assert kept.meter.named("store.sweep_failed")
    assert kept.meter.named("store.erase_failed")
    assert (len(kept.store.swept), kept.store.erased) == (1, 2)
