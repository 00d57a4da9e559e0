"""The rooms we are in, by name."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from gateway.bridge.claims import Claims
from gateway.bridge.dispatch import Dispatcher
from gateway.bridge.ports import Done, Once, RoomLink, RoomRecord, Rooms
from gateway.domain.errors import FieldError, Invalid, NotFound


class Memory:
    """What is remembered of one room over a restart; the only writer of its record."""

    def __init__(self, record: RoomRecord, rooms: Rooms) -> None:
        self._record = record
        self._rooms = rooms

    @property
    def record(self) -> RoomRecord:
        """What is remembered now."""
        return self._record

    def keep_messaging(self, *, enabled: bool) -> asyncio.Future[None]:
        """Remember whether messaging is wanted."""
        return self._save("messaging_enabled", enabled)

    def keep_attributes(self, changes: Mapping[str, object]) -> asyncio.Future[None]:
        """Remember attributes of our own participant; `None` clears one."""
        attributes = {**(self._record.attributes or {}), **changes}
        kept = {name: value for name, value in attributes.items() if value is not None}
        return self._save("attributes", kept)

    def keep_alive_at(self, moment: datetime) -> asyncio.Future[None]:
        """Remember the last proof that we heard what was said."""
        return self._save("last_alive_at", moment)

    def _save(self, name: str, value: object) -> asyncio.Future[None]:
        before: object = getattr(self._record, name)
        record = _with(self._record, name, value)
        saved = self._rooms.save(record)
        self._record = record
        saved_or_not = partial(self._saved, name, before, value)
        if saved.done():
            saved_or_not(saved)
        else:
            saved.add_done_callback(saved_or_not)
        return saved

    def _saved(
        self, name: str, before: object, value: object, saved: asyncio.Future[None]
    ) -> None:
        """Take back what was not stored, or the next to be stored would bring it in."""
        is_stored = not saved.cancelled() and saved.exception() is None
        if not is_stored and getattr(self._record, name) is value:
            self._record = _with(self._record, name, before)


def _with(record: RoomRecord, name: str, value: Any) -> RoomRecord:  # noqa: ANN401  # as the field has it
    return replace(record, **{name: value})


@dataclass(frozen=True, slots=True)
class Room:
    """One room: the link to it, its outbox, what is remembered of it.

    Attributes:
        warnings: What a person may want to look at, such as `duplicate_gateway`;
            added to and taken from by whoever notices.
    """

    link: RoomLink
    dispatcher: Dispatcher
    memory: Memory
    warnings: set[str]

    @property
    def name(self) -> str:
        """The room's name."""
        return self.link.room


class Registry:
    """The rooms that are configured.

    Attributes:
        claims: On messages of any of them.
    """

    def __init__(self, rooms: Sequence[Room]) -> None:
        self.claims = Claims()
        self._rooms = {room.name: room for room in rooms}

    def all(self) -> Sequence[Room]:
        """Return the rooms in the order of configuration."""
        return list(self._rooms.values())

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up, in whichever room; `None` if nothing."""
        # They share one outbox.
        room = next(iter(self._rooms.values()), None)
        return None if room is None else await room.dispatcher.done(once)

    def get(self, name: str | None) -> Room:
        """Return a room by name; with one room configured, that one for `None`.

        Raises:
            NotFound: There is no such room here.
            Invalid: A name is needed, because there are several.
        """
        if name is None and len(self._rooms) == 1:
            return next(iter(self._rooms.values()))
        names = ", ".join(self._rooms) or "none"
        if name is None:
            detail = f"name a room: this gateway is in several ({names})"
            raise Invalid(detail, errors=[FieldError("/room", detail)])
        if name not in self._rooms:
            message = f"this gateway is not in a room {name!r}; its rooms: {names}"
            raise NotFound(message, facts={"what": "room"})
        return self._rooms[name]
