"""What a room may do that must not press, repeat or reorder anything."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.dispatch import DispatchOptions
from gateway.bridge.ports import NotReady, OutcomeUnknown, Refused
from gateway.domain.model import (
    Address,
    AddressKind,
    Match,
    OnUnknown,
    OutgoingMessage,
)
from gateway.domain.recipients import Present
from tests.bridge.conftest import Scene, a_draft, to
from tests.fakes.clock import settle
from tests.fakes.link import FakeLink, Post

LOST = OutcomeUnknown("the link was lost")


class WatchedLink(FakeLink):
    """Notes at each write what the store knows of the message."""

    scene: Scene
    known: list[str]

    def post(  # type: ignore[explicit-override]  # typing.override needs 3.12
        self, to: str | None, message: OutgoingMessage, attachment: bytes
    ) -> asyncio.Future[None]:
        """Note a write."""
        stored = self.scene.store.messages_by_id[message.id]
        assert isinstance(stored, OutgoingMessage)
        self.known.append(stored.status.value)
        return super().post(to, message, attachment)


@pytest.mark.parametrize("others", [1, 2, 70])
async def test_what_follows_those_that_fail_is_noted_before_it_is_written(
    others: int,
) -> None:
    """However many before it lead to nobody, no write comes before its `sending`."""
    scene = Scene(options=DispatchOptions(window=2))
    scene.link.__class__ = WatchedLink
    assert isinstance(scene.link, WatchedLink)
    scene.link.scene, scene.link.known = scene, []
    for _ in range(others):
        await scene.accept(a_draft(to=to("nobody")))
    await scene.accept()
    scene.link.acknowledges = True
    scene.link.arrive("alice")
    await scene.clock.advance(1)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scene.dispatcher.run())
        scene.link.become("ready")
        await scene.clock.advance(40)
        running.cancel()

    assert scene.link.known == ["sending"]


async def test_a_room_that_says_ready_and_takes_nothing_is_not_pressed(
    ready: Scene,
) -> None:
    """A link that has just ended: one try for each tick."""
    tries: list[str] = []

    class Ended(FakeLink):
        def post(  # type: ignore[explicit-override]  # typing.override needs 3.12
            self,
            to: str | None,  # noqa: ARG002  # of the port
            message: OutgoingMessage,
            attachment: bytes,  # noqa: ARG002  # of the port
        ) -> asyncio.Future[None]:
            tries.append(message.id)
            raise NotReady

    ready.link.__class__ = Ended
    await ready.accept()

    await ready.clock.advance(3)

    assert 1 <= len(tries) <= 5
    assert ready.dispatcher.queued == 1


async def test_a_recipient_whom_the_room_does_not_know_is_not_pressed(
    ready: Scene,
) -> None:
    """We take them for present, the room says 1003: one try for each tick."""

    class Unknowing(FakeLink):
        def post(  # type: ignore[explicit-override]  # typing.override needs 3.12
            self, to: str | None, message: OutgoingMessage, attachment: bytes
        ) -> asyncio.Future[None]:
            told = super().post(to, message, attachment)
            told.set_exception(Refused(1003, "not found"))
            return told

    ready.link.__class__ = Unknowing
    await ready.accept(a_draft(await_recipient=True))

    await ready.clock.advance(5)

    assert 4 <= len(ready.link.posts) <= 7


async def test_what_expired_while_the_gateway_was_down_is_not_said() -> None:
    """A time to live counts over a restart, however soon the room is ready."""
    scene = Scene()
    message = await scene.accept(a_draft(ttl=timedelta(seconds=60)))
    scene.begin()
    scene.clock.jump(3600)

    await scene.dispatcher.load()

    assert await scene.status(message) == "expired"


async def test_it_is_said_again_only_while_it_may_be_held(ready: Scene) -> None:
    """A room that acknowledges nothing is not told the same for ever."""
    draft = a_draft(on_unknown=OnUnknown.RETRY, ttl=timedelta(seconds=60))
    message = await ready.accept(draft)
    for _ in range(5):
        unanswered = [x for x in ready.link.posts if not x.acknowledged.done()]
        for post in unanswered:
            post.acknowledged.set_exception(OutcomeUnknown("no answer"))
        await ready.clock.advance(30)

    assert await ready.status(message) == "unknown"
    assert len(ready.link.posts) == 3


async def test_what_may_have_been_said_never_expires_as_unsaid(ready: Scene) -> None:
    """It was to be said again, and the room stayed away."""
    draft = a_draft(on_unknown=OnUnknown.RETRY, ttl=timedelta(seconds=60))
    message = await ready.accept(draft)
    ready.link.cut(LOST)

    await ready.clock.advance(61)

    assert await ready.status(message) == "unknown"


async def test_nobody_gets_a_message_twice(ready: Scene) -> None:
    """A name, an id and a role may all mean the same participant."""
    role = Address(AddressKind.ROLE, "user")
    ready.link.arrive("bob")
    ready.link.acknowledges = True
    everybody = (*to("alice", "alice", "id-alice"), role)

    message = await ready.accept(a_draft(to=everybody, match=Match.ALL))

    found = await ready.stored(message)
    assert [post.to for post in ready.link.posts] == ["id-alice", "id-bob"]
    assert [each.name for each in found.recipients] == ["alice", "bob"]
    assert found.status == "sent"


async def test_nobody_gets_a_held_message_twice(scene: Scene) -> None:
    """The same when names are resolved only at the dispatch."""
    role = Address(AddressKind.ROLE, "user")
    everybody = (*to("alice", "alice", "id-alice"), role)
    message = await scene.accept(a_draft(to=everybody, match=Match.ALL))
    scene.link.acknowledges = True
    scene.link.arrive("alice")
    scene.link.arrive("bob")

    scene.link.become("ready")
    await settle()

    assert [post.to for post in scene.link.posts] == ["id-alice", "id-bob"]
    assert await scene.status(message) == "sent"
    assert scene.dispatcher.queued == 0


async def test_the_rest_of_a_message_keeps_its_place_while_a_part_is_written(
    ready: Scene,
) -> None:
    """Nothing to bob passes what waits for bob and for alice's acknowledgement."""
    both = a_draft('{"n":0}', to=to("alice", "bob"), await_recipient=True)
    await ready.accept(both)
    ready.link.arrive("bob")
    await ready.accept(a_draft('{"n":1}', to=to("bob")))
    before = list(ready.link.said)

    ready.link.posts[0].acknowledged.set_result(None)
    await ready.clock.advance(1)

    assert before == [("id-alice", '{"n":0}')]
    assert ready.link.said[1:] == [("id-bob", '{"n":0}'), ("id-bob", '{"n":1}')]


