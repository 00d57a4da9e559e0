"""What third parties sent, said in rooms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.bridge.ports import AlreadyDone, Once
from gateway.bridge.rooms import Registry, Room
from gateway.bridge.sending import Draft, Sending
from gateway.domain.errors import MessagingDisabled, Rejected, RoomUnavailable
from gateway.domain.model import OnUnknown
from gateway.inbound.ports import Saying

SCOPE: Final = "source"


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
    """

    def __init__(self, sending: Sending, registry: Registry, reserve: Reserve) -> None:
        self._sending = sending
        self._registry = registry
        self._reserve = reserve

    async def say(self, saying: Saying, inbound_id: str) -> str:
        """Have it said once, however often this is called for a request.

        What nobody knows the outcome of is said again, and a recipient who is away is
        waited for. The order is that of the calls.

        Returns:
            The message's id, once that is stored.

        Raises:
            Rejected: It will never be said; a sentence says why.
            Unavailable: Not now: the outbox is full, the store away, we are stopping.
        """
        once = Once(SCOPE, inbound_id)
        draft = Draft(
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
        try:
            self._refuse_if_full(self._registry.get(saying.room), draft)
            message = await self._sending.accept(draft, wait_s=0, once=once)
        except AlreadyDone as done:
            return done.message_id
        except MessagingDisabled as error:  # It will be enabled again.
            raise RoomUnavailable(error.detail) from error
        except Rejected:
            # It may have been accepted when it could be, just before we were stopped.
            before = await self._registry.done(once)
            if before is None:
                raise
            return before.message_ids[0]
        return message.id

    def watch(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when it may be worth trying again."""
        for room in self._registry.all():
            room.link.watch(_Ear(room, changed).listen)

    def _refuse_if_full(self, room: Room, draft: Draft) -> None:
        if room.dispatcher.queued:
            size = draft.size + self._reserve.bytes
            room.dispatcher.refuse_if_full(size, 1 + self._reserve.messages)


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
