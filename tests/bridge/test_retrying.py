"""What was not sent can be said after all, once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.held import DispatchOptions
from gateway.bridge.ports import NotReady, OutcomeUnknown, Refused
from gateway.domain.errors import (
    QueueFull,
    ShuttingDown,
    StoreUnavailable,
    WrongState,
)
from gateway.domain.model import Match
from gateway.domain.model.messages import ERASED
from tests.bridge.conftest import Scene, a_draft, kinds, parked, refused, to
from tests.fakes.clock import settle

DOWN = StoreUnavailable("disk full")
REFUSED = Refused(1, "no")


async def test_what_failed_is_said_after_all(ready: Scene) -> None:
    """Under the same id, with its attempts, and it ends anew."""
    message = await refused(ready)
    ready.clock.jump(1000)

    queued = await ready.sending.retry(message.id)
    await settle()
    ready.link.posts[-1].acknowledged.set_result(None)
    await settle()

    again = await ready.stored(message)
    assert (queued.id, queued.status, queued.error) == (message.id, "queued", None)
    assert queued.expires_at == ready.clock.now() + timedelta(seconds=300)
    assert (again.status, again.recipients[0].attempts) == ("sent", 2)
    assert ready.happened() == ["message.failed", "message.sent"]
    assert kinds(again) == [
        *("written", "refused"),
        *("retried", "queued", "written", "acknowledged"),
    ]


async def test_a_retry_is_stored_before_it_is_said(ready: Scene) -> None:
    """A store that fails leaves it as it was."""
    message = await refused(ready)
    ready.store.fail_with(DOWN)

    with pytest.raises(StoreUnavailable):
        await ready.sending.retry(message.id)
    await settle()

    assert await ready.status(message) == "failed"
    assert (len(ready.link.posts), ready.dispatcher.queued) == (1, 0)


async def test_a_retry_goes_to_the_end_of_the_line(ready: Scene) -> None:
    """Those accepted meanwhile go first, over a restart too."""
    message = await refused(ready, '{"n":1}')
    ready.link.become("reconnecting")
    ready.clock.jump(1)
    await ready.accept(a_draft('{"n":2}'))
    ready.clock.jump(1)
    await ready.sending.retry(message.id)
    ready.clock.jump(1)
    await ready.accept(a_draft('{"n":3}'))
    before = [entry.message.body for entry in ready.dispatcher._line]

    ready.begin()
    await ready.dispatcher.load()

    after = [entry.message.body for entry in ready.dispatcher._line]
    assert before == after == ['{"n":2}', '{"n":1}', '{"n":3}']


async def test_what_was_not_to_be_held_is_held_by_default(ready: Scene) -> None:
    """A retry with no time at all would end before it began."""
    message = await ready.accept(a_draft(ttl=timedelta()))
    ready.link.posts[0].acknowledged.set_exception(REFUSED)
    await settle()

    queued = await ready.sending.retry(message.id)

    assert queued.expires_at == ready.clock.now() + timedelta(seconds=300)


async def test_only_what_was_not_sent_is_said_again(ready: Scene) -> None:
    """Nobody hears it twice who is known to have it."""
    ready.link.arrive("bob")
    message = await ready.accept(a_draft(to=to("alice", "bob")))
    ready.link.posts[0].acknowledged.set_result(None)
    ready.link.posts[1].acknowledged.set_exception(REFUSED)
    await settle()

    await ready.sending.retry(message.id)
    await settle()

    assert [post.to for post in ready.link.posts] == ["id-alice", "id-bob", "id-bob"]


async def test_an_attachment_goes_along(ready: Scene) -> None:
    """Its bytes are in the store."""
    message = await ready.accept(a_draft(attachment=b"bytes"))
    ready.link.posts[0].acknowledged.set_exception(REFUSED)
    await settle()

    await ready.sending.retry(message.id)
    await settle()

    assert [post.attachment for post in ready.link.posts] == [b"bytes", b"bytes"]


async def test_a_broadcast_is_said_to_everybody_again(ready: Scene) -> None:
    """It has no recipients of its own."""
    message = await ready.accept(a_draft(to=None))
    ready.link.posts[0].acknowledged.set_exception(OutcomeUnknown("lost"))
    await settle()

    await ready.sending.retry(message.id)
    await settle()
    ready.link.posts[1].acknowledged.set_exception(REFUSED)
    await settle()

    assert await ready.status(message) == "unknown"
    assert (await ready.stored(message)).resent


@pytest.mark.parametrize("end", ["sent", "cancelled", "open"])
async def test_what_needs_no_retry_is_not_retried(ready: Scene, end: str) -> None:
    """It is said, or nobody wants it said, or it is being said."""
    message = await parked(ready)
    if end == "cancelled":
        await ready.sending.cancel(message.id)
    elif end == "sent":
        ready.link.acknowledges = True
        ready.link.arrive("bob")
        await settle()

    with pytest.raises(WrongState, match=f"is (still )?{end}"):
        await ready.sending.retry(message.id)


async def test_what_was_erased_is_not_retried(ready: Scene) -> None:
    """There is nothing left to say."""
    message = await refused(ready)
    await ready.store.messages.erase(message.id)

    with pytest.raises(WrongState, match="was erased"):
        await ready.sending.retry(message.id)


async def test_of_two_retries_one_is_taken(ready: Scene) -> None:
    """Else it would be said twice."""
    message = await refused(ready)

    results = await asyncio.gather(
        *(ready.sending.retry(message.id) for _ in range(2)), return_exceptions=True
    )
    await settle()

    assert sum(isinstance(each, WrongState) for each in results) == 1
    assert len(ready.link.posts) == 2


async def test_a_full_outbox_takes_no_retry() -> None:
    """It counts like any other message."""
    scene = Scene(options=DispatchOptions(max_messages=1))
    message = await scene.accept(a_draft(ttl=timedelta(seconds=5)))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scene.dispatcher.run())
        await scene.clock.advance(10)
        running.cancel()
    await scene.accept()

    with pytest.raises(QueueFull):
        await scene.sending.retry(message.id)

    assert await scene.status(message) == "expired"


async def test_a_stop_takes_no_retry(ready: Scene) -> None:
    """It can be asked for again in a moment."""
    message = await refused(ready)
    ready.sending.stop()

    with pytest.raises(ShuttingDown):
        await ready.sending.retry(message.id)


async def test_a_late_acknowledgement_spares_a_retry(ready: Scene) -> None:
    """What turned out to be said is not said again."""
    message = await ready.accept()
    late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ready.link.posts[0].acknowledged.set_exception(OutcomeUnknown("not in time", late))
    await settle()
    ready.link.become("reconnecting")
    await ready.sending.retry(message.id)

    late.set_result(None)
    await settle()
    ready.link.become("ready")
    await settle()

    assert await ready.status(message) == "sent"
    assert len(ready.link.posts) == 1
    assert ready.happened() == ["message.unknown", "message.sent"]
    assert ready.dispatcher.queued == 0


async def test_a_late_acknowledgement_leaves_a_retry_alone(ready: Scene) -> None:
    """What is being said again ends by its own answer."""
    message = await ready.accept()
    late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ready.link.posts[0].acknowledged.set_exception(OutcomeUnknown("not in time", late))
    await settle()
    await ready.sending.retry(message.id)
    await settle()

    late.set_result(None)
    await settle()
    during = await ready.status(message)
    ready.link.posts[1].acknowledged.set_result(None)
    await settle()

    assert (during, await ready.status(message)) == ("sending", "sent")
    assert ready.happened() == ["message.unknown", "message.sent"]


async def test_a_late_acknowledgement_outlives_a_retry_that_was_not_stored(
    ready: Scene,
) -> None:
    """It is of the first try then, and the rest of the message stays unsaid."""
    ready.link.arrive("bob")
    message = await ready.accept(a_draft(to=to("alice", "bob")))
    late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ready.link.posts[0].acknowledged.set_exception(OutcomeUnknown("not in time", late))
    ready.link.posts[1].acknowledged.set_exception(REFUSED)
    await settle()
    ready.store.fail_with(DOWN)
    with pytest.raises(StoreUnavailable):
        await ready.sending.retry(message.id)
    ready.store.fail_with(None)

    late.set_result(None)
    await ready.clock.advance(2)

    stored = await ready.stored(message)
    assert [each.status for each in stored.recipients] == ["sent", "failed"]
    assert len(ready.link.posts) == 2
    assert ready.dispatcher._line.head is None


async def test_what_was_erased_as_it_was_retried_is_not_said(ready: Scene) -> None:
    """After a restart nobody knows what it was."""
    message = await refused(ready)
    ready.link.become("reconnecting")
    await ready.sending.retry(message.id)
    stored = await ready.stored(message)
    ready.store.messages_by_id[message.id] = replace(stored, body=ERASED)

    ready.begin()
    await ready.dispatcher.load()
    await settle()

    again = await ready.stored(message)
    assert (again.status, again.error and again.error.code) == ("failed", "not_found")
    assert ready.dispatcher.queued == 0


async def test_a_retry_can_be_taken_back(ready: Scene) -> None:
    """While it is queued."""
    message = await refused(ready)
    ready.link.become("reconnecting")
    await ready.sending.retry(message.id)

    cancelled = await ready.sending.cancel(message.id)

    assert cancelled.status == "cancelled"
    assert ready.happened() == ["message.failed", "message.cancelled"]


async def test_an_expanded_address_is_retried_for_each(ready: Scene) -> None:
    """Each by the id that it was written to."""
    ready.link.arrive("alice", id_="id-other")
    message = await ready.accept(a_draft(match=Match.ALL))
    for post in ready.link.posts:
        post.acknowledged.set_exception(REFUSED)
    await settle()

    await ready.sending.retry(message.id)
    await settle()

    written = [post.to for post in ready.link.posts]
    assert written == ["id-alice", "id-other"] * 2


async def test_what_the_room_did_not_take_is_queued_with_its_reason(
    ready: Scene,
) -> None:
    """The trace of a message tells why it took so long."""
    message = await ready.accept()

    ready.link.cut(NotReady())
    await settle()

    stored = await ready.stored(message)
    assert [(step.kind, step.reason) for step in stored.steps] == [
        ("written", None),
        ("queued", "room"),
    ]
