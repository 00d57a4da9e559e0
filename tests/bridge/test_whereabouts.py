"""Whom a message can reach now, and for whom it may be held."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.bridge.entry import Entry
from gateway.bridge.whereabouts import REJOIN_GRACE, Whereabouts
from tests.bridge.conftest import Scene, a_draft, to


async def an_entry(scene: Scene, **changes: object) -> Entry:
    """Return the entry of a message accepted in a room that is away."""
    message = await scene.accept(replace(a_draft(), **changes))  # type: ignore[arg-type]  # a builder
    entry = scene.dispatcher.find(message.id)
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    ("after_s", "waits"),
    [(0, True), (REJOIN_GRACE.total_seconds() - 1, True), (31, False)],
)
async def test_everybody_has_thirty_seconds_to_join_again(
    *, after_s: float, waits: bool
) -> None:
    """What was accepted before we joined waits for those who join after us."""
    scene = Scene()
    entry = await an_entry(scene)
    await scene.clock.advance(1)
    scene.link.become("ready")
    whereabouts = Whereabouts(scene.link, scene.clock)

    scene.clock.jump(after_s)

    assert whereabouts.may_wait(entry) is waits


async def test_what_is_to_wait_for_its_recipient_waits_as_long_as_it_lives() -> None:
    """`await_recipient` ends with the time to live."""
    scene = Scene()
    ttl = timedelta(seconds=60)
    entry = await an_entry(scene, await_recipient=True, ttl=ttl)
    whereabouts = Whereabouts(scene.link, scene.clock)
    before = whereabouts.may_wait(entry)

    scene.clock.jump(60)

    assert (before, whereabouts.may_wait(entry)) == (True, False)


async def test_nothing_waits_for_somebody_who_is_here() -> None:
    """A parked message moves once its recipient is present."""
    scene = Scene()
    entry = await an_entry(scene, await_recipient=True)
    whereabouts = Whereabouts(scene.link, scene.clock)
    before = whereabouts.waits(entry, frozenset())

    scene.link.arrive("alice")

    assert (before, whereabouts.waits(entry, frozenset())) == (True, False)


async def test_what_is_partly_being_written_waits_for_that() -> None:
    """The rest of it comes after, whoever has arrived meanwhile."""
    scene = Scene()
    entry = await an_entry(scene, to=to("alice", "bob"), await_recipient=True)
    scene.link.arrive("alice")
    whereabouts = Whereabouts(scene.link, scene.clock)
    (index,) = whereabouts.resolve(entry)
    entry.write(index)

    scene.link.arrive("bob")

    assert whereabouts.waits(entry, frozenset())
