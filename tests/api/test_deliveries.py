"""Deliveries over HTTP, as the contract has them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.api import deliveries as routes
from gateway.api.deliveries import DeliveryDetail, DeliveryList, DeliveryShape
from gateway.delivery.redelivery import DeliveryControls
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller, calling
from tests.fakes.delivering import Delivering, a_webhook, delivering
from tests.fakes.sender import an_outcome


@asynccontextmanager
async def deliveries_of(world: Delivering) -> AsyncIterator[Caller]:
    """Serve a world's deliveries, and give somebody to call them."""
    controls = DeliveryControls(
        world.store.deliveries,
        world.roster,
        world.worker.wake,
        world.meter,
    )
    services = Bridge().services(routers=(routes.router(controls, world.clock),))
    async with calling(services) as caller:
        yield caller


async def a_failed_world() -> Delivering:
    """Return a world with one dead delivery and one delivered."""
    world = Delivering(an_outcome(404, body=b"who?"))
    await world.add(a_webhook(stop_on=(404,)))
    async with delivering(world):
        await world.say()
        await world.say()
    return world


async def test_deliveries_are_listed_newest_first() -> None:
    """Each shows its event, its webhook and its last attempt."""
    world = await a_failed_world()
    async with deliveries_of(world) as call:
        answer = await call.get("/deliveries")

    page = DeliveryList.model_validate_json(answer.content)
    newer, older = page.deliveries
    assert (newer.status, older.status) == ("delivered", "dead")
    assert (older.event, older.reason) == ("message.received", "stopped")
    assert older.last_attempt is not None
    assert (older.last_attempt.status, older.attempt_count) == (404, 1)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=dead", 1),
        ("status=dead,delivered", 2),
        ("webhook=wh_one", 2),
        ("webhook=wh_other", 0),
        ("events=message.*", 2),
        ("events=room.gap", 0),
        ("since=2026-03-14T12:00:00Z", 2),
        ("since=2026-03-14T15:00:00+02:00", 0),
        ("until=2026-03-14T12:00:00Z", 0),
        ("since=10m", 2),
        ("until=10m", 0),
        ("limit=1", 1),
    ],
)
async def test_the_list_can_be_narrowed(query: str, count: int) -> None:
    """Filters are plural, comma-separated, and all of them count."""
    world = await a_failed_world()
    async with deliveries_of(world) as call:
        answer = await call.get(f"/deliveries?{query}")

    assert len(answer.json["deliveries"]) == count


async def test_the_list_has_pages() -> None:
    """`next_cursor` leads to the rest, and then to nothing."""
    world = await a_failed_world()
    async with deliveries_of(world) as call:
        first = await call.get("/deliveries?limit=1")
        cursor = first.json["next_cursor"]
        second = await call.get(f"/deliveries?limit=1&cursor={cursor}")

    assert first.json["deliveries"] != second.json["deliveries"]
    assert second.json["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("status=lost", "?status"),
        ("events=message.lost", "?events"),
        ("limit=201", "?limit"),
        ("since=yesterday", "?since"),
        ("since=1773489600", "?since"),
        ("until=10y", "?until"),
        ("since=2026-03-14T12:00:00", "?since"),
        ("cursor=theirs", "?cursor"),
        ("colour=red", "?colour"),
    ],
)
async def test_a_wrong_filter_is_422(query: str, pointer: str) -> None:
    """What cannot be meant is refused with its name."""
    async with deliveries_of(Delivering()) as call:
        answer = await call.get(f"/deliveries?{query}")

    assert (answer.status, answer.code) == (422, "validation")
    assert answer.json["errors"][0]["pointer"] == pointer


async def test_one_delivery_is_shown_with_its_attempts() -> None:
    """Attempts show the answer's status and the start of its body."""
    world = await a_failed_world()
    async with deliveries_of(world) as call:
        answer = await call.get(f"/deliveries/{world.deliveries[0].id}")

    shown = DeliveryDetail.model_validate_json(answer.content)
    (attempt,) = shown.attempts
    assert (attempt.number, attempt.status, attempt.response) == (1, 404, "who?")
    assert (attempt.verdict, attempt.error_class) == ("give_up", "http_status")


async def test_a_retry_is_accepted() -> None:
    """202 with the delivery pending again."""
    world = await a_failed_world()
    async with deliveries_of(world) as call:
        answer = await call.post(f"/deliveries/{world.deliveries[0].id}/retry")

    shown = DeliveryShape.model_validate_json(answer.content)
    assert (answer.status, shown.status, shown.reason) == (202, "pending", None)


async def test_a_retry_in_the_wrong_state_is_409() -> None:
    """A delivery in flight is not sent a second time."""
    world = Delivering()
    await world.add(a_webhook())
    await world.say()
    await world.store.deliveries.claim("wh_one", 1)
    async with deliveries_of(world) as call:
        answer = await call.post(f"/deliveries/{world.deliveries[0].id}/retry")

    assert (answer.status, answer.code) == (409, "wrong_state")
    assert answer.json["state"] == "in_flight"


async def test_an_unknown_delivery_is_404() -> None:
    """Neither GET nor retry finds it."""
    async with deliveries_of(Delivering()) as call:
        shown = await call.get("/deliveries/dlv_none")
        again = await call.post("/deliveries/dlv_none/retry")

    assert (shown.code, again.code) == ("not_found", "not_found")
