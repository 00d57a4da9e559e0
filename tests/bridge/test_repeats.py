"""A repeat is answered with what became of the first time."""

import asyncio
from dataclasses import replace

import pytest

from gateway.bridge.held import DispatchOptions
from gateway.bridge.ports import AlreadyDone, Done, Once
from gateway.domain.errors import KeyReused, MessageGone, StoreUnavailable
from gateway.domain.model import OutgoingMessage
from tests.bridge.conftest import Scene, a_draft
from tests.bridge.test_dispatch_commits import with_slow_outbox
from tests.fakes.clock import settle

KEY = Once("key:- POST /send", "k-1", "f-1")
LONG_S = 3600.0


async def take(scene: Scene, once: Once) -> OutgoingMessage:
    """Accept a message, or return what it is a repeat of."""
    repeated = await scene.sending.repeated(once, wait_s=0)
    if repeated is not None:
        return repeated[0]
    try:
        return await scene.sending.accept(a_draft(), wait_s=0, once=once)
    except AlreadyDone:
        repeated = await scene.sending.repeated(once, wait_s=0)
        assert repeated is not None
        return repeated[0]


async def test_what_was_not_done_is_no_repeat(scene: Scene) -> None:
    """It is to be done now."""
    assert await scene.sending.repeated(KEY, wait_s=0) is None


async def test_a_repeat_has_the_present_state(ready: Scene) -> None:
    """Not that of the first answer."""
    first = await ready.sending.accept(a_draft(), wait_s=0, once=KEY)
    during = await ready.sending.repeated(KEY, wait_s=0)
    await settle()
    ready.link.posts[0].acknowledged.set_result(None)
    await settle()

    after = await ready.sending.repeated(KEY, wait_s=0)

    assert during is not None
    assert after is not None
    assert [first.id] == [each.id for each in during] == [each.id for each in after]
    assert (during[0].status, after[0].status) == ("sending", "sent")


@pytest.mark.parametrize("wait_s", [LONG_S, None])
async def test_a_repeat_waits_like_the_first_time(
    ready: Scene, wait_s: float | None
) -> None:
    """For the room to answer."""
    await ready.sending.accept(a_draft(), wait_s=0, once=KEY)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        repeating = tasks.create_task(ready.sending.repeated(KEY, wait_s=wait_s))
        await settle()
        before = repeating.done()

        ready.link.posts[0].acknowledged.set_result(None)

    repeated = repeating.result()
    assert not before
    assert repeated is not None
    assert repeated[0].status == "sent"


async def test_a_repeat_is_told_of_nothing_that_may_be_taken_back(
    ready: Scene,
) -> None:
    """The commit of the first may be seen before anybody knows that it was one."""
    outbox = with_slow_outbox(ready)
    accepting = asyncio.ensure_future(  # noqa: TID251  # it is to fail
        ready.sending.accept(a_draft(), wait_s=0, once=KEY)
    )
    await settle()
    (entry,) = ready.dispatcher._line
    ready.store.use(KEY, Done((entry.id,), KEY.fingerprint))
    repeating = asyncio.ensure_future(  # noqa: TID251  # it is to fail
        ready.sending.repeated(KEY, wait_s=0)
    )
    await settle()
    before = repeating.done()

    outbox.adds[0].set_exception(StoreUnavailable("nobody can tell"))
    outcomes = await asyncio.gather(accepting, repeating, return_exceptions=True)

    assert not before
    assert [type(each) for each in outcomes] == [StoreUnavailable, StoreUnavailable]


async def test_a_repeat_does_not_wait_for_a_room_that_is_away(scene: Scene) -> None:
    """Unless it is asked to."""
    await scene.sending.accept(a_draft(), wait_s=0, once=KEY)

    async with asyncio.timeout(60):
        repeated = await scene.sending.repeated(KEY, wait_s=None)

    assert repeated is not None
    assert (repeated[0].status, repeated[0].waiting_for) == ("queued", "room")


async def test_another_request_is_no_repeat(scene: Scene) -> None:
    """A key stands for one request."""
    message = await scene.sending.accept(a_draft(), wait_s=0, once=KEY)

    with pytest.raises(KeyReused, match=message.id):
        await scene.sending.repeated(replace(KEY, fingerprint="f-2"), wait_s=0)


