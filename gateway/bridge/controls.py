"""What an operator may do to a room."""

from collections.abc import Mapping

from gateway.bridge.ports import Clock, Log, Refused
from gateway.bridge.rooms import Registry, Room
from gateway.domain.errors import RoomDenied, RoomRejected
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import Event, EventType

_DENIED = 1001  # room protocol §4.4


class Controls:
    """Acts on the rooms of a registry; what is wanted is kept over restarts."""

    def __init__(self, registry: Registry, log: Log, *, clock: Clock, ids: Ids) -> None:
        self._registry = registry
        self._log = log
        self._clock = clock
        self._ids = ids

    async def reconnect(self, room: str) -> None:
        """Leave the room and join it again, from any state."""
        await self._registry.get(room).link.reconnect()

    async def enable(self, room: str) -> None:
        """Turn messaging on.

        Raises:
            RoomDenied: The room does not allow it.
            RoomRejected: The room refused.
        """
        found = self._registry.get(room)
        try:
            await found.link.enable()
        except Refused as refusal:
            raise _rejection(refusal) from refusal
        await found.memory.keep_messaging(enabled=True)

    async def disable(self, room: str) -> None:
        """Turn messaging off: nothing is received, and names mean nothing.

        Raises:
            RoomDenied: The room does not allow it; it is off after the next join.
            RoomRejected: The room refused; it is off after the next join.
        """
        found = self._registry.get(room)
        await found.memory.keep_messaging(enabled=False)
        try:
            await found.link.disable()
        except Refused as refusal:
            raise _rejection(refusal) from refusal
        await self._log.append(self._event(found))

    async def set_attributes(self, room: str, changes: Mapping[str, object]) -> None:
        """Change attributes of our own participant; `None` clears one."""
        found = self._registry.get(room)
        await found.memory.keep_attributes(changes)
        await found.link.set_attributes(changes)

    def _event(self, room: Room) -> Event:
        return Event(
            id=self._ids.new(Kind.EVENT),
            type=EventType.ROOM_MESSAGING_DISABLED,
            room=room.name,
            at=self._clock.now(),
            data="{}",
        )


def _rejection(refusal: Refused) -> RoomDenied | RoomRejected:
    facts = {"upstream_code": refusal.code}
    error = RoomDenied if refusal.code == _DENIED else RoomRejected
    return error(refusal.text, facts=facts)
