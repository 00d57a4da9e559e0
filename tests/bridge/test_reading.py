"""What is answered is how it is now."""

import asyncio
from datetime import timedelta

import pytest

from gateway.bridge.ports import MessageFilter
from gateway.bridge.reading import Reading
from gateway.domain.errors import NotFound, WrongState
from gateway.domain.model import OutgoingMessage
from tests.bridge.conftest import Scene, a_draft, kinds, refused


def reading(scene: Scene) -> Reading:
    """Return what answers for a scene."""
    return Reading(scene.registry, scene.store.messages, scene.clock)


async def test_a_room_tells_of_its_outbox(scene: Scene) -> None:
    """How many are in it, and how old the oldest is."""
    await scene.accept()
    await scene.clock.advance(7)
    await scene.accept()
    scene.link.arrive("bob")
    scene.room.warnings.add("duplicate_gateway")

    view = reading(scene).room(None)

    assert (view.room, view.queued, view.oldest_s) == ("lobby", 2, 7.0)
    assert (view.participants, view.warnings) == (1, ("duplicate_gateway",))


async def test_an_empty_outbox_has_no_oldest(scene: Scene) -> None:
    """It has no age."""
    (view,) = reading(scene).rooms()

    assert (view.queued, view.oldest_s, view.status.state) == (0, None, "reconnecting")


async def test_participants_come_with_the_name_of_their_room(ready: Scene) -> None:
    """With one configured it need not be given."""
    name, presence = reading(ready).participants(None)

    assert name == "lobby"
    assert [one.name for one in presence.participants] == ["alice"]


async def test_an_open_message_is_shown_as_it_is_now(scene: Scene) -> None:
    """What it waits for changes without a commit."""
    message = await scene.accept()
    scene.link.arrive("alice")
    before = await reading(scene).message(message.id)

    scene.link.become("ready")
    after = await reading(scene).message(message.id)

    assert isinstance(before, OutgoingMessage)
    assert isinstance(after, OutgoingMessage)
    assert (before.waiting_for, after.waiting_for) == ("room", "order")


async def test_what_is_on_its_way_is_shown_with_when_it_was_written(
    ready: Scene,
) -> None:
    """Though that is stored with what comes of it, not by itself."""
    message = await ready.accept()

    found = await reading(ready).message(message.id)

    assert isinstance(found, OutgoingMessage)
    assert (found.status, kinds(found)) == ("sending", ["written"])
    assert kinds(await ready.stored(message)) == []


async def test_a_closed_message_is_shown_as_it_is_stored(ready: Scene) -> None:
    """It is in no outbox any more."""
    ready.link.acknowledges = True
    message = await ready.accept()

    found = await reading(ready).message(message.id)

    assert found == await ready.stored(message)


async def test_what_is_not_held_is_not_found(scene: Scene) -> None:
    """A message is kept for some days."""
    with pytest.raises(NotFound, match="msg_0"):
        await reading(scene).message("msg_0")


async def test_messages_come_in_pages(scene: Scene) -> None:
    """By a filter."""
    for number in range(3):
        await scene.accept(a_draft(f'{{"n":{number}}}'))

    page = await reading(scene).messages(MessageFilter(limit=2))

    assert len(page.messages) == 2
    assert page.next_cursor is not None


async def test_an_attachment_comes_with_what_is_known_of_it(scene: Scene) -> None:
    """For one without, nothing is found."""
    message = await scene.accept(a_draft(attachment=b"bytes", ttl=timedelta(hours=1)))
    bare = await scene.accept()

    described, data = await reading(scene).attachment(message.id)

    assert (described.size, data) == (5, b"bytes")
    with pytest.raises(NotFound, match="no attachment"):
        await reading(scene).attachment(bare.id)


async def test_what_is_still_to_be_said_cannot_be_forgotten(scene: Scene) -> None:
    """Its content is needed until its status is final."""
    message = await scene.accept()

    with pytest.raises(WrongState, match="still to be said"):
        await reading(scene).erase(message.id)

    assert not (await scene.stored(message)).is_erased


async def test_what_was_said_can_be_forgotten(ready: Scene) -> None:
    """That it was said remains."""
    ready.link.acknowledges = True
    message = await ready.accept(a_draft(attachment=b"abc"))

    left = await reading(ready).erase(message.id)

    assert (left.id, left.is_erased, left.attachment) == (message.id, True, None)
    with pytest.raises(NotFound, match="was erased"):
        await reading(ready).attachment(message.id)


async def test_what_is_not_held_cannot_be_forgotten(scene: Scene) -> None:
    """It is not found."""
    with pytest.raises(NotFound):
        await reading(scene).erase("msg_0")


async def test_what_is_being_said_after_all_cannot_be_forgotten(ready: Scene) -> None:
    """Its content is needed again."""
    message = await refused(ready)
    ready.link.become("reconnecting")
    results = await asyncio.gather(
        ready.sending.retry(message.id),
        reading(ready).erase(message.id),
        return_exceptions=True,
    )

    found = await ready.stored(message)
    assert isinstance(results[1], WrongState)
    assert (found.status, found.is_erased) == ("queued", False)
