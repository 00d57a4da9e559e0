"""What callers do with sources, and with what came in."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.domain.errors import (
    Gone,
    Invalid,
    KeyReused,
    MessageGone,
    NotFound,
    NotVerified,
    StoreUnavailable,
)
from gateway.domain.model import InboundState, Profile, Source, Verification
from gateway.domain.once import AlreadyDone, Once
from gateway.inbound.intake import Outcome, token_hash
from gateway.inbound.ports import InboundFilter
from tests.fakes.clock import NOON
from tests.fakes.inbound import SECRET, TOKEN, Inbounds, a_source, an_arrival

BODY: Mapping[str, object] = {
    "name": "shop",
    "verify": {"profile": "bearer", "secret": SECRET},
    "to": "alice",
}
ONCE = Once("key:-:POST /sources", "k1", "print")


def answer(source: Source, token: str) -> str:
    """Say what is answered to whoever makes a source."""
    return json.dumps({"id": source.id, "token": token})


async def test_a_new_source_is_stored_with_a_token_of_its_own() -> None:
    """The token has 160 bits, and only its hash is stored."""
    world = Inbounds()

    source, token = await world.controls.create(BODY, key_id="key_1")

    assert world.controls.get(source.id) == source
    assert (source.id[:4], source.key_id, len(token)) == ("src_", "key_1", 32)
    assert source.token_hash == token_hash(token)
    assert world.intake.addressed(token) == source
    assert token not in str(world.meter.lines) + repr(source)


async def test_no_two_tokens_are_alike() -> None:
    """Nor is one the id of a source."""
    world = Inbounds()

    tokens = {(await world.controls.create(BODY)).token for _ in range(20)}

    assert len(tokens) == 20
    assert all(token.isalnum() and token == token.lower() for token in tokens)


async def test_a_body_that_breaks_a_rule_makes_nothing() -> None:
    """Each place is named."""
    world = Inbounds()

    with pytest.raises(Invalid):
        await world.controls.create({**BODY, "to": 7})

    assert world.controls.list() == []


async def test_a_source_is_made_once_for_a_key() -> None:
    """Whoever repeats the request is answered what they were, token and all."""
    world = Inbounds()
    made = await world.controls.create(BODY, once=ONCE, answer=answer)

    with pytest.raises(AlreadyDone):
        await world.controls.create(BODY, once=ONCE, answer=answer)
    again = await world.controls.repeated(ONCE)

    assert again == answer(*made)
    assert len(world.controls.list()) == 1
    assert await world.controls.repeated(Once(ONCE.scope, "k2")) is None


async def test_a_key_is_good_for_one_request() -> None:
    """Another request with it is refused, and so is one whose answer is lost."""
    world = Inbounds()
    await world.controls.create(BODY, once=ONCE)

    with pytest.raises(KeyReused):
        await world.controls.repeated(replace(ONCE, fingerprint="other"))
    with pytest.raises(MessageGone):
        await world.controls.repeated(ONCE)


async def test_a_patch_changes_what_it_names() -> None:
    """And when it was changed."""
    world = Inbounds()
    await world.add(a_source())
    await world.clock.advance(60)

    changed = await world.controls.patch("src_1", {"type": "order"})

    assert (changed.type, changed.name) == ("order", "shop")
    assert changed.updated_at == world.clock.now()
    assert world.controls.get("src_1") == changed


async def test_a_patch_that_changes_nothing_stores_nothing() -> None:
    """It is answered all the same."""
    world = Inbounds()
    await world.add(a_source())
    commits = world.store.commits

    await world.controls.patch("src_1", {"name": "shop"})

    assert world.store.commits == commits


async def test_two_patches_at_once_are_both_made() -> None:
    """The second begins with what the first has left."""
    world = Inbounds()
    await world.add(a_source())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(world.controls.patch("src_1", {"type": "order"}))
        tasks.create_task(world.controls.patch("src_1", {"name": "store"}))

    source = world.controls.get("src_1")
    assert (source.type, source.name) == ("order", "store")


async def test_a_new_token_takes_the_place_of_the_old() -> None:
    """At once: it may have been seen by others."""
    world = Inbounds()
    await world.add(a_source())

    source, token = await world.controls.rotate_token("src_1")

    assert world.intake.addressed(token) == source
    with pytest.raises(NotFound):
        world.intake.addressed(TOKEN)


async def test_a_new_secret_is_good_beside_the_old() -> None:
    """For whoever still signs with that."""
    world = Inbounds()
    await world.add(a_source(verify=Verification(Profile.BEARER, ("old",))))

    source = await world.controls.rotate_secrets("src_1", {"secret": "new"})
    takings = await world.take(
        source,
        *[
            an_arrival({"n": 1}, {"authorization": f"Bearer {s}"})
            for s in ("old", "new")
        ],
    )

    assert {taking.outcome for taking in takings} == {Outcome.ACCEPTED}


async def test_a_deleted_source_is_gone() -> None:
    """Its secrets are forgotten, and who sends there is told."""
    world = Inbounds()
    await world.add(a_source(verify=Verification(Profile.BEARER, (SECRET,))))

    await world.controls.delete("src_1")

    kept = world.store.sources.get("src_1")
    assert world.controls.list() == []
    assert kept is not None
    assert (kept.verify.secrets, kept.deleted_at) == ((), NOON)
    with pytest.raises(Gone):
        world.controls.get("src_1")
    with pytest.raises(Gone):
        world.intake.addressed(TOKEN)


@pytest.mark.parametrize("call", ["get", "refused"])
async def test_there_is_none_of_that_id(call: str) -> None:
    """Whatever is asked of it."""
    with pytest.raises(NotFound):
        getattr(Inbounds().controls, call)("src_0")


async def test_a_store_that_is_away_changes_nothing() -> None:
    """Whoever asked is told."""
    world = Inbounds()
    await world.add(a_source())
    world.store.fail_with(StoreUnavailable("the disk is full"))

    with pytest.raises(StoreUnavailable):
        await world.controls.patch("src_1", {"name": "new"})
    with pytest.raises(StoreUnavailable):
        await world.controls.create(BODY)

    assert [source.name for source in world.controls.list()] == ["shop"]


async def test_what_came_in_can_be_listed_and_seen() -> None:
    """With its body, one by one."""
    world = Inbounds()
    await world.add(a_source())
    (taking,) = await world.take(a_source(), an_arrival({"n": 1}))

    page = await world.controls.requests("src_1", InboundFilter())
    one = await world.controls.request("src_1", taking.inbound_id or "")

    assert [inbound.id for inbound in page.requests] == [taking.inbound_id]
    assert one.body == b'{"n": 1}'
    assert (await world.controls.counts("src_1"))[InboundState.ACCEPTED] == 1


async def test_a_request_of_another_source_is_not_found() -> None:
    """Whoever knows its id."""
    world = Inbounds()
    await world.add(a_source(), a_source("src_2", token_hash="other"))
    (taking,) = await world.take(a_source(), an_arrival())

    with pytest.raises(NotFound):
        await world.controls.request("src_2", taking.inbound_id or "")
    with pytest.raises(NotFound):
        await world.controls.replay("src_2", taking.inbound_id or "")


async def test_what_was_refused_can_be_seen() -> None:
    """Verified or not."""
    world = Inbounds()
    source = a_source(verify=Verification(Profile.BEARER, (SECRET,)))
    await world.add(source)
    with pytest.raises(NotVerified):
        await world.take(source, an_arrival())

    (refusal,) = world.controls.refused("src_1")

    assert refusal.code == "not_verified"


async def test_a_request_can_be_said_again_on_the_terms_of_now() -> None:
    """As a new one that is no duplicate, once the template is mended."""
    world = Inbounds()
    broken = a_source(template='{"t":"{{ n | divided_by: 0 }}"}', dedup="header:x-id")
    await world.add(broken)
    (taking,) = await world.take(broken, an_arrival({"n": 1}, {"x-id": "7"}))
    await world.speak()

    await world.controls.patch("src_1", {"template": {"t": "{{ n }}"}})
    again = await world.controls.replay(
        "src_1", taking.inbound_id or "", key_id="key_1"
    )
    world.begin()
    await world.speak()

    first = await world.inbound(taking.inbound_id)
    replayed = await world.inbound(again.id)
    assert first.state is InboundState.RENDER_FAILED
    assert (replayed.state, replayed.replay_of) == (InboundState.SAID, first.id)
    assert (replayed.identity, replayed.key_id) == (None, "key_1")
    assert world.voice.bodies == [{"t": "1"}]


@pytest.mark.parametrize(
    ("method", "emptied"),
    [
        ("POST", {"body": b"", "size": 8}),
        ("POST", {"body": b"", "size": 8, "headers": {}}),
        ("GET", {"query": "", "headers": {}}),
    ],
)
async def test_what_is_not_held_any_more_cannot_be_said_again(
    method: str, emptied: Mapping[str, object]
) -> None:
    """Nothing is made up of it, neither of a body nor of a query."""
    world = Inbounds()
    source = a_source(methods=("POST", "GET"))
    await world.add(source)
    arrival = an_arrival(b"" if method == "GET" else None, method=method, query="a=1")
    (taking,) = await world.take(source, arrival)
    kept = await world.inbound(taking.inbound_id)
    gone: Any = emptied
    world.store.inbound_by_id[kept.id] = replace(kept, **gone)

    with pytest.raises(Gone):
        await world.controls.replay("src_1", kept.id)
    with pytest.raises(Gone):
        await world.controls.simulate("src_1", {"request": kept.id})


async def test_a_sample_or_a_stored_request_can_be_simulated() -> None:
    """Nothing is stored or said."""
    world = Inbounds()
    await world.add(a_source())
    (taking,) = await world.take(a_source(), an_arrival({"n": 1}))
    commits = world.store.commits

    sample = await world.controls.simulate("src_1", {"body": {"n": 2}})
    stored = await world.controls.simulate("src_1", {"request": taking.inbound_id})

    assert (sample.message, stored.message) == ('{"n":2}', '{"n":1}')
    assert (world.store.commits, world.voice.said) == (commits, [])


async def test_each_change_is_a_line_of_the_log() -> None:
    """With the source's id, and no secret."""
    world = Inbounds()
    source, _ = await world.controls.create(BODY)

    await world.controls.patch(source.id, {"active": False})
    await world.controls.rotate_token(source.id)
    await world.controls.rotate_secrets(source.id, {"secret": "another"})
    await world.controls.delete(source.id)

    assert [event for _, event, _ in world.meter.lines] == [
        "source.created",
        "source.updated",
        "source.token_rotated",
        "source.secret_rotated",
        "source.deleted",
    ]
    assert SECRET not in str(world.meter.lines)
