"""The room is lost in every way, and the gateway comes back by itself."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.emulator import Faults
from tests.faults.town import ROOM, Town, a_town, clock

Cut = Callable[[Faults], object]

CUTS: dict[str, Cut] = {
    **{
        f"close {code}": lambda faults, code=code: faults.close(code)  # type: ignore[misc]
        for code in (1000, 1001, 1008, 1011, 1012, 1013, 4000)
    },
    "FIN": Faults.cut,
    "RST": Faults.reset,
    "TEXT frame": Faults.send_text,
    "short frame": Faults.send_short,
    "packet left out": Faults.skip_packet,
    "packets interleaved": Faults.interleave,
    "cut between write and acknowledgement": Faults.cut_before_acknowledging,
}
ALIKE = {f"close {code}" for code in (1008, 1011, 1012, 1013)}  # to the others
REFUSALS = {401: 1, 429: 2, 503: 2}  # a key mints another token once
SLOW = (401, 403, 404, 423)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(cut, id=name, marks=[pytest.mark.long] if name in ALIKE else [])
        for name, cut in CUTS.items()
    ],
)
async def test_a_lost_link_is_ready_again_by_itself(tmp_path: Path, cut: Cut) -> None:
    """At 20 messages/s both ways, nothing is lost unsaid, and there is one gap."""
    async with a_town(tmp_path) as town:
        await _lose(town, lambda: cut(town.room.emulator.faults(ROOM)))
        await town.settle_accounts()

        assert len(town.ledger.events("room.gap")) == 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("status", "times"), REFUSALS.items())
async def test_a_refused_upgrade_is_tried_again(
    tmp_path: Path, status: int, times: int
) -> None:
    """The server is back, but does not let us in at first."""
    async with a_town(tmp_path) as town:
        faults = town.room.emulator.faults(ROOM)

        def cut() -> None:
            faults.refuse(status, times=times)
            faults.cut()

        await _lose(town, cut)
        await town.settle_accounts()

        assert len(town.ledger.events("room.gap")) == 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("status", SLOW)
async def test_a_room_that_does_not_want_us_is_denied(
    tmp_path: Path, status: int
) -> None:
    """It is tried every minute, and at once by POST /reconnect."""
    async with a_town(tmp_path) as town:
        faults = town.room.emulator.faults(ROOM)
        faults.refuse(status)
        faults.cut()
        await town.state("denied")
        await town.say(1)
        faults.clear()

        await town.post(f"/rooms/{ROOM}/reconnect", {})
        await town.state("ready")
        await town.settle_accounts()

        assert town.ledger.heard[1] == 1


@pytest.mark.timeout(120)
async def test_a_server_that_is_killed_and_restarted(tmp_path: Path) -> None:
    """Everybody has a new id, and messages find them by name."""
    async with a_town(tmp_path) as town:

        async def restart() -> None:
            await town.room.kill()
            await clock.sleep(1.0)
            await town.room.start()

        await _lose(town, restart)
        await town.settle_accounts()

        assert len(town.ledger.events("room.gap")) == 1


@pytest.mark.timeout(120)
async def test_a_room_that_stalls_is_left_and_tried_again(tmp_path: Path) -> None:
    """Upgraded, but no welcome within 10 s: `stalled`, and then anew."""
    async with a_town(tmp_path) as town:
        faults = town.room.emulator.faults(ROOM)
        faults.stall(times=1)
        faults.cut()
        await town.logged("room.state_changed", state="stalled")

        await _gap(town)
        await town.settle_accounts()

        assert len(town.ledger.events("room.gap")) == 1


@pytest.mark.timeout(180)
async def test_a_silent_room_is_lost_when_no_pong_comes(tmp_path: Path) -> None:
    """A link that is up but dead is noticed by our own pings."""
    async with a_town(tmp_path) as town:
        town.room.emulator.faults(ROOM).freeze()
        await town.say(1, ttl=300)

        await town.logged("room.state_changed", state="reconnecting")
        await _gap(town)
        await town.settle_accounts()

        assert len(town.ledger.events("room.gap")) == 1


@pytest.mark.timeout(120)
async def test_a_refused_enable_is_stalled_and_tried_again(tmp_path: Path) -> None:
    """Without messaging nobody is known: the room is not ready."""
    async with a_town(tmp_path) as town:
        faults = town.room.emulator.faults(ROOM)
        faults.refuse_enable(times=1)
        faults.cut()
        await town.logged("room.state_changed", state="stalled")

        await town.state("ready")
        await town.settle_accounts()


@pytest.mark.timeout(120)
async def test_a_missing_acknowledgement_is_unknown_after_30_s(tmp_path: Path) -> None:
    """It was written, perhaps heard, and nobody will ever know."""
    async with a_town(tmp_path) as town:
        town.room.emulator.faults(ROOM).swallow(times=1)
        await town.say(1)

        statuses = await town.statuses()

        assert statuses == {1: "unknown"}


@pytest.mark.timeout(120)
async def test_links_lost_as_soon_as_they_are_ready(tmp_path: Path) -> None:
    """Backoff grows, because no link lasts, and keeps it from a hot loop."""
    async with a_town(tmp_path) as town:
        faults = town.room.emulator.faults(ROOM)
        joined = 0
        async with asyncio.timeout(60):
            while joined < 6:
                await town.state("ready")
                joined += 1
                faults.cut()
                await town.state("reconnecting")
        await _gap(town, 6)
        await town.settle_accounts()

        assert len(town.ledger.events("room.gap")) == 6


async def _lose(town: Town, cut: Callable[[], object]) -> None:
    """Talk, lose the room in the middle of it, talk on until it is back and after."""
    async with asyncio.TaskGroup() as tasks:
        talking = tasks.create_task(town.talk(0, 100_000, per_second=20))
        await clock.sleep(1.0)
        done = cut()
        if asyncio.iscoroutine(done):
            await done
        await _gap(town)
        await clock.sleep(1.0)
        talking.cancel()


async def _gap(town: Town, count: int = 1) -> None:
    async with asyncio.timeout(40):
        while len(town.ledger.events("room.gap")) < count:
            await clock.sleep(0.05)
    await town.state("ready")
