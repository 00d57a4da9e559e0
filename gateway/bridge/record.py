"""The record of open messages: each state they reach, stored with its event."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from gateway.bridge.entry import Entry
from gateway.bridge.ports import Clock, Meter, Outbox
from gateway.domain.errors import Unavailable
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import Event, EventType, MessageStatus, OutgoingMessage
from gateway.domain.rendering import state_json

_FATES: Final[Mapping[MessageStatus, EventType]] = {
    status: EventType(f"message.{status.value}")
    for status in MessageStatus
    if status.is_final
}
_MEANT: Final = frozenset({MessageStatus.SENT, MessageStatus.CANCELLED})


class Record:
    """Stores what becomes of messages, and does not give up on a final state.

    Args:
        outbox: Where it is stored.
        settled: Called with an entry once its final state is committed.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        clock: Clock,
        meter: Meter,
        ids: Ids,
        settled: Callable[[Entry], None],
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._meter = meter
        self._ids = ids
        self._settled = settled
        self._unsaved: list[tuple[Entry, OutgoingMessage, Event]] = []
        self._under_way = 0
        self._fails = False

    @property
    def is_failing(self) -> bool:
        """Whether the store has refused something since it was last tried again."""
        return self._fails

    @property
    def is_complete(self) -> bool:
        """Whether no final state is left that the store has not taken yet."""
        return not self._unsaved and not self._under_way

    def note(self, entry: Entry) -> None:
        """Store the state that an entry has reached; a final one with its event."""
        event = None
        if entry.status.is_final:
            message = entry.snapshot(event_id=self._ids.new(Kind.EVENT))
            event = self._event(message)
        else:
            message = entry.snapshot()
        entry.message = message
        self._save(entry, message, event)

    def save_again(self) -> None:
        """Try once more to store what the store would not take."""
        self._fails = False
        unsaved, self._unsaved = self._unsaved, []
        for entry, message, event in unsaved:
            if entry.message is message:  # else a later state has taken its place
                self._save(entry, message, event)

    def _save(
        self, entry: Entry, message: OutgoingMessage, event: Event | None
    ) -> None:
        self._under_way += event is not None
        entry.stored = self._outbox.change(message, event)
        entry.stored.add_done_callback(partial(self._saved, entry, message, event))

    def _saved(
        self,
        entry: Entry,
        message: OutgoingMessage,
        event: Event | None,
        saved: asyncio.Future[None],
    ) -> None:
        self._under_way -= event is not None
        if saved.cancelled():
            return
        error = saved.exception()
        if event is not None and error is not None and not _will_pass(error):
            self._give_up(entry, message, error)
        elif error is not None:
            self._fails = True
            self._keep(entry, message, event)
        elif event is not None:
            self._report(message)
            self._settled(entry)

    def _give_up(
        self, entry: Entry, message: OutgoingMessage, error: BaseException
    ) -> None:
        """Pass over what the store refuses, or has: others must not wait for ever.

        It has it if an outage hid the commit: the event would be there twice.
        """
        self._meter.error(
            "message.unstorable",
            message_id=message.id,
            room=message.room,
            status=message.status.value,
            reason=type(error).__name__,
        )
        if entry.message is message:
            self._settled(entry)

    def _keep(
        self, entry: Entry, message: OutgoingMessage, event: Event | None
    ) -> None:
        if entry.message is not message:
            return  # a later state has taken its place
        if event is not None:
            self._unsaved.append((entry, message, event))
        elif entry.is_sending and not entry.posted:
            # It may not be written: nobody would know that it had been.
            entry.requeue()
            entry.message = entry.snapshot()

    def _event(self, message: OutgoingMessage) -> Event:
        return Event(
            id=message.event_id or self._ids.new(Kind.EVENT),
            type=_FATES[message.status],
            room=message.room,
            at=self._clock.now(),
            data=state_json(message),
            message_id=message.id,
            message_type=message.type,
            key_id=message.key_id,
            traceparent=message.traceparent,
        )

    def _report(self, message: OutgoingMessage) -> None:
        broadcast = message.is_broadcast
        facts: dict[str, object] = {
            "message_id": message.id,
            "room": message.room,
            "type": message.type,
            "recipients": message.present if broadcast else len(message.recipients),
        }
        if message.error is not None:
            facts |= {"error": message.error.code, "said": message.error.text}
        tell = self._meter.info if message.status in _MEANT else self._meter.warning
        tell(_FATES[message.status].value, **facts)


def _will_pass(error: BaseException) -> bool:
    """Whether a failure is the store's own, and trying again may help."""
    return isinstance(error, Unavailable)
