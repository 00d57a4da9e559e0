"""What third parties sent, said in rooms."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.bridge.entry import Entry
from gateway.bridge.ports import AlreadyDone, Once
from gateway.bridge.rooms import Registry, Room
from gateway.bridge.sending import Draft, Sending
from gateway.domain.errors import (
    MessagingDisabled,
    NotFound,
    QueueFull,
    RoomUnavailable,
)
from gateway.domain.model import OnUnknown
from gateway.inbound.ports import InOutbox, Saying

SCOPE: Final = "source"
MOST_OPEN: Final = 256  # Four windows: more would not be said any sooner.


@dataclass(frozen=True, slots=True)
class Reserve:
    """What is kept free of a room's outbox for those who send by themselves.

    Attributes:
        messages: So many messages.
        bytes: So many bytes.
    """

    messages: int = 0
    bytes: int = 0


class RoomVoice:
    """Satisfies the `Voice` port of sources.

    Args:
        sending: Accepts messages.
        registry: The rooms.
        reserve: What sources leave free in each room's outbox: what they accepted
            waits in their own queue, however much that is.
        most_open: Messages of one source in the outbox at a time, so that one whose
            recipient stays away does not stand in the way of the others.
    """

    def __init__(
        self,
        sending: Sending,
        registry: Registry,
        reserve: Reserve,
        *,
        most_open: int = MOST_OPEN,
    ) -> None:
        self._sending = sending
        self._registry = registry
        self._reserve = reserve
        self._open = _Open(most_open, self._tell)
        self._watchers: list[Callable[[], None]] = []

    async def say(self, saying: Saying, inbound_id: str) -> str:
        """Have it said once, however often this is called for a request.

        What nobody knows the outcome of is said again, and a recipient who is away is
        waited for. The order is that of the calls.

        Returns:
            The message's id, once that is stored.

        Raises:
            Rejected: It will not be said now or later; a sentence says why. It may have
                been before: `message_of` tells.
            Unavailable: Not now: the outbox is full, the store away, we are stopping,
                or in no such room; its name may come back to the settings.
        """
        once, room = Once(SCOPE, inbound_id), self._room(saying.room)
        self._open.add(saying.source_id, inbound_id)
        entry: Entry | None = None
        try:
            draft = _draft(saying)
            self._refuse_if_full(room, draft)
            message = await self._sending.accept(draft, wait_s=0, once=once)
            entry = room.dispatcher.find(message.id)
        except AlreadyDone as done:
            entry = room.dispatcher.find(done.message_id)
            return done.message_id
        except MessagingDisabled as error:  # It will be enabled again.
            raise RoomUnavailable(error.detail) from error
        finally:
            self._open.follow(saying.source_id, inbound_id, entry)
        return message.id

    async def message_of(self, inbound_id: str) -> str | None:
        """Return the id of the message that said a request, or `None`.

        Raises:
            StoreUnavailable: The store can't be read.
        """
        done = await self._registry.done(Once(SCOPE, inbound_id))
        return None if done is None else done.message_ids[0]

    def take_up(self, left: InOutbox) -> None:
        """Count a message of a former process as one of its source in the outbox."""
        try:
            entry = self._registry.get(left.room).dispatcher.find(left.message_id)
        except NotFound:
            return
        if entry is not None:
            self._open.take_up(left.source_id, left.inbound_id)
            self._open.follow(left.source_id, left.inbound_id, entry)

    def watch(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when it may be worth trying again."""
        self._watchers.append(changed)
        for room in self._registry.all():
            room.link.watch(_Ear(room, changed).listen)

    def _tell(self) -> None:
        for changed in self._watchers:
            changed()

    def _room(self, name: str) -> Room:
        try:
            return self._registry.get(name)
        except NotFound as error:
            raise RoomUnavailable(error.detail) from error

    def _refuse_if_full(self, room: Room, draft: Draft) -> None:
        if room.dispatcher.queued:
            size = draft.size + self._reserve.bytes
            room.dispatcher.refuse_if_full(size, 1 + self._reserve.messages)


def _draft(saying: Saying) -> Draft:
    return Draft(
        room=saying.room,
        to=saying.to,
        type=saying.type,
        body=saying.body,
        attachment=saying.attachment,
        match=saying.match,
        ttl=saying.ttl,
        await_recipient=saying.to is not None,
        on_unknown=OnUnknown.RETRY,
        ref=saying.ref,
        traceparent=saying.traceparent,
    )


class _Open:
    """What each source has in the outbox, by the ids of its requests.

    Args:
        most: How much that may be.
        tell: Called when a source that was refused has half of it again.
    """

    def __init__(self, most: int, tell: Callable[[], None]) -> None:
        self._most = most
        self._tell = tell
        self._ids: defaultdict[str, set[str]] = defaultdict(set)
        self._refused: set[str] = set()

    def add(self, source_id: str, inbound_id: str) -> None:
        """Count a request; `QueueFull` if there are too many."""
        mine = self._ids[source_id]
        if len(mine) >= self._most and inbound_id not in mine:
            self._refused.add(source_id)
            detail = f"{len(mine)} messages of this source wait in the outbox"
            raise QueueFull(detail)
        mine.add(inbound_id)

    def take_up(self, source_id: str, inbound_id: str) -> None:
        """Count a request, however many there are."""
        self._ids[source_id].add(inbound_id)

    def follow(self, source_id: str, inbound_id: str, entry: Entry | None) -> None:
        """Count it until its message is settled; not any more if there is none."""
        if entry is None or entry.settled.done():
            self._discard(source_id, inbound_id)
        else:
            entry.settled.add_done_callback(
                lambda _: self._discard(source_id, inbound_id)
            )

    def _discard(self, source_id: str, inbound_id: str) -> None:
        mine = self._ids[source_id]
        mine.discard(inbound_id)
        if not mine:
            del self._ids[source_id]
        if source_id in self._refused and len(mine) <= self._most // 2:
            self._refused.discard(source_id)
            self._tell()


class _Ear:
    """Tells of a room that comes or goes, and not of each word in it."""

    def __init__(self, room: Room, changed: Callable[[], None]) -> None:
        self._link = room.link
        self._changed = changed
        self._before = self._state

    def listen(self) -> None:
        """Look at the room, and tell if it has changed."""
        if self._state != self._before:
            self._before = self._state
            self._changed()

    @property
    def _state(self) -> tuple[bool, bool]:
        return self._link.is_ready, self._link.messaging_enabled
