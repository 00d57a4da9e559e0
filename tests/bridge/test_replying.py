"""A reply goes to whoever said something, wherever they are by now."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.ports import AlreadyDone, Once, Refused
from gateway.bridge.replying import MOST_REPLIES, Loop, Replying, addressed
from gateway.bridge.sending import Draft
from gateway.domain.errors import (
    MessagingDisabled,
    RecipientAmbiguous,
    RecipientNotFound,
    StoreUnavailable,
    WrongState,
)
from gateway.domain.model import IncomingMessage, Sender
from tests.bridge.conftest import Scene, a_draft
from tests.domain.nouns import INCOMING, OUTGOING
from tests.fakes.clock import NOON, settle

ONCE = Once("reply:wh_1", "evt_1")
NAMELESS = Sender("id-ghost", None, "user")


def heard(sender: Sender | None = None) -> IncomingMessage:
    """Return a message that alice said, unless somebody else did."""
    return replace(INCOMING, sender=sender or Sender("id-alice", "alice", "user"))


def an_answer(**changes: object) -> Draft:
    """Return a draft addressed to nobody yet, that waits for its recipient."""
    return a_draft('{"text":"hi back"}', to=None, await_recipient=True, **changes)


def reply_to(message: IncomingMessage, **changes: object) -> Draft:
    """Return a reply to a message."""
    return addressed(an_answer(**changes), message)


async def test_a_reply_goes_to_who_said_it(ready: Scene) -> None:
    """By the id they had, though another bears their name."""
    ready.link.arrive("alice", id_="id-other")

    message = await ready.accept(reply_to(heard()))

    assert ready.link.said == [("id-alice", '{"text":"hi back"}')]
    assert message.room == "lobby"
    assert message.recipients[0].name == "alice"


async def test_a_reply_goes_to_who_came_back_under_another_id(ready: Scene) -> None:
    """The only participant of that name and role."""
    ready.link.depart("alice")
    ready.link.arrive("alice", id_="id-agent", role="agent")
    ready.link.arrive("alice", id_="id-new")

    await ready.accept(reply_to(heard()))

    assert ready.link.said == [("id-new", '{"text":"hi back"}')]


async def test_a_reply_waits_for_its_recipient_to_come_back(ready: Scene) -> None:
    """Somebody of that name and another role is not them."""
    ready.link.depart("alice")
    message = await ready.accept(reply_to(heard()))
    ready.link.arrive("alice", id_="id-agent", role="agent")
    await settle()
    waiting = await ready.status(message)
    said = list(ready.link.said)

    ready.link.arrive("alice", id_="id-new")
    await settle()

    assert (waiting, said) == ("queued", [])
    assert ready.link.said == [("id-new", '{"text":"hi back"}')]


async def test_a_reply_waits_if_the_room_knows_them_no_longer(ready: Scene) -> None:
    """We may not have heard yet that they have gone."""
    message = await ready.accept(reply_to(heard()))
    ready.link.posts[0].acknowledged.set_exception(Refused(1003, "no such one"))
    ready.link.depart("alice")
    await settle()
    waiting = await ready.status(message)

    ready.link.arrive("alice", id_="id-new")
    await settle()

    assert waiting == "queued"
    assert [to for to, _ in ready.link.said] == ["id-alice", "id-new"]


async def test_a_reply_is_resolved_when_it_is_written(scene: Scene) -> None:
    """Whoever it was accepted for may have another id when the room is back."""
    await scene.accept(reply_to(heard()))

    scene.link.arrive("alice", id_="id-new")
    scene.link.become("ready")
    await settle()

    assert [to for to, _ in scene.link.said] == ["id-new"]


async def test_a_reply_outlives_the_process(scene: Scene) -> None:
    """Its recipient's name and role are stored with it."""
    message = await scene.accept(reply_to(heard()))

    stored = await scene.stored(message)

    assert stored.to == reply_to(heard()).to


async def test_a_reply_waits_no_longer_than_it_lives(ready: Scene) -> None:
    """Then it has expired."""
    ready.link.depart("alice")
    message = await ready.accept(reply_to(heard(), ttl=timedelta(seconds=60)))

    await ready.clock.advance(61)

    assert await ready.status(message) == "expired"


async def test_several_of_that_name_and_role_are_refused(ready: Scene) -> None:
    """The refusal lists them, and advises nothing that a reply cannot say."""
    ready.link.depart("alice")
    ready.link.arrive("alice", id_="id-1")
    ready.link.arrive("alice", id_="id-2")

    with pytest.raises(RecipientAmbiguous) as caught:
        await ready.accept(reply_to(heard()))

    candidates = caught.value.facts["candidates"]
    assert isinstance(candidates, list)
    assert [each["id"] for each in candidates] == ["id-1", "id-2"]
    assert "match" not in caught.value.detail
    assert caught.value.errors[0].pointer == ""


@pytest.mark.parametrize(
    "answer",
    [
        reply_to(heard(), ttl=timedelta()),
        replace(reply_to(heard()), await_recipient=False),
        reply_to(heard(NAMELESS)),
    ],
)
async def test_a_reply_that_cannot_wait_is_refused(ready: Scene, answer: Draft) -> None:
    """With no time to live, on request, or to an id that has gone."""
    ready.link.depart("alice")

    with pytest.raises(RecipientNotFound):
        await ready.accept(answer)

    assert ready.store.messages_by_id == {}


async def test_a_sender_without_a_name_is_known_by_id(ready: Scene) -> None:
    """As long as they are here."""
    ready.link.arrive("", id_="id-ghost")

    await ready.accept(reply_to(heard(NAMELESS)))

    assert [to for to, _ in ready.link.said] == ["id-ghost"]


