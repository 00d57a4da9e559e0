"""What is heard in a room, made into events of the log.

Nothing heard is forgotten: when the store takes nothing, reading stops, so that TCP
holds the room back; after `PATIENCE_S` we leave the room, which is then a gap that
everybody can see, and come back with the store.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final

from gateway.bridge.ports import Clock, Log, Meter
from gateway.bridge.rooms import Room
from gateway.domain.errors import Unavailable
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Attachment,
    Event,
    EventType,
    IncomingMessage,
    Sender,
)
from gateway.domain.recipients import Present
from gateway.domain.rendering import participant_object, rfc3339

PATIENCE_S: Final = 10.0  # How long the room is held back before we leave it.
RETRY_S: Final = 0.5
ALIVE_EVERY_S: Final = 10.0
MOST_PENDING: Final = 256  # Events on their way into the store.
INSTANCE_ATTRIBUTE: Final = "gateway.instance"
DUPLICATE_AFTER: Final = timedelta(seconds=60)

_encode_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_escaped = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True, eq=False)
class _Owed:
    """What was heard and is not known to be stored."""

    event: Event
    message: IncomingMessage | None
    attachment: bytes | None
    stored: asyncio.Future[None]


class Receiving:
    """Takes in what happens in one room.

    Every method returns once there is place for the next thing; a caller that awaits
    them one by one is what stops the reading.

    Args:
        instance: Which gateway this is, to tell another of our name from us.
    """

    def __init__(
        self,
        room: Room,
        log: Log,
        *,
        clock: Clock,
        meter: Meter,
        ids: Ids,
        instance: str,
    ) -> None:
        self._room = room
        self._log = log
        self._clock = clock
        self._meter = meter
        self._ids = ids
        self._instance = instance
        self._owed: deque[_Owed] = deque()
        self._failed = asyncio.Event()
        self._recovered = asyncio.Event()
        self._recovered.set()
        self._lost_at: datetime | None = None
        self._double_since: datetime | None = None
        self._ended = False

    async def run(self) -> None:
        """Store again what was not stored, and note now and then that we hear.

        Once it has ended nobody is held back any longer.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._recover())
                tasks.create_task(self._keep_watch())
        finally:
            self._ended = True
            self._recovered.set()

    async def stopped(self) -> None:
        """Note that we heard everything up to now; for an orderly stop."""
        for owed in list(self._owed):
            await asyncio.wait([owed.stored])
        if self._lost_at is not None:
            self._keep_alive_at(self._lost_at)
        self._note_alive()

    async def connected(self, participant_id: str, at: datetime) -> None:
        """Take in that we are in the room."""
        self._meter.info(
            "room.connected", room=self._room.name, participant_id=participant_id
        )
        data = {
            "state": "ready",
            "reason": "joined",
            "attempt": self._room.link.status.attempt,
            "participant_id": participant_id,
        }
        await self._tell(EventType.ROOM_CONNECTED, data, at=at)
        heard_until = self._lost_at or self._room.memory.record.last_alive_at
        if heard_until is not None:
            self._meter.warning(
                "room.gap", room=self._room.name, gap_from=rfc3339(heard_until)
            )
            gap = {"from": rfc3339(heard_until), "to": rfc3339(at)}
            await self._tell(EventType.ROOM_GAP, gap, at=at)
        self._lost_at = None
        self._note_alive()

    async def disconnected(
        self, reason: str, code: int, last_alive_at: datetime, at: datetime
    ) -> None:
        """Take in that we are in the room no longer."""
        self._lost_at = last_alive_at
        self._keep_alive_at(last_alive_at)
        self._meter.warning(
            "room.disconnected", room=self._room.name, reason=reason, close_code=code
        )
        status = self._room.link.status
        data = {
            "state": status.state,
            "reason": reason,
            "close_code": code,
            "attempt": status.attempt,
        }
        await self._tell(EventType.ROOM_DISCONNECTED, data, at=at)

    async def message(
        self,
        sender: Sender,
        type_: str,
        message: Mapping[str, object],
        attachment: bytes,
        at: datetime,
    ) -> None:
        """Take in what somebody said."""
        event_id = self._ids.new(Kind.EVENT)
        received = IncomingMessage(
            id=self._ids.new(Kind.MESSAGE),
            room=self._room.name,
            type=type_,
            body=_encode(message),
            sender=sender,
            created_at=at,
            attachment=_described(attachment),
            event_id=event_id,
        )
        event = Event(
            id=event_id,
            type=EventType.MESSAGE_RECEIVED,
            room=self._room.name,
            at=at,
            message_id=received.id,
            message_type=type_,
            from_name=sender.name,
        )
        self._meter.info(
            "message.received",
            message_id=received.id,
            room=self._room.name,
            type=type_,
            attachment_bytes=len(attachment),
        )
        await self._append(event, received, attachment or None)

    async def participant(
        self,
        type_: EventType,
        who: Present,
        *,
        changed: Mapping[str, object] | None,
        after_gap: bool,
        at: datetime,
    ) -> None:
        """Take in that somebody came, left or changed."""
        self._meter.info(
            type_.value,
            room=self._room.name,
            participant_id=who.id,
            name=who.name,
            after_gap=after_gap,
        )
        data: dict[str, object] = {"participant": participant_object(who)}
        if changed is not None:
            data["changed"] = dict(changed)
        if after_gap:
            data["after_gap"] = True
        await self._tell(type_, data, at=at, from_name=who.name)

    async def _tell(
        self,
        type_: EventType,
        data: Mapping[str, object],
        *,
        at: datetime,
        from_name: str | None = None,
    ) -> None:
        event = Event(
            id=self._ids.new(Kind.EVENT),
            type=type_,
            room=self._room.name,
            at=at,
            data=_encode(data),
            from_name=from_name,
        )
        await self._append(event, None, None)

    async def _append(
        self, event: Event, message: IncomingMessage | None, attachment: bytes | None
    ) -> None:
        await self._recovered.wait()
        stored = self._log.append(event, message=message, attachment=attachment)
        owed = _Owed(event, message, attachment, stored)
        self._owed.append(owed)
        stored.add_done_callback(partial(self._stored, owed))
        while len(self._owed) >= MOST_PENDING and self._is_storing:
            await asyncio.wait([self._owed[0].stored])
            # The callback that takes it off runs in the same turn of the loop.
        await self._recovered.wait()

    @property
    def _is_storing(self) -> bool:
        return self._recovered.is_set() and not self._ended

    def _stored(self, owed: _Owed, stored: asyncio.Future[None]) -> None:
        if stored.cancelled():
            return
        if stored.exception() is None:
            self._owed.remove(owed)
        elif not self._ended:
            self._recovered.clear()
            self._failed.set()

    async def _recover(self) -> None:
        while True:
            await self._failed.wait()
            for owed in list(self._owed):  # in order: let the last of them be known
                await asyncio.wait([owed.stored])
            self._meter.error(
                "store.refused", room=self._room.name, events=len(self._owed)
            )
            left = await self._store_again()
            self._failed.clear()
            self._recovered.set()
            self._meter.info("store.recovered", room=self._room.name)
            if left:
                await self._room.link.reconnect()

    async def _store_again(self) -> bool:
        """Store what is owed, in order; return whether we left the room meanwhile."""
        since_s, left = self._clock.monotonic(), False
        while self._owed:
            owed = self._owed[0]
            owed.stored = self._log.append(
                owed.event, message=owed.message, attachment=owed.attachment
            )
            await asyncio.wait([owed.stored])
            error = owed.stored.exception()
            if isinstance(error, Unavailable):
                if not left and self._clock.monotonic() - since_s >= PATIENCE_S:
                    left = True
                    self._room.link.step_out("what is received cannot be stored")
                await self._clock.sleep(RETRY_S)
                continue
            self._owed.popleft()
            if error is not None:
                self._give_up(owed, error)
        return left

    def _give_up(self, owed: _Owed, error: BaseException) -> None:
        """Pass over what no store will ever take: others must not suffer for it."""
        self._meter.error(
            "event.unstorable",
            room=self._room.name,
            event_id=owed.event.id,
            type=owed.event.type.value,
            reason=type(error).__name__,
        )

    async def _keep_watch(self) -> None:
        while True:
            await self._clock.sleep(ALIVE_EVERY_S)
            self._note_alive()
            await self._look_for_double()

    def _note_alive(self) -> None:
        status = self._room.link.status
        if status.is_ready and status.last_received_at is not None:
            self._keep_alive_at(status.last_received_at)

    def _keep_alive_at(self, moment: datetime) -> None:
        if self._recovered.is_set():
            if self._owed:
                # A stop would lose what is not stored: the gap is to begin before it.
                moment = min(moment, self._owed[0].event.at)
            kept = self._room.memory.keep_alive_at(moment)
            kept.add_done_callback(_seen)  # the next one will do

    async def _look_for_double(self) -> None:
        """Warn of another gateway of our name: both would answer to everything."""
        double = self._double()
        if double is None:
            self._double_since = None
            self._room.warnings.discard("duplicate_gateway")
            return
        now = self._clock.now()
        self._double_since = self._double_since or now
        known = "duplicate_gateway" in self._room.warnings
        if known or now - self._double_since < DUPLICATE_AFTER:
            return
        self._room.warnings.add("duplicate_gateway")
        self._meter.warning(
            "room.duplicate_gateway", room=self._room.name, participant_id=double.id
        )
        data = {"participant": participant_object(double)}
        await self._tell(EventType.ROOM_DUPLICATE_GATEWAY, data, at=now)

    def _double(self) -> Present | None:
        presence = self._room.link.presence
        if presence.self is None or not presence.connected:
            return None
        for one in presence.participants:
            # One of our own instance is what is left of us from before a reconnect.
            instance = one.attributes.get(INSTANCE_ATTRIBUTE, self._instance)
            if one.name == presence.self.name and instance != self._instance:
                return one
        return None


def _encode(value: Mapping[str, object]) -> str:
    """Return compact JSON; half of a surrogate pair, which is no text, is escaped."""
    text = _encode_plain(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _encode_escaped(value)
    return text


def _described(attachment: bytes) -> Attachment | None:
    if not attachment:
        return None
    return Attachment(len(attachment), sha256(attachment).hexdigest())


def _seen(future: asyncio.Future[None]) -> None:
    if not future.cancelled():
        future.exception()