async def test_what_need_not_wait_is_held_by_nothing_behind_it(scene: Scene) -> None:
    """It fails once it is its turn, though later ones go on waiting for bob."""
    first = a_draft(to=to("bob"), await_recipient=True, ttl=timedelta(seconds=40))
    await scene.accept(first)
    message = await scene.accept(a_draft(to=to("bob")))
    later = await scene.accept(a_draft(to=to("carol", "bob"), await_recipient=True))
    await scene.clock.advance(1)
    scene.link.become("ready")

    await scene.clock.advance(41)

    assert await scene.status(message) == "failed"
    assert await scene.status(later) == "queued"


async def test_an_id_never_means_somebody_else(ready: Scene) -> None:
    """Whoever has the name of one who was meant by id does not get it."""
    by_id = (Address(AddressKind.ID, "id-alice"),)
    message = await ready.accept(a_draft(to=by_id, match=Match.ALL))
    ready.link.cut(NotReady())
    ready.link.depart("alice")
    ready.link.arrive("alice", id_="id-other")
    await ready.clock.advance(1)

    ready.link.become("ready")
    await ready.clock.advance(40)

    assert [post.to for post in ready.link.posts] == ["id-alice"]
    assert await ready.status(message) == "failed"


async def test_an_erased_attachment_fails_its_message_alone() -> None:
    """What was accepted by a former process has lost its bytes."""
    scene = Scene()
    gone = await scene.accept(a_draft(attachment=b"bytes"))
    other = await scene.accept()
    scene.begin()
    await scene.dispatcher.load()
    scene.store.attachments.clear()
    scene.link.acknowledges = True
    scene.link.arrive("alice")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scene.dispatcher.run())
        scene.link.become("ready")
        await settle()
        running.cancel()

    assert await scene.status(gone) == "failed"
    assert await scene.status(other) == "sent"


async def test_bytes_are_let_go_with_the_message(ready: Scene) -> None:
    """A late acknowledgement may be awaited for as long as the link lives."""
    late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    message = await ready.accept(a_draft(attachment=b"bytes"))
    entry = ready.dispatcher.find(message.id)
    post: Post = ready.link.posts[0]

    post.acknowledged.set_exception(OutcomeUnknown("no answer", late))
    await settle()

    assert entry is not None
    assert (post.attachment, entry.attachment) == (b"bytes", None)
    late.cancel()


async def test_bytes_are_counted_and_not_characters(scene: Scene) -> None:
    """The limit of the outbox is one of memory."""
    message = await scene.accept(a_draft('{"text":"\u20ac"}'))

    entry = scene.dispatcher.find(message.id)

    assert entry is not None
    assert entry.size == len('{"text":"\u20ac"}'.encode())


async def test_the_room_being_back_nothing_waits_for_it(scene: Scene) -> None:
    """What is behind others in the line waits for order, and says so."""
    scene.dispatcher._posting._limits = replace(scene.options, window=1)
    scene.link.arrive("alice")
    await scene.accept()
    second = await scene.accept()
    scene.link.become("ready")
    await settle()

    entry = scene.dispatcher.find(second.id)

    assert entry is not None
    assert scene.dispatcher.shown(entry).waiting_for == "order"


async def test_what_is_parked_costs_nothing_for_each_message(ready: Scene) -> None:
    """However many wait for somebody, only a change has them looked at."""
    asked: list[object] = []

    class Counting(FakeLink):
        def reachable(  # type: ignore[explicit-override]  # typing.override needs 3.12
            self, to: Sequence[Address] | None
        ) -> Sequence[Present]:
            asked.append(to)
            return super().reachable(to)

    waiting = a_draft(to=to("bob"), await_recipient=True)
    for _ in range(100):
        await ready.sending.accept(waiting, wait_s=0)
    await ready.clock.advance(1)
    ready.link.acknowledges = True
    ready.link.__class__ = Counting

    for _ in range(10):
        await ready.accept()

    assert len(ready.link.posts) == 10
    assert len(asked) <= 30