async def test_nobody_is_known_while_messaging_is_disabled(ready: Scene) -> None:
    """The refusal says how to go by the id alone."""
    ready.link.messaging = False

    with pytest.raises(MessagingDisabled, match='"id"'):
        await ready.accept(reply_to(heard()))


def test_a_message_of_ours_has_no_sender() -> None:
    """It is refused as such."""
    with pytest.raises(WrongState, match="ours"):
        addressed(a_draft(), OUTGOING)


async def test_two_messages_cannot_use_up_one_thing(ready: Scene) -> None:
    """The second is told of the first, and nothing of it is kept or said."""
    first = await ready.sending.accept(reply_to(heard()), wait_s=0, once=ONCE)

    with pytest.raises(AlreadyDone) as caught:
        await ready.sending.accept(reply_to(heard()), wait_s=0, once=ONCE)

    await settle()
    assert caught.value.message_id == first.id
    assert list(ready.store.messages_by_id) == [first.id]
    assert len(ready.link.said) == 1
    assert ready.dispatcher.queued == 1  # the first, not yet acknowledged


async def test_what_is_refused_uses_nothing_up(ready: Scene) -> None:
    """A better reply may follow."""
    ready.link.depart("alice")
    with pytest.raises(RecipientNotFound):
        await ready.sending.accept(
            reply_to(heard(), ttl=timedelta()), wait_s=0, once=ONCE
        )

    message = await ready.sending.accept(reply_to(heard()), wait_s=0, once=ONCE)

    assert message.id in ready.store.messages_by_id


def replying(scene: Scene) -> Replying:
    """Return the use case over a scene."""
    return Replying(scene.sending, scene.clock)


def keys(count: int, start: int = 0) -> list[Once]:
    """Return so many things that can be used up."""
    return [Once("reply:wh_1", f"evt_{start + number}") for number in range(count)]


async def test_a_returned_reply_is_said_once(ready: Scene) -> None:
    """Given again, it has the id of the first time."""
    answering = replying(ready)

    first = await answering.reply(heard(), an_answer(), ONCE)
    again = await answering.reply(heard(), an_answer(), ONCE)
    await settle()

    assert again == first
    assert len(ready.link.said) == 1


async def test_two_returned_at_once_are_one(ready: Scene) -> None:
    """Whichever is first; both have its id."""
    answering = replying(ready)

    given = [answering.reply(heard(), an_answer(), ONCE) for _ in range(5)]
    ids = await asyncio.gather(*given)

    assert len(set(ids)) == 1
    assert list(ready.store.messages_by_id) == [ids[0]]


async def test_a_loop_ends(ready: Scene) -> None:
    """Thirty in a minute to one participant; then none until a minute has passed."""
    answering = replying(ready)
    for once in keys(MOST_REPLIES):
        await answering.reply(heard(), an_answer(), once)

    with pytest.raises(Loop):
        await answering.reply(heard(), an_answer(), Once("reply:wh_2", "evt_more"))

    await ready.clock.advance(60)
    await answering.reply(heard(), an_answer(), Once("reply:wh_2", "evt_more"))
    assert len(ready.store.messages_by_id) == MOST_REPLIES + 1


async def test_a_loop_is_known_by_name(ready: Scene) -> None:
    """Joining anew with another id does not begin the count anew."""
    answering = replying(ready)
    for once in keys(MOST_REPLIES):
        await answering.reply(heard(), an_answer(), once)
    rejoined = heard(Sender("id-new", "alice", "user"))

    with pytest.raises(Loop):
        await answering.reply(rejoined, an_answer(), Once("reply:wh_1", "evt_more"))


async def test_others_are_answered_beside_a_loop(ready: Scene) -> None:
    """Each participant has a count of their own, without a name each id."""
    ready.link.arrive("bob")
    ready.link.arrive("", id_="id-ghost")
    ready.link.arrive("", id_="id-spirit")
    answering = replying(ready)
    for once in keys(MOST_REPLIES):
        await answering.reply(heard(), an_answer(), once)
        await answering.reply(
            heard(NAMELESS), an_answer(), replace(once, scope="reply:wh_2")
        )

    for number, sender in enumerate(
        (Sender("id-bob", "bob", "user"), Sender("id-spirit", None, "user"))
    ):
        once = Once("reply:wh_3", f"evt_{number}")
        await answering.reply(heard(sender), an_answer(), once)

    assert len(ready.store.messages_by_id) == 2 * MOST_REPLIES + 2


async def test_what_was_not_stored_does_not_count(ready: Scene) -> None:
    """Neither an outage of the store nor a repetition brings a loop nearer."""
    answering = replying(ready)
    ready.store.fail_with(StoreUnavailable("the disk is full"))
    for once in keys(MOST_REPLIES):
        with pytest.raises(StoreUnavailable):
            await answering.reply(heard(), an_answer(), once)
    ready.store.fail_with(None)
    for _ in range(MOST_REPLIES + 1):
        await answering.reply(heard(), an_answer(), ONCE)

    for once in keys(MOST_REPLIES - 1, start=100):
        await answering.reply(heard(), an_answer(), once)

    assert len(ready.store.messages_by_id) == MOST_REPLIES


async def test_a_reply_is_taken_while_we_stop(ready: Scene) -> None:
    """Its receiver has answered already, and would not do so again."""
    ready.sending.stop()
    ready.link.become("stopped")

    message_id = await replying(ready).reply(heard(), an_answer(), ONCE)

    assert ready.store.messages_by_id[message_id].created_at == NOON
