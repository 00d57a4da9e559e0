"""What is accepted is written in one order, and its fate is told or said unknown."""

import asyncio
from datetime import timedelta

import pytest

from gateway.bridge.ports import NotReady, OutcomeUnknown, Refused
from gateway.domain.errors import QueueFull
from gateway.domain.model import Address, AddressKind, Match, OnUnknown
from tests.bridge.conftest import Scene, a_draft, to
from tests.fakes.clock import settle

LOST = OutcomeUnknown("the link was lost")


async def test_an_acknowledged_message_is_sent(ready: Scene) -> None:
    """The room's acknowledgement makes it `sent`, with an event."""
    message = await ready.accept()

    ready.link.posts[0].acknowledged.set_result(None)
    await settle()

    assert await ready.status(message) == "sent"
    assert ready.happened() == ["message.sent"]


async def test_it_is_stored_as_sending_before_it_is_written(ready: Scene) -> None:
    """A stop between the two must not lose it, nor have it said twice."""
    message = await ready.accept()

    assert await ready.status(message) == "sending"
    assert ready.link.said == [("id-alice", '{"text":"hi"}')]


async def test_messages_are_pipelined_in_order_of_acceptance(ready: Scene) -> None:
    """Nothing waits for the acknowledgement of what went before."""
    for number in range(5):
        await ready.accept(a_draft(f'{{"n":{number}}}'))

    assert [body for _, body in ready.link.said] == [
        f'{{"n":{number}}}' for number in range(5)
    ]


async def test_the_window_bounds_what_is_unacknowledged() -> None:
    """The next is written when one of the window is acknowledged."""
    scene = Scene()
    scene.dispatcher._posting._limits = type(scene.options)(window=2)
    scene.link.arrive("alice")
    scene.link.become("ready")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scene.dispatcher.run())
        for number in range(3):
            await scene.accept(a_draft(f'{{"n":{number}}}'))
        before = len(scene.link.posts)

        scene.link.posts[0].acknowledged.set_result(None)
        await settle()
        running.cancel()

    assert (before, len(scene.link.posts)) == (2, 3)


async def test_messages_wait_for_the_room_and_keep_their_order(scene: Scene) -> None:
    """What was accepted while the room was away is said when it is back."""
    for number in range(3):
        await scene.accept(a_draft(f'{{"n":{number}}}'))
    scene.link.acknowledges = True

    scene.link.arrive("alice")
    scene.link.become("ready")
    await settle()

    assert [body for _, body in scene.link.said] == ['{"n":0}', '{"n":1}', '{"n":2}']
    assert scene.happened() == ["message.sent"] * 3


async def test_a_broadcast_keeps_its_place_among_messages(scene: Scene) -> None:
    """One order per room, broadcasts included; it counts who was there."""
    await scene.accept(a_draft('{"n":0}'))
    shout = await scene.accept(a_draft('{"n":1}', to=None))
    await scene.accept(a_draft('{"n":2}'))
    scene.link.acknowledges = True

    scene.link.arrive("alice")
    scene.link.become("ready")
    await settle()

    assert scene.link.said == [
        ("id-alice", '{"n":0}'),
        (None, '{"n":1}'),
        ("id-alice", '{"n":2}'),
    ]
    assert (await scene.stored(shout)).present == 1


async def test_a_link_lost_before_the_acknowledgement_is_unknown(ready: Scene) -> None:
    """It is said that nobody knows, and it is not said again."""
    message = await ready.accept()

    ready.link.cut(LOST)
    await settle()
    ready.link.become("ready")
    await settle()

    assert await ready.status(message) == "unknown"
    assert len(ready.link.posts) == 1


async def test_a_sender_may_have_an_unknown_message_said_again(ready: Scene) -> None:
    """With on_unknown=retry it goes before what was not written yet."""
    first = await ready.accept(a_draft('{"n":0}', on_unknown=OnUnknown.RETRY))
    ready.link.cut(LOST)
    await ready.accept(a_draft('{"n":1}'))
    ready.link.acknowledges = True

    ready.link.become("ready")
    await settle()

    assert [body for _, body in ready.link.said] == ['{"n":0}', '{"n":0}', '{"n":1}']
    assert (await ready.stored(first)).resent


