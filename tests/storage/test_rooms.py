"""Rooms of the real store, beyond what all stores promise."""

from pathlib import Path

from gateway.bridge.ports import RoomRecord
from tests.fakes.clock import NOON
from tests.storage.opening import opened


async def test_a_room_is_remembered_over_a_restart(tmp_path: Path) -> None:
    """What was saved is there after the store was closed."""
    record = RoomRecord(
        name="lobby",
        messaging_enabled=False,
        attributes={"mood": "é"},
        last_alive_at=NOON,
    )
    async with opened(tmp_path) as store:
        await store.rooms.save(record)

    async with opened(tmp_path) as store:
        assert await store.rooms.load("lobby") == record
