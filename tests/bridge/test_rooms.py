"""Rooms by name, and what is remembered of them."""

from dataclasses import replace

import pytest

from gateway.bridge.ports import Done, Once, RoomRecord
from gateway.bridge.rooms import Memory, Registry
from gateway.domain.errors import Invalid, NotFound, StoreUnavailable
from tests.bridge.conftest import Scene, a_draft
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.link import FakeLink
from tests.fakes.memory_store import MemoryStore


def two_rooms() -> Registry:
    """Return a registry of lobby and attic."""
    scene = Scene()
    attic = replace(scene.room, link=FakeLink(scene.clock, room="attic"))
    return Registry([scene.room, attic])


async def test_the_only_room_needs_no_name() -> None:
    """With one configured, no name means that one."""
    scene = Scene()

    assert scene.registry.get(None) is scene.room


async def test_several_rooms_need_a_name() -> None:
    """The answer names them, and where the name belongs."""
    with pytest.raises(Invalid, match="lobby, attic") as caught:
        two_rooms().get(None)

    assert [error.pointer for error in caught.value.errors] == ["/room"]


async def test_no_room_at_all_is_said() -> None:
    """Nothing is configured."""
    with pytest.raises(Invalid, match="none"):
        Registry([]).get(None)


async def test_rooms_keep_the_order_of_configuration() -> None:
    """Each is found by its name."""
    rooms = two_rooms()

    assert [room.name for room in rooms.all()] == ["lobby", "attic"]
    assert rooms.get("attic").name == "attic"


async def test_an_unknown_room_is_not_found() -> None:
    """Its neighbours are named."""
    with pytest.raises(NotFound, match="lobby, attic"):
        two_rooms().get("cellar")


async def test_what_is_remembered_is_remembered_together() -> None:
    """One wish does not undo another."""
    store = MemoryStore(FakeClock())
    memory = Memory(RoomRecord("lobby"), store.rooms)

    await memory.keep_messaging(enabled=False)
    await memory.keep_attributes({"a": 1, "b": None})
    await memory.keep_alive_at(NOON)

    expected = RoomRecord("lobby", False, {"a": 1}, NOON)  # noqa: FBT003  # positional
    assert memory.record == expected
    assert store.records["lobby"] == expected


async def test_what_could_not_be_stored_is_not_stored_later_either() -> None:
    """Who was refused it would find messaging off after the next restart."""
    store = MemoryStore(FakeClock())
    memory = Memory(RoomRecord("lobby", attributes={"a": 1}), store.rooms)

    store.fail_with(StoreUnavailable("The disk is full."))
    with pytest.raises(StoreUnavailable):
        await memory.keep_messaging(enabled=False)
    with pytest.raises(StoreUnavailable):
        await memory.keep_attributes({"b": 2})
    store.fail_with(None)
    await memory.keep_alive_at(NOON)

    assert store.records["lobby"] == RoomRecord("lobby", True, {"a": 1}, NOON)  # noqa: FBT003  # positional


async def test_what_was_done_in_a_room_is_known() -> None:
    """Whichever room it was."""
    scene, once = Scene(), Once("link", "dlv_1")
    before = await scene.registry.done(once)

    message = await scene.sending.accept(a_draft(), wait_s=0, once=once)

    assert before is None
    assert await scene.registry.done(once) == Done((message.id,))
