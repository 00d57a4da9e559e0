"""What third parties sent, said in a room."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app.voice import SCOPE, Reserve, RoomVoice
from gateway.bridge.dispatch import DispatchOptions
from gateway.bridge.ports import Once
from gateway.domain.errors import (
    QueueFull,
    RecipientAmbiguous,
    RoomUnavailable,
    ShuttingDown,
)
from gateway.domain.model import (
    Address,
    AddressKind,
    Match,
    MessageStatus,
    OnUnknown,
    OutgoingMessage,
)
from gateway.inbound.ports import InOutbox, Saying
from tests.bridge.conftest import Scene
from tests.fakes.clock import settle

HI = Saying(
    source_id="src_1",
    room="lobby",
    to=(Address(AddressKind.ANY, "alice"),),
    match=Match.ONE,
    type="webhook",
    body='{"n":1}',
    attachment=b"",
    ttl=timedelta(hours=1),
    ref="inb_1",
)


@pytest.fixture
async def ready() -> AsyncIterator[Scene]:
    """A room with alice in it, and a dispatcher that runs."""
    scene = Scene(options=DispatchOptions(max_messages=4))
    scene.link.arrive("alice")
    scene.link.become("ready")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(scene.dispatcher.run())
        await settle()
        yield scene
        running.cancel()


def voice_of(scene: Scene, **reserve: int) -> RoomVoice:
    """Return what says things in a scene."""
    return RoomVoice(scene.sending, scene.registry, Reserve(**reserve))


def kept(scene: Scene, message_id: str) -> OutgoingMessage:
    """Return a message as it is stored."""
    message = scene.store.messages_by_id[message_id]
    assert isinstance(message, OutgoingMessage)
    return message


async def test_it_is_said_to_whom_it_is_for(ready: Scene) -> None:
    """The message is found by the id of the request, and said again when in doubt."""
    message_id = await voice_of(ready).say(HI, "inb_1")
    await settle()

    message = kept(ready, message_id)
    assert ready.link.said == [("id-alice", '{"n":1}')]
    assert (message.ref, message.on_unknown) == ("inb_1", OnUnknown.RETRY)


async def test_given_again_it_is_not_said_again(ready: Scene) -> None:
    """As after a stop between the message's commit and the request's."""
    first = await voice_of(ready).say(HI, "inb_1")
    again = await voice_of(ready).say(HI, "inb_1")
    await settle()

    assert again == first
    assert len(ready.link.said) == 1


async def test_somebody_who_is_away_is_waited_for(ready: Scene) -> None:
    """For as long as the source lets it wait."""
    absent = replace(HI, to=(Address(AddressKind.ANY, "bob"),))

    message_id = await voice_of(ready).say(absent, "inb_1")
    await settle()

    assert kept(ready, message_id).status is MessageStatus.QUEUED
    assert kept(ready, message_id).ttl == timedelta(hours=1)


async def test_what_can_never_be_said_is_refused(ready: Scene) -> None:
    """Several of that name."""
    ready.link.arrive("alice", id_="id-other")

    with pytest.raises(RecipientAmbiguous):
        await voice_of(ready).say(HI, "inb_1")


async def test_a_room_that_is_not_in_the_settings_is_waited_for(ready: Scene) -> None:
    """Its name may have been mistyped for once: what was accepted is not given up."""
    with pytest.raises(RoomUnavailable):
        await voice_of(ready).say(replace(HI, room="elsewhere"), "inb_1")


async def test_what_a_former_process_left_counts_as_its_source_s(ready: Scene) -> None:
    """A restart gives no source a larger part of the outbox."""
    absent = replace(HI, to=(Address(AddressKind.ANY, "bob"),))
    message_id = await voice_of(ready).say(absent, "inb_1")
    voice = RoomVoice(ready.sending, ready.registry, Reserve(), most_open=1)

    voice.take_up(InOutbox("src_1", "inb_1", "lobby", message_id))
    voice.take_up(InOutbox("src_1", "inb_0", "lobby", "msg_settled"))
    voice.take_up(InOutbox("src_1", "inb_0", "elsewhere", message_id))

    with pytest.raises(QueueFull):
        await voice.say(absent, "inb_2")
    assert await voice.say(absent, "inb_1") == message_id
    with pytest.raises(QueueFull):
        await voice.say(absent, "inb_2")
    ready.link.arrive("bob")
    await settle()
    ready.link.posts[0].acknowledged.set_result(None)
    await settle()
    await voice.say(absent, "inb_2")


async def test_names_are_waited_for_while_messaging_is_disabled(ready: Scene) -> None:
    """It is the room that is not ready for it, not the request that is wrong."""
    ready.link.messaging = False

    with pytest.raises(RoomUnavailable):
        await voice_of(ready).say(HI, "inb_1")


async def test_a_part_of_the_outbox_is_left_to_others(ready: Scene) -> None:
    """Sources wait while what is left is what is reserved."""
    ready.link.become("reconnecting")
    voice = voice_of(ready, messages=2)
    for number in range(2):
        await voice.say(HI, f"inb_{number}")

    with pytest.raises(QueueFull):
        await voice.say(HI, "inb_2")
    ready.dispatcher.refuse_if_full(1, 2)


async def test_one_source_does_not_fill_the_outbox_for_the_others(
    ready: Scene,
) -> None:
    """What it says to somebody who does not come waits in its own queue."""
    absent = replace(HI, to=(Address(AddressKind.ANY, "bob"),))
    voice = RoomVoice(ready.sending, ready.registry, Reserve(), most_open=2)
    for number in range(2):
        await voice.say(absent, f"inb_{number}")

    with pytest.raises(QueueFull):
        await voice.say(absent, "inb_2")
    await voice.say(replace(HI, source_id="src_2"), "inb_3")
    await settle()

    assert ready.link.said == [("id-alice", '{"n":1}')]


async def test_a_source_is_told_when_what_it_said_is_settled(ready: Scene) -> None:
    """It has a place again, and need not wait for the time to try."""
    told: list[str] = []
    voice = RoomVoice(ready.sending, ready.registry, Reserve(), most_open=1)
    voice.watch(lambda: told.append("changed"))
    await voice.say(HI, "inb_1")
    with pytest.raises(QueueFull):
        await voice.say(HI, "inb_2")
    await settle()

    ready.link.posts[0].acknowledged.set_result(None)
    await settle()

    assert told == ["changed"]
    await voice.say(HI, "inb_2")


async def test_what_was_refused_takes_no_place(ready: Scene) -> None:
    """Nor does what was said before."""
    ready.link.acknowledges = True
    voice = RoomVoice(ready.sending, ready.registry, Reserve(), most_open=1)
    with pytest.raises(RoomUnavailable):
        await voice.say(replace(HI, room="elsewhere"), "inb_1")

    first = await voice.say(HI, "inb_2")
    await settle()

    assert await voice.say(HI, "inb_2") == first
    assert await voice.say(HI, "inb_3") != first


async def test_nothing_is_said_while_the_gateway_stops(ready: Scene) -> None:
    """It waits for the next start."""
    ready.sending.stop()

    with pytest.raises(ShuttingDown):
        await voice_of(ready).say(HI, "inb_1")

    assert await ready.registry.done(Once(SCOPE, "inb_1")) is None


async def test_the_room_s_coming_and_going_is_told(ready: Scene) -> None:
    """Who comes into the room, or says something, is not."""
    told: list[str] = []
    voice_of(ready).watch(lambda: told.append("changed"))

    ready.link.arrive("bob")
    ready.link.become("reconnecting")
    ready.link.become("ready")

    assert len(told) == 2
