"""Sources over HTTP, as the contract has them."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.api.source_shapes import (
    SimulationShape,
    SourceAddressed,
    SourceDetail,
    SourceList,
    SourceShape,
)
from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import Profile, Verification
from tests.fakes.bridge import Bridge
from tests.fakes.caller import Caller
from tests.fakes.clock import NOON
from tests.fakes.inbound import SECRET, Inbounds, a_source
from tests.fakes.ingest import PUBLIC_URL, sources_of

WANTED: dict[str, Any] = {
    "name": "repository",
    "broadcast": True,
    "verify": {"profile": "github", "secret": "It's a Secret to Everybody"},
}
KEY = {"Idempotency-Key": "our-repository"}
BEARER = Verification(Profile.BEARER, (SECRET,))


async def a_made(call: Caller, **changes: object) -> Any:  # noqa: ANN401  # JSON
    """Make a source and return what is shown of it."""
    answer = await call.post("/sources", json={**WANTED, **changes})
    assert answer.status == 201, answer.content
    return answer.json


async def test_a_source_is_made_with_an_address() -> None:
    """201 with the address for the only time, absolute and as a path."""
    world = Inbounds()

    async with sources_of(world, public_url=PUBLIC_URL) as call:
        answer = await call.post("/sources", json=WANTED)
        sent = await call.post(answer.json["path"], json={}, key=None)

    shown = SourceAddressed.model_validate_json(answer.content)
    assert answer.headers["Location"] == f"/gw/sources/{shown.id}"
    assert shown.url == f"{PUBLIC_URL}{shown.path}"
    assert (shown.format, shown.room, shown.broadcast) == ("github", "lobby", True)
    assert sent.code == "not_verified"
    kept = world.store.sources_by_id[shown.id]
    assert kept.key_id is not None
    assert kept.token_hash not in answer.content.decode()


async def test_secrets_and_tokens_are_shown_once() -> None:
    """Neither GET, nor the list, nor PATCH shows either."""
    world = Inbounds()

    async with sources_of(world) as call:
        made = await a_made(call)
        path = f"/sources/{made['id']}"
        answers = [
            await call.get(path),
            await call.get("/sources"),
            await call("PATCH", path, json={"description": "new"}),
            await call.post(f"{path}/rotate-secrets", json={"secret": "a-new-one"}),
        ]

    token = made["path"].removeprefix("/in/").encode()
    for answer in answers:
        assert answer.status == 200
        assert token not in answer.content
        assert b"Everybody" not in answer.content
        assert b"a-new-one" not in answer.content
    assert b"Everybody" not in str(made).encode()
    assert answers[0].json["verify"] == {
        "profile": "github",
        "tolerance": 300,
        "secret_count": 1,
    }
    assert answers[3].json["verify"]["secret_count"] == 2
    SourceShape.model_validate_json(answers[2].content)


async def test_one_is_shown_with_what_became_of_its_requests() -> None:
    """Counted by state, with the newest that was taken, and the newest that was not."""
    world = Inbounds()
    await world.add(a_source())

    async with sources_of(world) as call:
        first = await call.get("/sources/src_1")
        await call.post("/in/src_1", json={})
        await call.post("/in/src_1", data=b"[")
        taken = await call.post("/in/src_1", json={})
        await call.post("/in/src_1", data=b"{")
        answer = await call.get("/sources/src_1")
        everything = await call.get("/sources")

    nothing = SourceDetail.model_validate_json(first.content)
    assert (nothing.last_request, nothing.last_refusal) == (None, None)
    assert nothing.waiting_since is None
    shown = SourceDetail.model_validate_json(answer.content)
    assert (shown.accepted, shown.said, shown.render_failed) == (2, 0, 0)
    assert shown.waiting_since == NOON
    assert shown.last_request is not None
    assert shown.last_request.id == taken.json["id"]
    assert shown.last_refusal is not None
    assert shown.last_refusal.code == "malformed_json"
    assert len(SourceList.model_validate_json(everything.content).sources) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({**WANTED, "verify": None}, "/verify"),
        ({**WANTED, "verify": {}}, "/verify/profile"),
        ({**WANTED, "verify": {"profile": "github"}}, "/verify/secrets"),
        ({**WANTED, "verify": {"profile": "hmac", "secret": "x"}}, "/verify/header"),
        ({**WANTED, "to": "alice"}, "/broadcast"),
        ({**WANTED, "broadcast": False}, "/to"),
        ({**WANTED, "room": "attic"}, "/room"),
        ({**WANTED, "template": {"text": "{{ x"}}, "/template/text"),
        ({**WANTED, "filter": "a =="}, "/filter"),
        (
            {**WANTED, "response": {"content_type": "text/html"}},
            "/response/content_type",
        ),
        ({**WANTED, "fields": {}}, "/fields"),
        ({**WANTED, "secret": "x"}, "/secret"),
        ({**WANTED, "colour": "red"}, "/colour"),
        ({**WANTED, "type": "dismiss"}, "/type"),
    ],
)
async def test_a_place_that_is_wrong_is_named(
    body: dict[str, object], pointer: str
) -> None:
    """422 with a JSON Pointer, and nothing is stored."""
    world = Inbounds()

    async with sources_of(world) as call:
        answer = await call.post("/sources", json=body)

    assert (answer.status, answer.code) == (422, "validation")
    assert pointer in {each["pointer"] for each in answer.json["errors"]}
    assert world.store.sources_by_id == {}


async def test_a_patch_is_a_merge_patch() -> None:
    """Null is the default again; application/merge-patch+json is read too."""
    async with sources_of(Inbounds()) as call:
        made = await a_made(call, filter="n", type="push")
        answer = await call(
            "PATCH",
            f"/sources/{made['id']}",
            data=b'{"filter":null,"to":["alice","bob"],"active":false}',
            headers={"Content-Type": "application/merge-patch+json"},
        )

    assert answer.json["filter"] is None
    assert (answer.json["to"], answer.json["broadcast"]) == (["alice", "bob"], False)
    assert (answer.json["active"], answer.json["type"]) == (False, "push")


async def test_a_source_that_is_deleted_is_gone() -> None:
    """Its address as well; the list does not have it."""
    async with sources_of(Inbounds()) as call:
        made = await a_made(call)
        path = f"/sources/{made['id']}"
        deleted = await call("DELETE", path)
        answers = [
            await call.get(path),
            await call("DELETE", path),
            await call.post(made["path"], json={}, key=None),
        ]
        everything = await call.get("/sources")

    assert (deleted.status, deleted.json) == (200, {"id": made["id"]})
    assert [each.code for each in answers] == ["gone"] * 3
    assert everything.json["sources"] == []


async def test_a_new_address_replaces_the_old_one() -> None:
    """The old one is not found any more, and a body asks for nothing."""
    async with sources_of(Inbounds()) as call:
        made = await a_made(call, verify={"profile": "none"})
        path = f"/sources/{made['id']}/rotate-token"
        refused = await call.post(path, json={"grace": 5})
        rotated = await call.post(path)
        old = await call.post(made["path"], json={}, key=None)
        new = await call.post(rotated.json["path"], json={}, key=None)

    assert refused.status == 422
    SourceAddressed.model_validate_json(rotated.content)
    assert (old.status, new.status) == (404, 202)


async def test_a_sample_is_worded_and_not_said() -> None:
    """What would be said, to whom, and what its repeats would be known by."""
    world = Inbounds()

    async with sources_of(world) as call:
        made = await a_made(
            call,
            verify={"profile": "none"},
            template={"text": "{{ n }} from {{ webhook.source }}"},
            dedup="n",
        )
        path = f"/sources/{made['id']}/simulate"
        answer = await call.post(path, json={"body": {"n": 5}})
        bad = await call.post(path, json={"colour": "red"})

    shown = SimulationShape.model_validate_json(answer.content)
    assert shown.status == "said"
    assert shown.message == {"text": "5 from repository"}
    assert shown.identity == "dedup:5"
    assert bad.status == 422
    assert world.store.inbound_by_id == {}


@pytest.mark.parametrize(
    ("sample", "pointer", "word"),
    [
        ({}, "/body", "required"),
        ({"action": "opened"}, "/action", "`body`"),
        ({"request": 5}, "/request", "inb_"),
        ({"request": "inb_1", "body": {}}, "/body", "leave this out"),
        ({"body": {}, "method": "PUT"}, "/method", "POST, GET"),
    ],
)
async def test_a_sample_that_is_none_is_told_what_it_should_be(
    sample: dict[str, object], pointer: str, word: str
) -> None:
    """A payload sent as it is, too."""
    world = Inbounds()
    await world.add(a_source())

    async with sources_of(world) as call:
        answer = await call.post("/sources/src_1/simulate", json=sample)

    (error,) = answer.json["errors"]
    assert (answer.status, error["pointer"]) == (422, pointer)
    assert word in error["detail"]


async def test_a_request_that_is_null_is_left_out() -> None:
    """As everywhere."""
    world = Inbounds()
    await world.add(a_source())

    async with sources_of(world) as call:
        sample = {"request": None, "body": {"n": 1}}
        answer = await call.post("/sources/src_1/simulate", json=sample)

    assert answer.json["message"] == {"n": 1}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sources/src_9"),
        ("PATCH", "/sources/src_9"),
        ("DELETE", "/sources/src_9"),
        ("POST", "/sources/src_9/rotate-token"),
        ("POST", "/sources/src_9/rotate-secrets"),
        ("POST", "/sources/src_9/simulate"),
    ],
)
async def test_a_source_that_was_never_there_is_not_found(
    method: str, path: str
) -> None:
    """404 on every address below it, and 401 without a key."""
    body = {"secret": "x"} if path.endswith("secrets") else {}

    async with sources_of(Inbounds()) as call:
        answer = await call(method, path, json=body)
        unknown = await call(method, path, json=body, key=None)

    assert (answer.status, answer.code) == (404, "not_found")
    assert unknown.status == 401


async def test_a_repeat_is_answered_byte_for_byte() -> None:
    """Whoever lost the answer gets the address that was made then."""
    world = Inbounds()

    async with sources_of(world) as call:
        first = await call.post("/sources", json=WANTED, headers=KEY)
        again = await call.post("/sources", json=WANTED, headers=KEY)
        other = await call.post(
            "/sources", json={**WANTED, "name": "other"}, headers=KEY
        )

    assert (again.status, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert len(world.store.sources_by_id) == 1


async def test_an_answer_that_cannot_be_opened_makes_no_second_source() -> None:
    """With its master key gone it is said where to look."""
    world = Inbounds()

    async with sources_of(world) as call:
        await call.post("/sources", json=WANTED, headers=KEY)
        done = world.store.done
        done.update({once: replace(each, answer=None) for once, each in done.items()})
        again = await call.post("/sources", json=WANTED, headers=KEY)

    assert (again.status, again.code) == (410, "message_gone")


async def test_a_store_that_is_away_makes_nothing() -> None:
    """503, and the key stays free."""
    world = Inbounds()
    world.store.fail_with(StoreUnavailable("the disk is full"))

    async with sources_of(world) as call:
        answer = await call.post("/sources", json=WANTED, headers=KEY)
        world.store.fail_with(None)
        again = await call.post("/sources", json=WANTED, headers=KEY)

    assert (answer.status, again.status) == (503, 201)
    assert "idempotent-replayed" not in again.headers


async def test_the_log_has_neither_token_nor_secret() -> None:
    """Of what is made, changed and called."""
    world, bridge = Inbounds(), Bridge()

    async with sources_of(world, bridge=bridge) as call:
        made = await a_made(call, verify={"profile": "bearer", "secret": SECRET})
        await call.post(made["path"], json={}, key=None)
        await call.post(made["path"], json={}, key=SECRET)
        await call.post(f"/sources/{made['id']}/rotate-secrets", json={"secret": "b"})

    token = made["path"].removeprefix("/in/")
    told = f"{bridge.meter.lines} {vars(world.meter)}"
    assert token not in told
    assert SECRET not in told
