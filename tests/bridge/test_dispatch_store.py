"""A dispatcher and its store: what a stop leaves, and a store that refuses."""

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.domain.model import OnUnknown
from tests.bridge.conftest import Scene, a_draft, to


async def test_what_was_being_written_at_a_stop_is_unknown(ready: Scene) -> None:
    """A process that starts does not know what its predecessor's last write became."""
    message = await ready.accept()
    queued = await ready.accept(a_draft(to=to("bob"), await_recipient=True))

    ready.begin()
    await ready.dispatcher.load()

    assert await ready.status(message) == "unknown"
    assert await ready.status(queued) == "queued"


async def test_what_was_being_written_is_said_again_if_asked(ready: Scene) -> None:
    """With on_unknown=retry a stop has it queued, not unknown."""
    message = await ready.accept(a_draft(on_unknown=OnUnknown.RETRY))

    ready.begin()
    await ready.dispatcher.load()

    found = await ready.stored(message)
    assert (found.status, found.resent) == ("queued", True)


async def test_a_message_that_cannot_be_stored_is_not_written(ready: Scene) -> None:
    """A 503 means that nothing was accepted."""
    ready.store.fail_with(StoreUnavailable("disk full"))

    with pytest.raises(StoreUnavailable):
        await ready.accept()

    ready.store.fail_with(None)
    await ready.clock.advance(5)
    assert ready.link.posts == []
    assert ready.dispatcher.queued == 0


async def test_a_fate_that_cannot_be_stored_is_stored_later(ready: Scene) -> None:
    """The result is kept in memory until the store takes it."""
    message = await ready.accept()
    ready.store.fail_with(StoreUnavailable("disk full"))
    ready.link.posts[0].acknowledged.set_result(None)
    await ready.clock.advance(3)

    ready.store.fail_with(None)
    await ready.clock.advance(2)

    assert await ready.status(message) == "sent"
    assert len(ready.link.posts) == 1


async def test_a_queued_message_is_not_written_before_it_is_noted(scene: Scene) -> None:
    """While `sending` can't be stored it stays queued; then it goes out once."""
    message = await scene.accept()
    scene.link.arrive("alice")
    scene.store.fail_with(StoreUnavailable("disk full"))
    scene.link.acknowledges = True
    scene.link.become("ready")
    await scene.clock.advance(3)
    written_meanwhile = len(scene.link.posts)

    scene.store.fail_with(None)
    await scene.clock.advance(2)

    assert written_meanwhile == 0
    assert await scene.status(message) == "sent"
