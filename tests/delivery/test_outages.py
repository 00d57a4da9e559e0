"""A receiver that fails is spared, tried with care, and given up after days."""

import json
from datetime import timedelta

from gateway.delivery.ports import Release
from gateway.domain.model import DeliveryState, RateLimit
from tests.fakes.clock import NOON, settle
from tests.fakes.delivering import Delivering, a_webhook, delivering
from tests.fakes.sender import an_outcome

HOOK = "https://one.example/hook"
DAY_S = 86_400.0
DAILY = (86_400,) * 30


async def pass_days(world: Delivering, days: float) -> None:
    """Have days pass; a clock set forward is noticed within a minute."""
    world.clock.jump(days * DAY_S)
    await world.clock.advance(61)


async def test_an_open_circuit_burns_no_attempts() -> None:
    """After ten failures nothing is sent or claimed, and the rest keep every try."""
    world = Delivering(*[500] * 10)
    await world.add(a_webhook(max_in_flight=1))

    async with delivering(world):
        await world.say(times=30)
        await world.clock.advance(29)
        states = set(world.states)
        circuit = world.worker.circuit("wh_one")

    assert (len(world.sender.requests), circuit) == (10, "open")
    assert "in_flight" not in states
    assert sorted(d.attempts for d in world.deliveries) == [0] * 20 + [1] * 10


async def test_one_probe_at_a_time_finds_out() -> None:
    """Half open, one request is in flight, and no more than that is claimed."""
    world = Delivering(*[500] * 10)
    await world.add(a_webhook(max_in_flight=1))

    async with delivering(world):
        await world.say(times=30)
        world.sender.hang(HOOK)
        await world.clock.advance(31)
        flying, claimed = world.sender.flying, world.states.count("in_flight")
        circuit = world.worker.circuit("wh_one")
        world.sender.release(HOOK)
        await settle(400)

    assert (flying, claimed, circuit) == (1, 1, "half_open")
    assert world.states.count("delivered") == 30


async def test_a_failing_probe_opens_it_for_twice_as_long() -> None:
    """The second probe comes a minute after the first one failed."""
    world = Delivering(*[500] * 11)
    await world.add(a_webhook(max_in_flight=1, schedule_s=(3600,)))

    async with delivering(world):
        await world.say(times=30)
        await world.clock.advance(30)
        first = len(world.sender.requests)
        await world.clock.advance(59)
        during = len(world.sender.requests)
        await world.clock.advance(1)
        await settle(400)

    assert (first, during) == (11, 11)
    assert len(world.sender.requests) == 30


async def test_a_circuit_is_told_of_when_it_opens_and_when_it_is_closed() -> None:
    """The log says why a receiver is left alone; a probe that fails adds nothing."""
    world = Delivering(*[500] * 11)
    await world.add(a_webhook(max_in_flight=1, schedule_s=(3600,)))

    async with delivering(world):
        await world.say(times=30)
        await world.clock.advance(31)
        opened, closed = (
            world.meter.named(f"webhook.circuit_{what}")
            for what in ("opened", "closed")
        )
        await world.clock.advance(60)
        await settle(400)

    assert opened == [
        {
            "webhook_id": "wh_one",
            "host": "one.example",
            "last_error": "It answered 500.",
            "wait_s": 30.0,
        }
    ]
    assert closed == []
    assert len(world.meter.named("webhook.circuit_opened")) == 1
    assert len(world.meter.named("webhook.circuit_closed")) == 1


async def test_a_pause_survives_a_restart() -> None:
    """A `Retry-After` of an hour is kept by the process that comes after."""
    world = Delivering(an_outcome(503, retry_after="3600"))
    await world.add(a_webhook())
    async with delivering(world):
        await world.say(times=1)
    world.restart()

    async with delivering(world):
        await world.say()
        await world.clock.advance(3500)
        during = len(world.sender.requests)
        await world.clock.advance(3600)

    assert (during, world.states) == (1, ["delivered", "delivered"])


async def test_enabling_starts_afresh() -> None:
    """A webhook enabled again waits for no circuit and no pause of before."""
    world = Delivering(*[500] * 10)
    await world.add(a_webhook(max_in_flight=1))

    async with delivering(world):
        await world.say(times=30)
        await world.add(a_webhook(max_in_flight=1, active=False))
        world.worker.wake(["wh_one"])
        await settle()
        await world.store.webhooks.put(a_webhook(max_in_flight=1), owed=Release())
        world.worker.wake(["wh_one"])
        await settle(400)

    assert world.states == ["delivered"] * 30


async def test_a_restarted_lane_waits_for_nothing() -> None:
    """`restart` closes the circuit of a webhook that was active all the time."""
    world = Delivering(*[500] * 10)
    await world.add(a_webhook(max_in_flight=1))

    async with delivering(world):
        await world.say(times=30)
        world.worker.restart("wh_one")
        world.worker.restart("wh_none")
        await settle(400)
        circuit = world.worker.circuit("wh_one")

    assert (world.states.count("delivered"), circuit) == (20, "closed")


