"""Those who follow the log: they are told of what each commit appended."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from gateway.bridge.ports import Logged
from gateway.domain.model import Event, IncomingMessage, OutgoingMessage
from gateway.domain.model.messages import ERASED

Message = IncomingMessage | OutgoingMessage
Told = Callable[[Sequence[Logged]], None]
Forgotten = Callable[[Sequence[str]], None]
Entry = tuple[Event, int, Message | None]  # Staged: an event, its place, its message.

REMEMBERED: Final = 10_000


class Following:
    """Tells followers of what is committed, in the order of commits.

    Args:
        head: The last place that was committed before.

    Attributes:
        head: The last place that is committed.
    """

    def __init__(self, head: int) -> None:
        self.head = head
        self._told: list[Told] = []
        self._forgotten: list[Forgotten] = []
        # Whoever says what becomes of a message may still have what it said. The oldest
        # go first: that is long after anybody can have anything to say of it.
        self._erased: dict[str, None] = {}

    def add(self, told: Told, forgotten: Forgotten | None = None) -> Callable[[], None]:
        """Have somebody told of all that is committed from now on.

        That ends with a call of what is returned.
        """
        self._told.append(told)
        if forgotten is not None:
            self._forgotten.append(forgotten)

        def end() -> None:
            self._told.remove(told)
            if forgotten is not None:
                self._forgotten.remove(forgotten)

        return end

    def tell(self, entries: Sequence[Entry]) -> None:
        """Tell of the events that a commit appended."""
        self.head = entries[-1][1]
        if not self._told:
            return
        logged = [
            Logged(placed(event, seq), self._as_held(message))
            for event, seq, message in entries
        ]
        for told in self._told:
            told(logged)

    def forget(
        self, message_ids: Sequence[str], *, unsettled: Sequence[str] = ()
    ) -> None:
        """Tell of messages that a commit erased.

        Args:
            message_ids: All of them.
            unsettled: Those that something may still be heard of: it is told without
                what they said.
        """
        self._erased.update(dict.fromkeys(unsettled))
        for oldest in list(self._erased)[: max(0, len(self._erased) - REMEMBERED)]:
            del self._erased[oldest]
        self.drop(message_ids)

    def drop(self, message_ids: Sequence[str]) -> None:
        """Tell of messages that are no longer held with what they said."""
        if message_ids:
            for forgotten in self._forgotten:
                forgotten(message_ids)

    def _as_held(self, message: Message | None) -> Message | None:
        if message is None or message.id not in self._erased:
            return message
        return replace(message, body=ERASED, attachment=None)


def placed(event: Event, seq: int) -> Event:
    """Return an event with its place in the log; `replace` takes twice as long."""
    return Event(
        id=event.id,
        type=event.type,
        room=event.room,
        at=event.at,
        data=event.data,
        message_id=event.message_id,
        message_type=event.message_type,
        from_name=event.from_name,
        webhook_id=event.webhook_id,
        key_id=event.key_id,
        traceparent=event.traceparent,
        seq=seq,
    )
