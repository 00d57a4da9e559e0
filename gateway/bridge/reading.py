"""What can be asked, and forgotten: rooms, participants, messages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.bridge.ports import (
    Clock,
    LinkStatus,
    MessageFilter,
    MessagePage,
    Messages,
    Presence,
)
from gateway.bridge.rooms import Registry, Room
from gateway.domain.errors import NotFound, WrongState
from gateway.domain.model import Attachment, IncomingMessage, OutgoingMessage


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room as others are shown it.

    Attributes:
        queued: Messages in its outbox.
        oldest_s: Age of the oldest of them, in seconds; `None` if there is none.
        participants: How many others are there, or were when it was lost.
        warnings: What a person may want to look at.
    """

    room: str
    status: LinkStatus
    queued: int
    oldest_s: float | None
    participants: int
    warnings: tuple[str, ...]


class Reading:
    """Answers from the rooms' present state and from the store."""

    def __init__(self, registry: Registry, messages: Messages, clock: Clock) -> None:
        self._registry = registry
        self._messages = messages
        self._clock = clock

    def rooms(self) -> Sequence[RoomView]:
        """Return all rooms."""
        return [self._view(room) for room in self._registry.all()]

    def room(self, name: str | None) -> RoomView:
        """Return one room; with one configured, that one for `None`."""
        return self._view(self._registry.get(name))

    def participants(self, room: str | None) -> tuple[str, Presence]:
        """Return a room's name, and who is there or was when it was lost."""
        found = self._registry.get(room)
        return found.name, found.link.presence

    async def message(self, message_id: str) -> OutgoingMessage | IncomingMessage:
        """Return a message; an open one in the state it has at this moment.

        Raises:
            NotFound: No such message is held.
        """
        for room in self._registry.all():
            entry = room.dispatcher.find(message_id)
            if entry is not None and entry.stored.done():
                # Some steps are stored with the next commit only.
                message = room.dispatcher.shown(entry)
                return replace(message, steps=tuple(entry.steps))
        found = await self._messages.get(message_id)
        if found is None:
            detail = f"no message {message_id} is held; they are kept for some days"
            raise NotFound(detail, facts={"what": "message"})
        return found

    async def messages(self, query: MessageFilter) -> MessagePage:
        """Return a page of messages."""
        return await self._messages.list(query)

    async def attachment(self, message_id: str) -> tuple[Attachment, bytes]:
        """Return what a message carries.

        Raises:
            NotFound: No such message is held, or it carries nothing.
        """
        message = await self.message(message_id)
        if message.attachment is None:
            what = "was erased" if message.is_erased else "has no attachment"
            detail = f"message {message_id} {what}"
            raise NotFound(detail, facts={"what": "attachment"})
        return message.attachment, await self._messages.attachment(message_id)

    async def erase(self, message_id: str) -> OutgoingMessage | IncomingMessage:
        """Forget what a message said and carried, and return what is left of it.

        Raises:
            NotFound: No such message is held.
            WrongState: It is still to be said.
        """
        for room in self._registry.all():
            if room.dispatcher.find(message_id) is not None:
                detail = (
                    f"message {message_id} is still to be said; its content can be "
                    "erased once its status is final"
                )
                raise WrongState(detail)
        with self._registry.claims.claim(message_id, "erased", shared=True):
            await self._messages.erase(message_id)
        return await self.message(message_id)

    def _view(self, room: Room) -> RoomView:
        oldest = room.dispatcher.oldest
        age = (self._clock.now() - oldest).total_seconds() if oldest else None
        return RoomView(
            room=room.name,
            status=room.link.status,
            queued=room.dispatcher.queued,
            oldest_s=age,
            participants=len(room.link.presence.participants),
            warnings=tuple(sorted(room.warnings)),
        )