async def test_five_days_of_failures_disable() -> None:
    """Warned of once after 2.5 days, disabled after 5, and the rest is held."""
    world = Delivering(*[500] * 9)
    await world.add(a_webhook(schedule_s=DAILY))

    async with delivering(world):
        await world.say()
        for _ in range(8):
            await pass_days(world, 1.2)

    webhook = world.roster.get("wh_one")
    assert (webhook.active, webhook.disabled_reason) == (False, "failing")
    assert world.told == ["webhook.failing", "webhook.disabled"]
    assert [d.state for d in world.deliveries] == [DeliveryState.HELD]
    assert len(world.meter.named("webhook.failing")) == 1


async def test_a_recovery_is_told_once() -> None:
    """The first success after the warning tells of it."""
    world = Delivering(*[500] * 4)
    await world.add(a_webhook(schedule_s=DAILY))

    async with delivering(world):
        await world.say()
        for _ in range(5):
            await pass_days(world, 1.2)
        await world.say()

    assert world.told == ["webhook.failing", "webhook.recovered"]
    assert world.store.standings["wh_one"].failing_since is None


async def test_a_webhook_is_told_nothing_of_itself() -> None:
    """One that wants every event gets none about its own failing."""
    world = Delivering(*[500] * 4)
    await world.add(a_webhook(events=("*",), schedule_s=DAILY))

    async with delivering(world):
        await world.say()
        for _ in range(5):
            await pass_days(world, 1.2)

    assert len(world.deliveries) == 1


async def test_a_subscription_that_is_gone_is_deleted() -> None:
    """A REST hook that answers 410 is removed, and what it was owed is cancelled."""
    world = Delivering(410)
    await world.add(a_webhook(is_subscription=True, max_in_flight=1))

    async with delivering(world):
        await world.say(times=3)

    assert world.roster.find("wh_one") is None
    assert sorted(world.states) == ["cancelled", "cancelled", "dead"]
    assert "webhook.disabled" in world.told


async def test_a_webhook_that_moved_is_not_gone() -> None:
    """A 410 of its old URL, answered late, disables nothing."""
    world = Delivering(410)
    await world.add(a_webhook())
    world.sender.hang(HOOK)

    async with delivering(world):
        await world.say()
        await world.add(a_webhook(url="https://new.example/"))
        world.worker.wake(["wh_one"])
        world.sender.release(HOOK)
        await settle()

    assert world.roster.get("wh_one").active
    assert world.states == ["dead"]


async def test_a_rate_limit_is_kept_and_burns_nothing() -> None:
    """With 2/s and a burst of 3, three go at once and two each second after."""
    world = Delivering()
    await world.add(a_webhook(rate_limit=RateLimit(2, 3)))

    async with delivering(world):
        await world.say(times=11)
        sent = [len(world.sender.requests)]
        claimed = world.states.count("in_flight")
        for _ in range(4):
            await world.clock.advance(1)
            sent.append(len(world.sender.requests))

    assert sent == [3, 5, 7, 9, 11]
    assert claimed <= 5
    assert {d.attempts for d in world.deliveries} == {1}


async def test_a_slow_rate_claims_nothing_meanwhile() -> None:
    """At one in 100 s, what waits for its turn is not in flight."""
    world = Delivering()
    await world.add(a_webhook(rate_limit=RateLimit(0.01, 1)))

    async with delivering(world):
        await world.say(times=3)
        await world.clock.advance(98)
        during = sorted(world.states)
        await world.clock.advance(2)
        after = world.states.count("delivered")

    assert during == ["delivered", "pending", "pending"]
    assert after == 2


async def test_a_template_that_fails_holds_and_is_told_of_once() -> None:
    """No attempt is made; the standing says why, and the log does once."""
    world = Delivering()
    template = json.dumps({"text": "{% for i in (1..20000) %}x{% endfor %}"})
    await world.add(a_webhook(format="template", template=template))

    async with delivering(world):
        await world.say(times=3)
        standing = world.worker.standing("wh_one")

    assert world.states == ["held"] * 3
    assert {d.reason for d in world.deliveries} == {"template_error"}
    assert (world.sender.requests, world.store.attempts) == ([], {})
    assert standing is not None
    assert standing.last_error is not None
    assert standing.failing_since is None
    assert len(world.meter.named("delivery.template_failed")) == 1


async def test_the_standing_is_kept_with_each_result() -> None:
    """What the store knows is what the lane knows."""
    world = Delivering(500)
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        live = world.worker.standing("wh_one")
        kept = await world.store.deliveries.standing("wh_one")

    assert live == kept
    assert live is not None
    assert (live.last_error, live.failing_since) == ("It answered 500.", NOON)
    assert world.worker.standing("wh_one") is None


async def test_an_old_delivery_is_dead_though_its_circuit_was_open() -> None:
    """What became too old while it was deferred is given up, not sent."""
    world = Delivering(*[500] * 10)
    await world.add(
        a_webhook(schedule_s=(3600,), max_age=timedelta(seconds=20), max_in_flight=1)
    )

    async with delivering(world):
        await world.say(times=12)
        await world.clock.advance(35)

    assert len(world.sender.requests) == 10
    assert world.states.count("dead") == 12
