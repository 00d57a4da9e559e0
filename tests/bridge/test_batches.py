"""A batch is taken whole, in its order, or not at all."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.held import DispatchOptions
from gateway.bridge.ports import AlreadyDone, Once
from gateway.bridge.rooms import Registry
from gateway.bridge.sending import Sending
from gateway.domain.errors import (
    Invalid,
    QueueFull,
    RecipientNotFound,
    ShuttingDown,
    StoreUnavailable,
)
from tests.bridge.conftest import Scene, a_draft, to
from tests.fakes.clock import settle
from tests.fakes.link import FakeLink

BODIES = [f'{{"n":{number}}}' for number in range(5)]
KEY = Once("key:- POST /send/batch", "k-1", "f-1")


async def test_a_batch_is_written_in_its_order(ready: Scene) -> None:
    """Among what is accepted before and after it."""
    await ready.accept(a_draft('{"n":"before"}'))
    messages = await ready.sending.accept_all([a_draft(body) for body in BODIES])
    await ready.accept(a_draft('{"n":"after"}'))

    said = [body for _, body in ready.link.said]
    assert said == ['{"n":"before"}', *BODIES, '{"n":"after"}']
    assert [message.body for message in messages] == BODIES


async def test_a_batch_is_stored_in_one_commit(scene: Scene) -> None:
    """With the bytes that go with each."""
    before = scene.store.commits

    messages = await scene.sending.accept_all(
        [a_draft(), a_draft(to=None, attachment=b"bytes")]
    )

    assert scene.store.commits == before + 1
    assert list(scene.store.messages_by_id) == [message.id for message in messages]
    assert scene.store.attachments == {messages[1].id: b"bytes"}
    assert {message.status for message in messages} == {"queued"}


async def test_every_bad_message_of_a_batch_is_named(ready: Scene) -> None:
    """And none of it is taken."""
    drafts = [
        a_draft(to=to("bob")),
        a_draft(),
        a_draft(to=to("alice", "carol")),
    ]

    with pytest.raises(RecipientNotFound) as caught:
        await ready.sending.accept_all(drafts)
    await settle()

    pointers = [error.pointer for error in caught.value.errors]
    assert pointers == ["/messages/0/to", "/messages/2/to/1"]
    assert ready.store.messages_by_id == {}
    assert (ready.link.posts, ready.dispatcher.queued) == ([], 0)


async def test_a_batch_for_several_rooms_is_refused(scene: Scene) -> None:
    """It could not be taken whole."""
    attic = replace(scene.room, link=FakeLink(scene.clock, room="attic"))
    sending = Sending(
        Registry([scene.room, attic]),
        clock=scene.clock,
        ids=scene.ids,
        default_ttl=timedelta(seconds=300),
    )

    with pytest.raises(Invalid, match="one room") as caught:
        await sending.accept_all([a_draft(room="lobby"), a_draft(room="attic")])

    assert [error.pointer for error in caught.value.errors] == ["/messages/1/room"]


async def test_a_batch_of_nothing_is_refused(scene: Scene) -> None:
    """There is nothing to answer with."""
    with pytest.raises(Invalid) as caught:
        await scene.sending.accept_all([])

    assert [error.pointer for error in caught.value.errors] == ["/messages"]


async def test_a_batch_counts_whole_against_the_limits() -> None:
    """All of it fits, or none of it does."""
    scene = Scene(options=DispatchOptions(max_messages=4))

    with pytest.raises(QueueFull):
        await scene.sending.accept_all([a_draft(body) for body in BODIES])
    await scene.sending.accept_all([a_draft(body) for body in BODIES[:4]])

    assert scene.dispatcher.queued == 4


async def test_a_batch_that_cannot_be_stored_leaves_nothing(ready: Scene) -> None:
    """A 503 means that nothing was accepted."""
    ready.store.fail_with(StoreUnavailable("disk full"))

    with pytest.raises(StoreUnavailable):
        await ready.sending.accept_all([a_draft(body) for body in BODIES])
    await settle()

    assert (ready.link.posts, ready.dispatcher.queued) == ([], 0)


async def test_a_stop_takes_no_batch(ready: Scene) -> None:
    """The caller repeats it."""
    ready.sending.stop()

    with pytest.raises(ShuttingDown):
        await ready.sending.accept_all([a_draft()])


async def test_a_wait_is_for_all_of_a_batch(ready: Scene) -> None:
    """It ends when the last has a final status."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        drafts = [a_draft(body) for body in BODIES]
        accepting = tasks.create_task(ready.sending.accept_all(drafts, wait_s=3600))
        await settle()
        last, *others = ready.link.posts
        for post in others:
            post.acknowledged.set_result(None)
        await settle()
        before = accepting.done()

        last.acknowledged.set_result(None)

    assert not before
    assert {message.status for message in accepting.result()} == {"sent"}


async def test_a_batch_is_taken_once(ready: Scene) -> None:
    """A second one with its key is told of the first."""
    drafts = [a_draft(body) for body in BODIES]
    messages = await ready.sending.accept_all(drafts, once=KEY)

    with pytest.raises(AlreadyDone) as caught:
        await ready.sending.accept_all(drafts, once=KEY)
    await settle()

    assert caught.value.done.message_ids == tuple(each.id for each in messages)
    assert len(ready.link.posts) == len(BODIES)
    assert ready.dispatcher.queued == len(BODIES)