async def test_what_was_never_written_is_written_after_the_reconnect(
    ready: Scene,
) -> None:
    """A write that did not leave is not unknown."""
    message = await ready.accept()
    ready.link.cut(NotReady())
    await settle()
    between = await ready.status(message)
    ready.link.acknowledges = True

    ready.link.become("ready")
    await settle()

    assert (between, await ready.status(message)) == ("queued", "sent")


async def test_a_late_acknowledgement_corrects_unknown_to_sent(ready: Scene) -> None:
    """The 30 s are over, the link still lives, and the room answers after all."""
    late: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    message = await ready.accept()
    error = OutcomeUnknown("no acknowledgement in 30 s", late)
    ready.link.posts[0].acknowledged.set_exception(error)
    await settle()

    late.set_result(None)
    await settle()

    assert await ready.status(message) == "sent"
    assert ready.happened() == ["message.unknown", "message.sent"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1001, "room_denied"),
        (1003, "recipient_not_found"),
        (1008, "room_rejected"),
        (None, "room_rejected"),
    ],
)
async def test_a_refusal_of_the_room_is_failed(
    ready: Scene, code: int | None, error: str
) -> None:
    """The room's own code is kept beside ours."""
    message = await ready.accept()

    ready.link.posts[0].acknowledged.set_exception(Refused(code, "no"))
    await settle()

    found = await ready.stored(message)
    assert found.error is not None
    assert (found.status.value, found.error.code) == ("failed", error)
    assert found.error.upstream_code == code


async def test_a_message_expires_when_the_room_stays_away(scene: Scene) -> None:
    """`ttl` is how long it is held while the room is unreachable."""
    message = await scene.accept(a_draft(ttl=timedelta(seconds=60)))
    await scene.clock.advance(59)
    before = await scene.status(message)

    await scene.clock.advance(2)

    assert (before, await scene.status(message)) == ("queued", "expired")
    assert scene.happened() == ["message.expired"]


async def test_nothing_expires_that_may_have_been_written(ready: Scene) -> None:
    """Only what is queued expires."""
    message = await ready.accept(a_draft(ttl=timedelta(seconds=5)))

    await ready.clock.advance(20)

    assert await ready.status(message) == "sending"


async def test_a_message_may_wait_for_its_recipient(ready: Scene) -> None:
    """It is parked until somebody of that name comes."""
    message = await ready.accept(a_draft(to=to("bob"), await_recipient=True))
    parked = ready.dispatcher.shown(ready.dispatcher._held._entries[message.id])
    ready.link.acknowledges = True

    ready.link.arrive("bob")
    await settle()

    assert parked.waiting_for == "recipient"
    assert await ready.status(message) == "sent"


async def test_a_parked_message_holds_back_only_its_own_address(ready: Scene) -> None:
    """Later ones to the same address wait behind it, others pass."""
    first = a_draft('{"n":0}', to=to("bob"), await_recipient=True)
    await ready.accept(first)
    second = a_draft('{"n":1}', to=to("bob"), await_recipient=True)
    behind = await ready.accept(second)
    await ready.accept(a_draft('{"n":2}'))
    passed = list(ready.link.said)

    ready.link.arrive("bob")
    await settle()

    assert behind.status == "queued"
    assert passed == [("id-alice", '{"n":2}')]
    assert ready.link.said[1:] == [("id-bob", '{"n":0}'), ("id-bob", '{"n":1}')]


async def test_who_is_there_hears_what_waits_for_another_as_well(ready: Scene) -> None:
    """However many wait for bob; he hears them in their order when he comes."""
    ready.link.acknowledges = True
    both = to("alice", "bob")
    for number in range(3):
        body = f'{{"n":{number}}}'
        await ready.accept(a_draft(body, to=both, await_recipient=True))
    await ready.accept(a_draft('{"n":3}', to=to("alice")))
    before = list(ready.link.said)

    ready.link.arrive("bob")
    await ready.clock.advance(1)

    assert before == [("id-alice", f'{{"n":{number}}}') for number in range(4)]
    assert ready.link.said[4:] == [
        ("id-bob", f'{{"n":{number}}}') for number in (0, 1, 2)
    ]