async def test_of_a_batch_that_had_the_key_the_first_is_named(ready: Scene) -> None:
    """A hundred ids would help nobody."""
    drafts = [a_draft(), a_draft(), a_draft()]
    first, *_ = await ready.sending.accept_all(drafts, once=KEY)

    with pytest.raises(KeyReused, match=rf"\({first.id} and 2 more\)"):
        await ready.sending.repeated(replace(KEY, fingerprint="f-2"), wait_s=0)


async def test_a_repeat_of_what_is_no_longer_held_says_so(ready: Scene) -> None:
    """It was accepted; doing it again would be wrong."""
    ready.link.acknowledges = True
    message = await ready.sending.accept(a_draft(), wait_s=LONG_S, once=KEY)
    del ready.store.messages_by_id[message.id]

    with pytest.raises(MessageGone) as caught:
        await ready.sending.repeated(KEY, wait_s=0)

    assert caught.value.facts == {"message_id": message.id}


async def test_a_repeat_is_answered_while_nothing_is_taken() -> None:
    """It takes nothing."""
    scene = Scene(options=DispatchOptions(max_messages=1))
    message = await scene.sending.accept(a_draft(), wait_s=0, once=KEY)
    scene.sending.stop()
    scene.store.fail_with(StoreUnavailable("disk full"))

    repeated = await scene.sending.repeated(KEY, wait_s=0)

    assert repeated is not None
    assert repeated[0].id == message.id


async def test_a_refusal_frees_the_key(ready: Scene) -> None:
    """Nothing was done with it."""
    ready.store.fail_with(StoreUnavailable("disk full"))
    with pytest.raises(StoreUnavailable):
        await ready.sending.accept(a_draft(), wait_s=0, once=KEY)
    ready.store.fail_with(None)

    assert await ready.sending.repeated(KEY, wait_s=0) is None
    assert (await take(ready, KEY)).status == "sending"


async def test_a_batch_is_repeated_whole(ready: Scene) -> None:
    """In its order, the failed among the sent."""
    drafts = [a_draft(f'{{"n":{number}}}') for number in range(3)]
    messages = await ready.sending.accept_all(drafts, once=KEY)
    await settle()
    for post in ready.link.posts:
        post.acknowledged.set_result(None)
    await settle()

    repeated = await ready.sending.repeated(KEY, wait_s=0)

    assert repeated is not None
    assert [each.id for each in repeated] == [each.id for each in messages]
    assert {each.status for each in repeated} == {"sent"}


async def test_of_many_that_race_each_key_is_taken_once(ready: Scene) -> None:
    """Five hundred requests with fifty keys are fifty messages."""
    ready.link.acknowledges = True
    keys = [Once(KEY.scope, f"k-{number % 50}", "f") for number in range(500)]

    messages = await asyncio.gather(*(take(ready, key) for key in keys))
    await settle()

    by_key = {key: message.id for key, message in zip(keys, messages, strict=True)}
    assert len(set(by_key.values())) == 50
    assert all(
        by_key[key] == message.id for key, message in zip(keys, messages, strict=True)
    )
    assert len(ready.link.posts) == len(ready.store.messages_by_id) == 50
    assert ready.dispatcher.queued == 0


async def test_a_wait_ends_with_the_flush_of_the_outbox(ready: Scene) -> None:
    """A stop does not wait for a caller who waits for what it will not see."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        sent = tasks.create_task(ready.sending.accept(a_draft(), wait_s=LONG_S))
        await settle()
        ready.link.become("reconnecting")
        held = tasks.create_task(ready.sending.accept(a_draft(), wait_s=LONG_S))
        await settle()
        (id_, _) = ready.store.messages_by_id
        waiting = tasks.create_task(ready.sending.wait(id_, LONG_S))
        ready.sending.stop()

        draining = tasks.create_task(ready.dispatcher.drained())
        await settle()
        before = (draining.done(), held.done(), waiting.done())
        ready.link.posts[0].acknowledged.set_result(None)

    assert before == (False, False, False)
    assert (sent.result().status, held.result().status) == ("sent", "queued")


async def test_a_wait_ends_when_the_flush_is_cut_short(ready: Scene) -> None:
    """However that comes."""
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(ready.sending.accept(a_draft(), wait_s=LONG_S))
        draining = tasks.create_task(ready.dispatcher.drained())
        await settle()

        draining.cancel()

    assert accepting.result().status == "sending"
