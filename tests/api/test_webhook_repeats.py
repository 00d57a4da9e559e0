"""POST /webhooks with an Idempotency-Key: one webhook, and one answer."""

import asyncio
from dataclasses import replace

from tests.api.test_webhooks import URL, webhooks_of
from tests.fakes.delivering import Delivering

KEY = {"Idempotency-Key": "our-crm"}
REPLAYED = "idempotent-replayed"


async def test_a_repeat_is_answered_byte_for_byte() -> None:
    """Whoever lost the answer gets the secret that was made then."""
    world = Delivering()

    async with webhooks_of(world, "https://example.com/gw") as call:
        first = await call.post("/webhooks", json={"url": URL}, headers=KEY)
        await world.clock.advance(3600)
        again = await call.post("/webhooks", json={"url": URL}, headers=KEY)

    assert (first.status, again.status) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers[REPLAYED] == "true"
    assert REPLAYED not in first.headers
    assert first.json["secret"].startswith("whsec_")
    assert len(world.roster.all()) == 1


async def test_rest_hooks_are_made_once_as_well() -> None:
    """Automation tools that try again do not subscribe twice."""
    world = Delivering()
    body = {"target_url": URL, "event": "message.received"}

    async with webhooks_of(world) as call:
        first = await call.post("/webhooks", json=body, headers=KEY)
        again = await call.post("/webhooks", json=body, headers=KEY)

    assert first.json["format"] == "flat"
    assert again.content == first.content


async def test_another_webhook_with_the_key_is_refused() -> None:
    """The answer tells nothing of the first."""
    world = Delivering()

    async with webhooks_of(world) as call:
        first = await call.post("/webhooks", json={"url": URL}, headers=KEY)
        other = await call.post("/webhooks", json={"url": f"{URL}/2"}, headers=KEY)

    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert first.json["id"] not in other.content.decode()
    assert len(world.roster.all()) == 1


async def test_a_refused_webhook_leaves_the_key_free() -> None:
    """The mended request is the first one."""
    world = Delivering()

    async with webhooks_of(world) as call:
        bad = await call.post("/webhooks", json={"uri": URL}, headers=KEY)
        answer = await call.post("/webhooks", json={"url": URL}, headers=KEY)

    assert (bad.status, answer.status) == (422, 201)
    assert REPLAYED not in answer.headers


async def test_without_a_key_there_are_as_many_as_were_asked_for() -> None:
    """Two webhooks may well have one URL."""
    world = Delivering()

    async with webhooks_of(world) as call:
        await call.post("/webhooks", json={"url": URL})
        await call.post("/webhooks", json={"url": URL})

    assert len(world.roster.all()) == 2


async def test_of_many_at_once_one_makes_it() -> None:
    """All are answered alike, and all but one as repeats."""
    world = Delivering()

    async with webhooks_of(world) as call, asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(call.post("/webhooks", json={"url": URL}, headers=KEY))
            for _ in range(10)
        ]

    answers = [each.result() for each in asked]
    assert {each.status for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    assert sum(REPLAYED in each.headers for each in answers) == 9
    assert len(world.roster.all()) == 1


async def test_an_answer_that_cannot_be_opened_makes_no_second_webhook() -> None:
    """With its master key gone it is said where to look."""
    world = Delivering()

    async with webhooks_of(world) as call:
        await call.post("/webhooks", json={"url": URL}, headers=KEY)
        done = world.store.done
        done.update({once: replace(each, answer=None) for once, each in done.items()})
        again = await call.post("/webhooks", json={"url": URL}, headers=KEY)

    assert (again.status, again.code) == (410, "message_gone")
    assert len(world.roster.all()) == 1
