"""Nothing is written before its commit, however long that takes or fails."""

import asyncio

import pytest

from gateway.bridge.ports import Once, OutcomeUnknown, Refused
from gateway.domain.errors import ShuttingDown, StoreUnavailable, WrongState
from gateway.domain.model import (
    Event,
    OutgoingMessage,
)
from tests.bridge.conftest import Scene, a_draft, to
from tests.fakes.clock import settle
from tests.fakes.memory_messages import MemoryOutbox

DOWN = StoreUnavailable("disk full")


LOST = OutcomeUnknown("the link was lost")


class SlowOutbox(MemoryOutbox):
    """Commits what it is given only when the test says so.

    `adds` and `changes` are what is to be committed, in order.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.store)
        self.adds: list[asyncio.Future[None]] = []
        self.changes: list[tuple[str, asyncio.Future[None]]] = []
        self.asked: list[str] = []
        self.holds_changes = False

    def add(  # type: ignore[explicit-override]  # typing.override needs 3.12
        self,
        message: OutgoingMessage,
        attachment: bytes | None = None,
        *,
        once: Once | None = None,
    ) -> asyncio.Future[None]:
        """Keep the message for `commit`."""
        held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        keep = super().add
        held.add_done_callback(lambda _: keep(message, attachment, once=once))
        self.adds.append(held)
        return held

    def change(  # type: ignore[explicit-override]  # typing.override needs 3.12
        self,
        message: OutgoingMessage,
        event: Event | None = None,
        *,
        before: OutgoingMessage | None = None,
    ) -> asyncio.Future[None]:
        """Change at once, or when the test says so."""
        self.asked.append(message.status.value)
        done = super().change(message, event, before=before)
        if not self.holds_changes:
            return done
        done.exception()  # what is told is up to the test
        held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.changes.append((message.status.value, held))
        return held


def with_slow_outbox(scene: Scene) -> SlowOutbox:
    """Give a scene's dispatcher an outbox that a test commits by hand."""
    outbox = SlowOutbox(scene)
    scene.dispatcher._outbox = outbox
    scene.dispatcher._record._outbox = outbox
    return outbox


async def test_nothing_is_changed_that_has_no_row_yet(scene: Scene) -> None:
    """A large attachment takes a while to store, and order waits for it."""
    outbox = with_slow_outbox(scene)
    scene.link.arrive("alice")
    async with asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(scene.sending.accept(a_draft(), wait_s=0))
        await settle()
        scene.link.become("ready")
        await settle()
        before = list(scene.link.posts)

        outbox.adds[0].set_result(None)
        await settle()

    assert before == []
    assert len(scene.link.posts) == 1
    assert await scene.status(accepting.result()) == "sending"


async def test_a_link_lost_before_the_row_is_there_queues_it_after_all(
    ready: Scene,
) -> None:
    """It was accepted as `sending`, and nothing of it was written."""
    outbox = with_slow_outbox(ready)
    async with asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(ready.sending.accept(a_draft(), wait_s=0))
        await settle()
        ready.link.cut(LOST)
        await settle()

        outbox.adds[0].set_result(None)
        await settle()

    assert await ready.status(accepting.result()) == "queued"


async def test_a_caller_who_goes_away_leaves_the_message_accepted(
    ready: Scene,
) -> None:
    """A client that disconnects while it waits takes nothing back."""
    outbox = with_slow_outbox(ready)
    async with asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(ready.sending.accept(a_draft(), wait_s=5))
        await settle()

        accepting.cancel()
        await settle()
        outbox.adds[0].set_result(None)
        await settle()

    assert len(ready.link.posts) == 1
    assert ready.dispatcher.queued == 1


async def test_a_store_that_refuses_in_its_own_way_does_not_end_dispatching(
    ready: Scene,
) -> None:
    """What cannot be stored is the caller's to know, and nobody else's."""
    ready.store.fail_with(UnicodeError("half of a pair"))
    with pytest.raises(UnicodeError):
        await ready.accept()
    ready.store.fail_with(None)

    await ready.accept(a_draft('{"n":1}'))

    assert [body for _, body in ready.link.said] == ['{"n":1}']


@pytest.mark.parametrize("holds", [True, False])
async def test_a_store_that_fails_is_not_pressed(scene: Scene, *, holds: bool) -> None:
    """One try for each tick, whether it fails at once or after a while."""
    await scene.accept()
    scene.link.arrive("alice")
    outbox = with_slow_outbox(scene)
    outbox.holds_changes = holds
    scene.store.fail_with(DOWN)
    tries = 0

    scene.link.become("ready")
    for _ in range(5):
        await settle()
        tries += sum(not held.done() for _, held in outbox.changes)
        for _, held in outbox.changes:
            if not held.done():
                held.set_exception(DOWN)
        await scene.clock.advance(1)

    assert len(outbox.asked) <= 6
    assert tries == (5 if holds else 0)
    assert scene.link.posts == []


async def test_a_store_that_closes_does_not_end_dispatching(scene: Scene) -> None:
    """At a stop the store may end before the dispatcher does."""
    await scene.accept()
    scene.link.arrive("alice")
    scene.store.fail_with(ShuttingDown("stopping"))

    scene.link.become("ready")
    await scene.clock.advance(3)

    assert scene.link.posts == []
    assert scene.dispatcher.queued == 1


async def test_a_late_acknowledgement_may_come_while_the_rest_is_noted(
    ready: Scene,
) -> None:
    """One share is overdue, another is about to be written: both get their due."""
    late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ready.link.arrive("bob")
    draft = a_draft(to=to("alice", "bob"), await_recipient=True)
    message = await ready.accept(draft)
    alice, bob = ready.link.posts
    ready.link.depart("bob")
    bob.acknowledged.set_exception(Refused(1003, "gone"))
    alice.acknowledged.set_exception(OutcomeUnknown("no answer", late))
    await settle()
    outbox = with_slow_outbox(ready)
    outbox.holds_changes = True
    ready.link.arrive("bob", id_="id-new")
    await settle()

    late.set_result(None)
    await settle()
    outbox.holds_changes = False
    for _, held in outbox.changes:
        held.set_result(None)
    await ready.clock.advance(1)
    ready.link.posts[-1].acknowledged.set_result(None)
    await settle()

    assert [post.to for post in ready.link.posts] == ["id-alice", "id-bob", "id-new"]
    assert await ready.status(message) == "sent"


async def test_a_correction_is_not_undone_by_what_was_to_be_stored_before(
    ready: Scene,
) -> None:
    """`unknown` could not be stored; meanwhile the acknowledgement came."""
    late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    message = await ready.accept()
    ready.store.fail_with(DOWN)
    error = OutcomeUnknown("no answer", late)
    ready.link.posts[0].acknowledged.set_exception(error)
    await settle()

    ready.store.fail_with(None)
    late.set_result(None)
    await ready.clock.advance(3)

    assert await ready.status(message) == "sent"
    assert ready.happened() == ["message.sent"]


async def test_what_is_noted_to_be_written_cannot_be_taken_back(
    scene: Scene,
) -> None:
    """Not even before that is committed: it will be written then."""
    message = await scene.accept()
    outbox = with_slow_outbox(scene)
    outbox.holds_changes = True
    scene.link.arrive("alice")
    scene.link.become("ready")
    await settle()
    before = list(scene.link.posts)

    with pytest.raises(WrongState, match="is sending"):
        await scene.sending.cancel(message.id)
    for _, held in outbox.changes:
        held.set_result(None)
    await settle()

    assert before == []
    assert len(scene.link.posts) == 1
