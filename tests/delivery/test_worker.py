"""The worker delivers what is owed, once, on time, to each webhook by itself."""

import json
from contextvars import ContextVar
from datetime import timedelta

from gateway.delivery.ports import Release
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import DeliveryState, ErrorClass
from tests.fakes.clock import NOON, settle
from tests.fakes.delivering import Delivering, a_webhook, delivering
from tests.fakes.sender import an_outcome

REQUEST: ContextVar[str] = ContextVar("request")
GONE = StoreUnavailable("The disk is full.")


async def test_what_is_owed_at_the_start_is_delivered() -> None:
    """A delivery stored before the worker ran is attempted once it runs."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()

    async with delivering(world):
        pass

    assert world.states == ["delivered"]


async def test_what_is_due_later_is_not_forgotten_by_a_restart() -> None:
    """A retry that is not due yet at the start goes out in time, with no event."""
    world = Delivering(500)
    await world.add(a_webhook())
    async with delivering(world):
        await world.say()
    world.restart()

    async with delivering(world):
        await world.clock.advance(10)

    assert world.states == ["delivered"]


async def test_a_new_event_is_delivered_at_once() -> None:
    """An event stored while the worker runs goes out without any time passing."""
    world = Delivering()
    await world.add(a_webhook())

    async with delivering(world):
        await world.say("hello")

        assert json.loads(world.sender.requests[0].body)["data"]["message"] == {
            "text": "hello"
        }


async def test_a_failure_is_tried_again_by_the_schedule() -> None:
    """After 503 and a refused connection the third attempt delivers, 35 s later."""
    world = Delivering(503, ErrorClass.CONNECTION_REFUSED)
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        await world.clock.advance(4.9)
        early = len(world.sender.requests)
        await world.clock.advance(1.2)
        await world.clock.advance(37)

    assert (early, len(world.sender.requests), world.states) == (1, 3, ["delivered"])


async def test_every_attempt_carries_the_same_id_and_its_own_number() -> None:
    """Two attempts share `webhook-id` and count in `webhook-attempt`."""
    world = Delivering(500)
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        await world.clock.advance(6)

    first, second = (request.headers for request in world.sender.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert (first["webhook-attempt"], second["webhook-attempt"]) == ("1", "2")


async def test_an_exhausted_schedule_ends_in_death_and_an_event() -> None:
    """The last failure makes the delivery dead, and `delivery.dead` tells of it."""
    world = Delivering(500, 500)
    await world.add(a_webhook(schedule_s=(10,)))

    async with delivering(world):
        await world.say()
        await world.clock.advance(15)

    assert (world.states, world.told) == (["dead"], ["delivery.dead"])


async def test_a_death_told_in_vain_is_not_told_of() -> None:
    """A dead delivery of `delivery.dead` makes no further event."""
    world = Delivering(500, 500)
    await world.add(
        a_webhook("one", schedule_s=(10,), stop_on=(500,)),
        a_webhook("two", events=("delivery.*",), stop_on=(500,)),
    )

    async with delivering(world):
        await world.say()
        await world.clock.advance(60)

    assert (world.states, world.told) == (["dead", "dead"], ["delivery.dead"])


async def test_gone_disables_the_webhook() -> None:
    """A 410 makes the webhook inactive with the reason `gone`, and tells of it."""
    world = Delivering(410)
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()

    webhook = world.roster.get("wh_one")
    assert (webhook.active, webhook.disabled_reason) == (False, "gone")
    assert sorted(world.told) == ["delivery.dead", "webhook.disabled"]


async def test_several_that_are_gone_at_once_are_told_of_once() -> None:
    """Of four requests answered 410 together, one disables the webhook."""
    world = Delivering(410, 410, 410, 410)
    await world.add(a_webhook())
    await world.say(times=4)

    async with delivering(world):
        pass

    assert world.told.count("webhook.disabled") == 1


async def test_an_inactive_webhook_is_left_alone() -> None:
    """Nothing goes to a webhook that is not active."""
    world = Delivering()
    await world.add(a_webhook(active=False))

    async with delivering(world):
        await world.say()
        await world.clock.advance(3600)

    assert world.sender.requests == []


async def test_a_webhook_enabled_again_gets_what_waited() -> None:
    """Once it is active and the worker is woken, what was held goes out."""
    world = Delivering()
    await world.add(a_webhook(active=False))

    async with delivering(world):
        await world.say()
        await world.store.webhooks.put(a_webhook(), owed=Release())
        world.worker.wake(["wh_one"])
        await settle()

    assert world.states == ["delivered"]


async def test_a_deleted_webhook_gets_nothing_more() -> None:
    """What is to be tried again for a webhook that was deleted is cancelled."""
    world = Delivering(500)
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        await world.store.webhooks.delete("wh_one")
        await world.clock.advance(3600)

    assert (len(world.sender.requests), world.states) == (1, ["cancelled"])


async def test_retry_after_pauses_the_whole_webhook() -> None:
    """After 429 with `Retry-After: 60` a second event waits, and nothing is burnt."""
    world = Delivering(an_outcome(429, retry_after="60"))
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        await world.say()
        await world.clock.advance(59)
        during = len(world.sender.requests)
        await world.clock.advance(30)

    assert during == 1
    assert world.states == ["delivered", "delivered"]
    assert [delivery.attempts for delivery in world.deliveries] == [2, 1]
    assert world.deliveries[0].schedule_index == 0


async def test_a_pause_ends_when_the_url_changes() -> None:
    """A webhook moved to another address does not wait for the old one's sake."""
    world = Delivering(an_outcome(503, retry_after="3600"))
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        await world.add(a_webhook(url="https://new.example/"))
        await world.say()

    assert world.urls == ["https://one.example/hook", "https://new.example/"]


