"""How replays are worked off."""

from collections import Counter

import pytest

from gateway.delivery import replayer, replays
from gateway.delivery.replayer import Stand, shared
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import DeliveryState, Replay, ReplayState
from tests.conformance.test_replays import replay
from tests.fakes.clock import settle
from tests.fakes.delivering import a_webhook, delivering
from tests.fakes.replaying import Replaying, replaying
from tests.fakes.sender import an_outcome

PENDING, RETRYING = DeliveryState.PENDING, DeliveryState.RETRYING


async def a_past(events: int) -> Replaying:
    """Return a world with events that wh_one, made afterwards, has not got."""
    world = Replaying()
    for _ in range(events):
        event, message = world.a_message("hi")
        await world.store.log.append(event, message=message)
    await world.add(a_webhook())
    return world


async def deliver(world: Replaying, begun: Replay) -> None:
    """Have everything that a replay has made so far be delivered."""
    for number, delivery in enumerate(world.deliveries):
        if delivery.replay_id == begun.id and delivery.state is PENDING:
            await world.become(number, DeliveryState.DELIVERED)


async def test_a_replay_delivers_under_the_same_id() -> None:
    """The receiver sees the `webhook-id` of the first time, and it is then done."""
    world = Replaying(an_outcome(404), an_outcome(404))
    await world.add(a_webhook(stop_on=(404,)))
    async with delivering(world), replaying(world):
        await world.say(times=2)

        begun = await world.begin()
        await world.clock.advance(2)

    ids = [request.headers["webhook-id"] for request in world.sender.requests]
    assert ids[:2] == ids[2:]
    assert world.made_by(begun) == ["delivered", "delivered"]
    assert world.stored(begun).state is ReplayState.DONE
    (line,) = world.meter.named("replay.finished")
    assert (line["created"], line["matched"]) == (2, 2)


async def test_never_much_of_a_replay_is_open() -> None:
    """The next step is taken once there is room for it."""
    world = await a_past(1200)
    async with replaying(world):
        begun = await world.begin(only="missing")
        await world.clock.advance(5)
        made = [len(world.made_by(begun))]
        while world.stored(begun).state is ReplayState.RUNNING:
            await deliver(world, begun)
            await world.clock.advance(1)
            made.append(len(world.made_by(begun)))

    assert made == [500, 1000, 1200, 1200]
    assert Counter(d.event_id for d in world.deliveries).most_common(1)[0][1] == 1


async def test_live_events_are_not_behind_a_long_replay() -> None:
    """What happens now is due after no more than the open share of the past."""
    world = await a_past(2000)
    async with replaying(world):
        await world.begin(only="missing")
        await world.clock.advance(1)
        await world.say()
        due = await world.store.deliveries.claim("wh_one", 501)

    assert due[-1].delivery.replay_id is None


async def test_a_retry_keeps_a_replay_from_going_on_but_not_from_its_end() -> None:
    """All has been tried; the rest is the webhook's own schedule."""
    world = await a_past(2)
    async with replaying(world):
        begun = await world.begin(only="missing")
        await world.clock.advance(1)
        await world.become(0, DeliveryState.DELIVERED)
        await world.clock.advance(1)
        before = world.stored(begun).state
        await world.become(1, RETRYING)
        await world.clock.advance(1)

    assert before is ReplayState.RUNNING
    assert world.stored(begun).state is ReplayState.DONE


async def test_a_restart_goes_on_where_it_was() -> None:
    """No event is made twice, and none is left out."""
    world = await a_past(800)
    async with replaying(world):
        begun = await world.begin(only="missing")
        await world.clock.advance(1)
    await deliver(world, begun)

    async with replaying(world):
        await world.clock.advance(1)

    made = Counter(d.event_seq for d in world.deliveries)
    assert made == Counter(range(1, 801))


async def test_a_store_that_is_away_is_waited_for() -> None:
    """It goes on by itself."""
    world = await a_past(3)
    begun = await world.begin(only="missing")
    world.store.fail_with(StoreUnavailable("The disk is full."))
    async with replaying(world):
        await world.clock.advance(60)
        meanwhile = world.made_by(begun)
        world.store.fail_with(None)
        await world.clock.advance(60)

    assert meanwhile == []
    assert len(world.made_by(begun)) == 3
    assert {"what": "replay"} in world.meter.named("delivery.store_awaited")


