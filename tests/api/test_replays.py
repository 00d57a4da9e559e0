"""Replays over HTTP, as the contract has them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.api import replays as routes
from gateway.api.replays import (
    RehearsedReplay,
    ReplayBody,
    ReplayDetail,
    ReplayList,
)
from gateway.delivery.replays import Wish, read_wish
from gateway.domain.model import ReplayState
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller, calling
from tests.fakes.clock import NOON, settle
from tests.fakes.delivering import a_webhook
from tests.fakes.replaying import Replaying, replaying


@asynccontextmanager
async def replays_of(world: Replaying) -> AsyncIterator[Caller]:
    """Serve a world's replays, and give somebody to call them."""
    services = Bridge().services(routers=(routes.router(world.controls),))
    async with calling(services) as caller:
        yield caller


async def a_world() -> Replaying:
    """Return a world with two deliveries of wh_one given up, and one to be made."""
    world = Replaying()
    await world.add(a_webhook())
    await world.say(times=3)
    await world.give_up(0, 1)
    return world


async def test_a_replay_is_accepted() -> None:
    """202 says how much it found and where to look."""
    async with replays_of(await a_world()) as call:
        answer = await call.post("/webhooks/wh_one/replay", json={"since": "2h"})

    shown = ReplayDetail.model_validate_json(answer.content)
    assert (answer.status, shown.state, shown.matched) == (202, "running", 2)
    assert answer.headers["Location"] == f"/replays/{shown.id}"
    assert (shown.webhook_id, shown.to, shown.only) == ("wh_one", "wh_one", "failed")
    assert answer.json["since"] == "2026-03-14T10:00:00.000Z"


async def test_a_body_may_be_left_out() -> None:
    """All that failed is sent again."""
    async with replays_of(await a_world()) as call:
        answer = await call.post("/webhooks/wh_one/replay")

    assert (answer.status, answer.json["matched"]) == (202, 2)


async def test_a_dry_run_is_200_and_leaves_nothing() -> None:
    """It has no id, because there is nothing to look at."""
    async with replays_of(await a_world()) as call:
        answer = await call.post("/webhooks/wh_one/replay", json={"dry_run": True})
        listed = await call.get("/replays")

    shown = RehearsedReplay.model_validate_json(answer.content)
    assert (answer.status, shown.matched, shown.dry_run) == (200, 2, True)
    assert "Location" not in answer.headers
    assert listed.json == {"replays": [], "next_cursor": None}


async def test_a_replay_shows_how_its_deliveries_fare() -> None:
    """Counted by state; what was made before is none of it."""
    world = await a_world()
    async with replays_of(world) as call, replaying(world):
        begun = await call.post("/webhooks/wh_one/replay", json={})
        await settle()
        answer = await call.get(begun.headers["Location"])

    shown = ReplayDetail.model_validate_json(answer.content)
    assert (shown.state, shown.created, shown.pending) == ("running", 2, 2)
    assert (shown.dead, shown.finished_at) == (0, None)


async def test_replays_are_listed_in_pages() -> None:
    """`next_cursor` leads to the rest, and then to nothing."""
    world = await a_world()
    async with replays_of(world) as call:
        for _ in range(3):
            await call.post("/webhooks/wh_one/replay", json={})
            await world.clock.advance(1)
        first = await call.get("/replays?limit=2")
        cursor = first.json["next_cursor"]
        second = await call.get(f"/replays?limit=2&cursor={cursor}")

    pages = [ReplayList.model_validate_json(each.content) for each in (first, second)]
    ids = [replay.id for page in pages for replay in page.replays]
    assert ids == sorted(world.store.replays.by_id, reverse=True)
    assert second.json["next_cursor"] is None


async def test_a_replay_is_cancelled() -> None:
    """Once more is the same answer."""
    world = await a_world()
    async with replays_of(world) as call, replaying(world):
        begun = await call.post("/webhooks/wh_one/replay", json={})
        await settle()
        first = await call("DELETE", begun.headers["Location"])
        again = await call("DELETE", begun.headers["Location"])

    shown = ReplayDetail.model_validate_json(first.content)
    assert (first.status, shown.state, shown.cancelled) == (200, "cancelled", 2)
    assert again.json == first.json


async def test_a_replay_that_is_done_is_409() -> None:
    """It says so."""
    world = await a_world()
    async with replays_of(world) as call:
        begun = await call.post("/webhooks/wh_one/replay", json={})
        await world.store.replays.end(begun.json["id"], ReplayState.DONE)
        answer = await call("DELETE", begun.headers["Location"])

    assert (answer.status, answer.code) == (409, "wrong_state")
    assert answer.json["state"] == "done"


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"since": "soon"}, 422, "validation", "/since"),
        ({"to": "wh_none"}, 422, "validation", "/to"),
        ({"to": "wh_inside"}, 422, "url_blocked", "/to"),
        ({"to": "wh_asleep"}, 409, "wrong_state", None),
        ({"events": ["lost"]}, 422, "validation", "/events/0"),
        ({"color": "red"}, 422, "validation", "/color"),
        ([], 422, "validation", ""),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    body: object, status: int, code: str, pointer: str | None
) -> None:
    """Nothing is begun then."""
    world = await a_world()
    await world.add(
        a_webhook("asleep", active=False),
        a_webhook("inside", url="https://inside.example/"),
    )
    async with replays_of(world) as call:
        answer = await call.post("/webhooks/wh_one/replay", json=body)

    assert (answer.status, answer.code) == (status, code)
    pointers = [
        each["pointer"] for each in answer.json.get("errors", [None])[:1] if each
    ]
    assert pointers == ([] if pointer is None else [pointer])
    assert world.store.replays.by_id == {}


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"since=2h", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b" " * (routes.BODY_BYTES + 1), "application/json", 413),
    ],
)
async def test_a_body_that_is_no_json_is_refused(
    data: bytes, content_type: str, status: int
) -> None:
    """As everywhere."""
    async with replays_of(await a_world()) as call:
        answer = await call.post(
            "/webhooks/wh_one/replay",
            data=data,
            headers={"Content-Type": content_type},
        )

    assert answer.status == status


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("cursor=d5", "?cursor"), ("limit=0", "?limit"), ("state=done", "?state")],
)
async def test_a_wrong_query_is_422(query: str, pointer: str) -> None:
    """What cannot be meant is refused with its name."""
    async with replays_of(Replaying()) as call:
        answer = await call.get(f"/replays?{query}")

    assert (answer.status, answer.code) == (422, "validation")
    assert answer.json["errors"][0]["pointer"] == pointer


async def test_what_is_unknown_is_404() -> None:
    """A webhook as well as a replay."""
    async with replays_of(Replaying()) as call:
        answers = [
            await call.post("/webhooks/wh_none/replay", json={}),
            await call.get("/replays/rpl_none"),
            await call("DELETE", "/replays/rpl_none"),
        ]

    assert [answer.code for answer in answers] == ["not_found"] * 3


def test_the_description_has_the_members_that_are_read() -> None:
    """Whatever is described is taken, with the defaults that are described."""
    given = ReplayBody().model_dump()

    assert read_wish(given, NOON) == Wish()