async def test_a_hanging_webhook_delays_no_other() -> None:
    """While one receiver holds all its requests, another gets every event."""
    world = Delivering()
    await world.add(a_webhook("slow"), a_webhook("fast"))
    world.sender.hang("https://slow.example/hook")

    async with delivering(world):
        await world.say(times=50)
        reached = world.urls.count("https://fast.example/hook")
        world.sender.release("https://slow.example/hook")
        await settle()

    assert reached == 50


async def test_no_more_than_max_in_flight_at_once() -> None:
    """A webhook with `max_in_flight` 3 has three requests under way, all the time."""
    world = Delivering()
    await world.add(a_webhook(max_in_flight=3))
    world.sender.hang("https://one.example/hook")

    async with delivering(world):
        await world.say(times=10)
        hanging = world.sender.flying
        world.sender.release("https://one.example/hook")
        await settle()

    assert (hanging, world.sender.most_at_once) == (3, 3)
    assert world.states == ["delivered"] * 10


async def test_the_cap_in_all_is_kept_and_shared() -> None:
    """With two slots for three busy webhooks everybody's deliveries arrive."""
    world = Delivering(in_flight=2)
    names = ("one", "two", "three")
    await world.add(*(a_webhook(name) for name in names))
    await world.say(times=20)

    async with delivering(world):
        await settle(1000)

    assert world.sender.most_at_once == 2
    assert world.states == ["delivered"] * 60
    assert world.works.cap.free == 2


async def test_a_bug_of_ours_counts_as_a_failed_attempt() -> None:
    """An exception while sending is stored as `internal` and tried again."""
    world = Delivering(RuntimeError("secret"))
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        await world.clock.advance(6)

    attempts = world.store.attempts[world.deliveries[0].id]
    assert [attempt.error_class for attempt in attempts] == [ErrorClass.INTERNAL, None]
    assert "secret" not in str(attempts) + str(world.meter.lines)


async def test_a_result_waits_for_the_store() -> None:
    """An answer that could not be stored is stored once the store is back."""
    world = Delivering()
    await world.add(a_webhook())
    world.sender.hang("https://one.example/hook")

    async with delivering(world):
        await world.say()
        world.store.fail_with(GONE)
        world.sender.release("https://one.example/hook")
        await world.clock.advance(300)
        world.store.fail_with(None)
        await world.clock.advance(30)

    assert (len(world.sender.requests), world.states) == (1, ["delivered"])


async def test_a_claim_that_fails_is_made_again() -> None:
    """What comes due while the store is away goes out when it is back."""
    world = Delivering(500)
    await world.add(a_webhook())

    async with delivering(world):
        await world.say()
        world.store.fail_with(GONE)
        await world.clock.advance(600)
        world.store.fail_with(None)
        await world.clock.advance(30)

    assert (len(world.sender.requests), world.states) == (2, ["delivered"])


async def test_what_a_former_process_left_in_flight_is_taken_over() -> None:
    """A delivery found `in_flight` at the start is attempted, with no attempt lost."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    await world.store.deliveries.claim("wh_one", 1)

    async with delivering(world):
        pass

    delivery = world.deliveries[0]
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 1)


async def test_a_webhook_may_be_added_while_running() -> None:
    """A webhook stored after the start gets the next event."""
    world = Delivering()

    async with delivering(world):
        await world.add(a_webhook())
        await world.say()

    assert world.states == ["delivered"]


async def test_a_lane_is_of_no_request() -> None:
    """The id of the request that started a lane is not that of its deliveries."""
    world = Delivering()

    async with delivering(world):
        REQUEST.set("req_1")
        await world.add(a_webhook())
        await world.say()

    assert REQUEST not in world.sender.contexts[0]


async def test_a_delivery_too_old_is_given_up_without_an_attempt() -> None:
    """What waited longer than `max_age` is dead, reason `too_old`, and never sent."""
    world = Delivering()
    await world.add(a_webhook(max_age=timedelta(minutes=1)))
    await world.say()
    await world.clock.advance(61)

    async with delivering(world):
        pass

    assert (world.sender.requests, world.deliveries[0].reason) == ([], "too_old")


async def test_one_line_is_logged_for_each_attempt() -> None:
    """`delivery.attempted` names ids, host and verdict, and no URL, body or secret."""
    world = Delivering(503)
    await world.add(a_webhook(url="https://one.example/hook/s3cret?k=v"))

    async with delivering(world):
        await world.say("private")

    line = world.meter.named("delivery.attempted")[0]
    assert line["host"] == "one.example"
    assert (line["status"], line["verdict"], line["attempt"]) == (503, "try_again", 1)
    assert "s3cret" not in str(world.meter.lines)
    assert "private" not in str(world.meter.lines)


async def test_a_clock_set_forward_is_noticed() -> None:
    """A retry due in an hour goes out within a minute of the clock being set."""
    world = Delivering(500)
    await world.add(a_webhook(schedule_s=(3600,)))

    async with delivering(world):
        await world.say()
        world.clock.jump(7200)
        await world.clock.advance(60)

    assert (world.states, world.clock.now() > NOON) == (["delivered"], True)