async def test_a_disabled_target_is_waited_for() -> None:
    """Nothing is made for it until it is enabled."""
    world = await a_past(800)
    async with replaying(world):
        begun = await world.begin(only="missing")
        await world.clock.advance(1)
        await deliver(world, begun)
        await world.change("wh_one", active=False)
        await world.clock.advance(30)
        meanwhile = len(world.made_by(begun))
        await world.change("wh_one", active=True)
        await world.clock.advance(2)

    assert meanwhile == 500
    assert len(world.made_by(begun)) == 800


async def test_a_target_that_is_deleted_cancels_the_replay() -> None:
    """There is nobody to deliver to."""
    world = await a_past(800)
    async with replaying(world):
        begun = await world.begin(only="missing")
        await world.clock.advance(1)
        await world.roster.remove("wh_one", lambda _: None)
        await world.clock.advance(2)

    assert world.stored(begun).state is ReplayState.CANCELLED
    assert world.stored(begun).finished_at is not None
    assert set(world.made_by(begun)) == {"cancelled"}
    (line,) = world.meter.named("replay.cancelled")
    assert (line["reason"], line["created"]) == ("webhook_deleted", 500)


async def test_what_was_in_flight_when_cancelled_is_not_retried() -> None:
    """It is taken back as soon as it has landed."""
    world = await a_past(1)
    async with replaying(world):
        begun = await world.begin(only="missing")
        await world.clock.advance(1)
        await world.store.deliveries.claim("wh_one", 1)
        await world.controls.cancel(begun.id)
        await world.clock.advance(5)
        flying = world.made_by(begun)
        await world.become(0, RETRYING)
        await world.clock.advance(1)

    assert flying == ["in_flight"]
    assert world.made_by(begun) == ["cancelled"]
    assert world.stored(begun).finished_at is not None


async def test_several_replays_share_the_room_of_a_target() -> None:
    """None has to wait for the end of another."""
    world = await a_past(900)
    async with replaying(world):
        first = await world.begin(only="all")
        second = await world.begin(only="all")
        await world.clock.advance(1)
        await deliver(world, first)
        await world.clock.advance(1)

    assert len(world.made_by(first)) == 375
    assert len(world.made_by(second)) == 375


def test_the_room_of_a_target_is_divided() -> None:
    """Those that have made all of theirs ask for nothing."""
    asking, other = replay("1"), replay("2")
    full, elsewhere = replay("3", position=5), replay("4", target_id="wh_2")
    cancelled = replay("5", state=ReplayState.CANCELLED)
    stands = [
        Stand(asking, {PENDING: 100}),
        Stand(other, {RETRYING: 50}),
        Stand(full, {PENDING: 50}),
        Stand(elsewhere, {PENDING: 401}),
        Stand(cancelled, {}),
    ]

    shares = {each.replay.id: each.share for each in shared(stands)}

    assert shares["rpl_1"] == shares["rpl_2"] == 150
    assert shares["rpl_4"] == 0


async def test_a_replay_that_fails_for_a_bug_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told, and the others go on."""
    world = await a_past(3)
    await world.add(a_webhook("two"))
    bad = await world.begin(only="all")
    good = await world.begin(only="all", to="wh_two")

    async def look(*given: object) -> object:
        if given[1] == bad:
            raise RuntimeError
        return await replays.look(*given)  # type: ignore[arg-type]  # As they came.

    monkeypatch.setattr(replayer, "look", look)
    async with replaying(world):
        await world.clock.advance(1)

    assert world.stored(bad).state is ReplayState.CANCELLED
    assert len(world.made_by(good)) == 3
    (line,) = world.meter.named("replay.failed")
    assert str(line.pop("where")).startswith("look, test_replayer.py:")
    assert line == {"replay_id": bad.id, "error": "RuntimeError"}


async def test_nothing_is_asked_of_the_store_while_nothing_runs() -> None:
    """It sleeps until it is told."""
    world = Replaying()
    async with replaying(world):
        commits = world.store.commits
        await world.clock.advance(3600)
        idle = world.store.commits
        world.replayer.wake()
        await settle()

    assert commits == idle
    assert world.store.commits > idle