async def test_a_parked_message_expires(ready: Scene) -> None:
    """Its sender said for how long, the room being ready or not."""
    draft = a_draft(to=to("bob"), await_recipient=True, ttl=timedelta(seconds=30))
    message = await ready.accept(draft)

    await ready.clock.advance(31)

    assert await ready.status(message) == "expired"


async def test_a_recipient_who_is_slow_to_come_back_is_waited_for(scene: Scene) -> None:
    """After a server's restart everybody joins anew, we perhaps first."""
    message = await scene.accept()
    scene.link.acknowledges = True
    await scene.clock.advance(1)
    scene.link.become("ready")
    await scene.clock.advance(20)

    scene.link.arrive("alice", id_="id-new")
    await settle()

    assert await scene.status(message) == "sent"
    assert scene.link.said == [("id-new", '{"text":"hi"}')]


async def test_a_recipient_who_does_not_come_back_is_not_found(scene: Scene) -> None:
    """Thirty seconds after the room, the message fails."""
    message = await scene.accept()
    await scene.clock.advance(1)
    scene.link.become("ready")

    await scene.clock.advance(32)

    assert await scene.status(message) == "failed"


async def test_a_recipient_gone_at_the_write_is_waited_for_if_asked(
    ready: Scene,
) -> None:
    """The room says 1003, and the message is parked until they return."""
    message = await ready.accept(a_draft(await_recipient=True))
    ready.link.depart("alice")
    refusal = Refused(1003, "the participant was not found")
    ready.link.posts[0].acknowledged.set_exception(refusal)
    await settle()
    ready.link.acknowledges = True

    ready.link.arrive("alice", id_="id-new")
    await settle()

    assert await ready.status(message) == "sent"


async def test_some_sent_and_some_refused_is_partial(ready: Scene) -> None:
    """Each recipient's share has its own status."""
    ready.link.arrive("bob")
    message = await ready.accept(a_draft(to=to("alice", "bob")))
    first, second = ready.link.posts

    first.acknowledged.set_result(None)
    second.acknowledged.set_exception(Refused(1003, "gone"))
    await settle()

    found = await ready.stored(message)
    assert found.status == "partial"
    assert [each.status.value for each in found.recipients] == ["sent", "failed"]
    assert ready.happened() == ["message.partial"]


async def test_an_address_may_mean_several(ready: Scene) -> None:
    """`match=all` sends to everybody who fits at the moment of dispatch."""
    ready.link.arrive("bob")
    role = (Address(AddressKind.ROLE, "user"),)
    message = await ready.accept(a_draft(to=role, match=Match.ALL))

    for post in ready.link.posts:
        post.acknowledged.set_result(None)
    await settle()

    found = await ready.stored(message)
    assert [each.name for each in found.recipients] == ["alice", "bob"]


async def test_a_full_outbox_refuses(scene: Scene) -> None:
    """The limit is a promise about memory, and the caller is told at once."""
    scene.dispatcher._held._limits = type(scene.options)(max_messages=2)
    await scene.accept()
    await scene.accept()

    with pytest.raises(QueueFull):
        await scene.accept()


async def test_draining_waits_for_acknowledgements(ready: Scene) -> None:
    """A stop does not leave unsaid what the room is about to acknowledge."""
    await ready.accept()
    async with asyncio.TaskGroup() as tasks:
        drained = tasks.create_task(ready.dispatcher.drained())
        await settle()
        before = drained.done()

        ready.link.posts[0].acknowledged.set_result(None)

    assert not before


async def test_by_id_works_while_messaging_is_disabled(ready: Scene) -> None:
    """Nobody is known, and an id is taken on trust."""
    ready.link.messaging = False
    ready.link.people = []

    await ready.accept(a_draft(to=(Address(AddressKind.ID, "p-1"),)))

    assert ready.link.said == [("p-1", '{"text":"hi"}')]
