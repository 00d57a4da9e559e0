"""What is on its way into a room: written, and not acknowledged yet."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from gateway.bridge.entry import Entry
from gateway.bridge.held import DispatchOptions
from gateway.bridge.ports import NotReady, OutcomeUnknown, Refused, RoomLink
from gateway.bridge.whereabouts import Whereabouts

STOPPED: Final = OutcomeUnknown("the gateway was stopped before the acknowledgement")


class Posting:
    """Writes shares to the room, and notes what the room answers.

    Args:
        link: The room.
        whereabouts: Say whether a message may be held or said again.
        limits: The window.
        answered: Called with an entry after each answer to one of its shares.

    Attributes:
        count: Shares on their way.
        bytes: Bytes of them.
    """

    def __init__(
        self,
        link: RoomLink,
        whereabouts: Whereabouts,
        limits: DispatchOptions,
        answered: Callable[[Entry], None],
    ) -> None:
        self._link = link
        self._whereabouts = whereabouts
        self._limits = limits
        self._tell = answered
        self.count = 0
        self.bytes = 0
        # Entries that an acknowledgement may still come for, though they are settled.
        self._awaited: WeakValueDictionary[str, Entry] = WeakValueDictionary()

    @property
    def window(self) -> int:
        """How many more may be written before the first is acknowledged."""
        return self._limits.window - self.count

    @property
    def has_window(self) -> bool:
        """Whether another may be written, by number and by bytes."""
        limits = self._limits  # Looked at several times for every message.
        return self.count < limits.window and self.bytes < limits.window_bytes

    def write(self, entry: Entry, indices: Iterable[int]) -> bool:
        """Write shares of an entry; return whether the room takes any."""
        for index in indices:
            try:
                acknowledged = self._link.post(
                    entry.shares[index].participant_id,
                    entry.message,
                    entry.attachment or b"",
                )
            except NotReady:
                return False
            entry.write(index)
            self.count += 1
            self.bytes += entry.size
            acknowledged.add_done_callback(partial(self._answered, entry, index))
        return True

    def awaited(self, message_id: str) -> Entry | None:
        """Return the settled entry of a message that may be acknowledged even now."""
        return self._awaited.get(message_id)

    def _answered(
        self, entry: Entry, index: int, acknowledged: asyncio.Future[None]
    ) -> None:
        self.count -= 1
        self.bytes -= entry.size
        try:
            acknowledged.result()
        except NotReady:
            entry.unwrite(index)
        except Refused as refusal:
            entry.refuse(index, refusal, may_wait=self._whereabouts.may_wait(entry))
        except OutcomeUnknown as outcome:
            entry.lose(index, outcome, may_retry=self._whereabouts.is_in_time(entry))
            if outcome.late is not None and not entry.resent:
                self._awaited[entry.id] = entry
                outcome.late.add_done_callback(partial(self._correct, entry, index))
        except asyncio.CancelledError:
            entry.lose(index, STOPPED, may_retry=self._whereabouts.is_in_time(entry))
        else:
            entry.acknowledge(index)
        self._tell(entry)

    def _correct(self, entry: Entry, index: int, late: asyncio.Future[None]) -> None:
        """Take note of an acknowledgement that came after we had stopped waiting.

        If the message was retried meanwhile, what has been said need not be said again.
        """
        if late.cancelled() or late.exception() is not None:
            return
        latest = entry.latest
        if latest is not entry:
            if not latest.accepted.done():  # It may never be.
                correct = partial(self._correct, entry, index, late)
                latest.accepted.add_done_callback(lambda _: correct())
                return
            same = latest.same_as(entry.shares[index])
            if same is None or same in latest.posted:
                return
            entry, index = latest, same
        entry.acknowledge(index)
        self._tell(entry)
