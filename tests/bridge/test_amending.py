"""What is queued can be taken back, and what was not sent can be said after all."""

import asyncio
from dataclasses import replace

import pytest

from gateway.bridge.ports import Refused
from gateway.domain.errors import (
    NotFound,
    StoreUnavailable,
    WrongState,
)
from tests.bridge.conftest import Scene, a_draft, kinds, parked, refused, to
from tests.domain.nouns import INCOMING, RECEIVED
from tests.fakes.clock import settle

DOWN = StoreUnavailable("disk full")
REFUSED = Refused(1, "no")


async def test_what_waits_for_the_room_can_be_taken_back(scene: Scene) -> None:
    """It is never said."""
    message = await scene.accept()

    cancelled = await scene.sending.cancel(message.id)
    scene.link.arrive("alice")
    scene.link.become("ready")
    await settle()

    stored = await scene.stored(message)
    assert cancelled == replace(stored, position=cancelled.position)
    assert (cancelled.status, kinds(cancelled)) == (
        "cancelled",
        ["queued", "cancelled"],
    )
    assert scene.link.posts == []
    assert scene.happened() == ["message.cancelled"]
    assert scene.dispatcher.queued == 0


async def test_what_was_taken_back_on_purpose_warns_nobody(scene: Scene) -> None:
    """Its line in the log is one like that of what was sent."""
    message = await scene.accept()

    await scene.sending.cancel(message.id)

    told = [line[:2] for line in scene.meter.lines if "message_id" in line[2]]
    assert told == [("info", "message.cancelled")]


async def test_what_waits_for_its_recipient_can_be_taken_back(ready: Scene) -> None:
    """Those behind it need not wait any longer."""
    message = await parked(ready)
    behind = await ready.accept(a_draft(to=to("bob", "alice"), await_recipient=True))

    await ready.sending.cancel(message.id)
    ready.link.arrive("bob")
    await settle()

    said = {post.message.id for post in ready.link.posts}
    assert said == {behind.id}


async def test_what_was_queued_before_a_restart_can_be_taken_back(
    scene: Scene,
) -> None:
    """As soon as it is loaded."""
    message = await scene.accept()
    scene.begin()
    await scene.dispatcher.load()

    cancelled = await scene.sending.cancel(message.id)

    assert cancelled.status == "cancelled"
    assert scene.dispatcher.queued == 0


async def test_what_was_said_to_some_is_partly_taken_back(ready: Scene) -> None:
    """It is a partial message then."""
    message = await ready.accept(a_draft(to=to("alice", "bob"), await_recipient=True))
    with pytest.raises(WrongState, match="is sending"):
        await ready.sending.cancel(message.id)
    ready.link.posts[0].acknowledged.set_result(None)
    await settle()

    cancelled = await ready.sending.cancel(message.id)

    assert cancelled.status == "partial"
    assert [each.status for each in cancelled.recipients] == ["sent", "cancelled"]
    assert ready.happened() == ["message.partial"]


async def test_what_is_being_written_cannot_be_taken_back(ready: Scene) -> None:
    """Nobody could say whether the room has it."""
    message = await ready.accept()

    with pytest.raises(WrongState, match="is sending") as caught:
        await ready.sending.cancel(message.id)

    assert caught.value.facts == {"state": "sending"}


async def test_what_is_open_cannot_be_retried(ready: Scene) -> None:
    """It is being said; the refusal tells how far it has come."""
    message = await ready.accept()

    with pytest.raises(WrongState, match="still open") as caught:
        await ready.sending.retry(message.id)

    assert caught.value.facts == {"state": "sending"}


async def test_what_has_ended_cannot_be_taken_back(ready: Scene) -> None:
    """Its status says how."""
    message = await refused(ready)

    with pytest.raises(WrongState, match="is failed"):
        await ready.sending.cancel(message.id)


@pytest.mark.parametrize("what", ["cancel", "retry"])
async def test_what_is_not_held_is_not_found(scene: Scene, what: str) -> None:
    """It may have been, some days ago."""
    with pytest.raises(NotFound, match="msg_0"):
        await getattr(scene.sending, what)("msg_0")


@pytest.mark.parametrize("what", ["cancel", "retry"])
async def test_what_was_received_was_never_queued(scene: Scene, what: str) -> None:
    """It is somebody else's."""
    await scene.store.log.append(RECEIVED, message=INCOMING)

    with pytest.raises(WrongState, match="was received"):
        await getattr(scene.sending, what)(INCOMING.id)


async def test_what_is_taken_back_while_the_store_fails_is_not_said(
    scene: Scene,
) -> None:
    """It is cancelled once the store takes that; until then, it says so."""
    message = await scene.accept()
    scene.store.fail_with(DOWN)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await scene.sending.cancel(message.id)
    scene.link.arrive("alice")
    scene.link.become("ready")
    await settle()

    scene.store.fail_with(None)
    await scene.clock.advance(2)

    assert await scene.status(message) == "cancelled"
    assert scene.link.posts == []
    assert scene.happened() == ["message.cancelled"]


async def test_who_waits_learns_that_it_was_taken_back(scene: Scene) -> None:
    """The wait is over."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(scene.sending.accept(a_draft(), wait_s=3600))
        await settle()
        (id_,) = scene.store.messages_by_id

        await scene.sending.cancel(id_)

    assert accepting.result().status == "cancelled"
