"""One order per room: what was accepted is written in that order, over reconnects too.

Order comes from the one socket, not from waiting: up to a window of messages is written
before the first is acknowledged. A message is never written before the store knows that
it may have been (`sending`), so that a stop at any point leaves no doubt unsaid.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from gateway.bridge.entry import ERASED, Entry
from gateway.bridge.line import Line
from gateway.bridge.ports import (
    Clock,
    Meter,
    NotReady,
    Once,
    Outbox,
    OutcomeUnknown,
    Refused,
    RoomLink,
)
from gateway.bridge.record import Record
from gateway.bridge.whereabouts import Whereabouts
from gateway.domain.errors import QueueFull, StoreUnavailable
from gateway.domain.ids import Ids
from gateway.domain.model import Address, OutgoingMessage, WaitingFor

TICK_S: Final = 1.0  # How finely times to live are kept.
_STOPPED: Final = OutcomeUnknown("the gateway was stopped before the acknowledgement")


@dataclass(frozen=True, slots=True)
class DispatchOptions:
    """Limits of one room's outbox.

    Attributes:
        window: Unacknowledged writes at a time.
        window_bytes: Bytes of them, unless a single message is larger.
        max_messages: Open messages before `QueueFull`.
        max_bytes: Bytes of open messages before `QueueFull`.
    """

    window: int = 64
    window_bytes: int = 8 * 1024**2
    max_messages: int = 10_000
    max_bytes: int = 64 * 1024**2


class Dispatcher:
    """Writes the messages of one room's outbox, in order of acceptance.

    Open messages stand in the line, or are parked beside it, or are posted: written
    and awaiting the room's acknowledgement.
    """

    def __init__(
        self,
        link: RoomLink,
        outbox: Outbox,
        *,
        clock: Clock,
        meter: Meter,
        ids: Ids,
        options: DispatchOptions | None = None,
    ) -> None:
        self._link = link
        self._outbox = outbox
        self._clock = clock
        self._whereabouts = Whereabouts(link, clock)
        self._options = options or DispatchOptions()
        self._record = Record(
            outbox, clock=clock, meter=meter, ids=ids, settled=self._settled
        )
        self._open: dict[str, Entry] = {}
        self._line = Line()
        self._accepted = 0
        self._bytes = 0
        self._posted = 0
        self._posted_bytes = 0
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._ticked = False
        self._stirred = False  # Whether what is parked may have to move.
        self._noted = False  # Whether something in the line may be noted as `sending`.

    @property
    def queued(self) -> int:
        """How many messages are open."""
        return len(self._open)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest open message was accepted."""
        first = next(iter(self._open.values()), None)
        return first.message.created_at if first else None

    def find(self, message_id: str) -> Entry | None:
        """Return an open message."""
        return self._open.get(message_id)

    def shown(self, entry: Entry) -> OutgoingMessage:
        """Return a message with what it waits for at this moment."""
        if not entry.is_queued:
            return entry.message
        waiting_for: WaitingFor | None = WaitingFor.ROOM
        if self._link.is_ready:
            is_parked = self._line.is_parked(entry)
            waiting_for = entry.waiting_for if is_parked else WaitingFor.ORDER
        return replace(entry.message, waiting_for=waiting_for)

    def refuse_if_full(self, size: int) -> None:
        """Raise `QueueFull` if the outbox has no place for so many bytes more."""
        limits = self._options
        full = len(self._open) >= limits.max_messages
        if full or self._bytes + size > limits.max_bytes:
            message = (
                f"the outbox of this room is full: {len(self._open)} messages, "
                f"{self._bytes} bytes; repeat when the room has taken some"
            )
            raise QueueFull(message)

    def is_clear(self, addresses: Iterable[Address]) -> bool:
        """Whether a message accepted now would be written without waiting."""
        in_window = len(self._line) + self._posted < self._options.window
        return in_window and self._line.is_clear(addresses)

    def accept(
        self, message: OutgoingMessage, attachment: bytes | None, once: Once | None
    ) -> Entry:
        """Take a message in; its place in the order is that of this call.

        It counts as accepted once `entry.accepted` is done without an error.
        """
        entry = self._enter(message, attachment)
        entry.accepted = entry.stored = self._outbox.add(message, attachment, once=once)
        entry.accepted.add_done_callback(partial(self._added, entry))
        self._noted = self._noted or entry.is_sending
        self._wake.set()
        return entry

    async def load(self) -> None:
        """Take up what a former process left: what was `sending` is now unknown.

        What has expired meanwhile is not said, however soon the room is ready.
        """
        for message in await self._outbox.pending(self._link.room):
            entry = self._enter(message, None)
            entry.accepted.set_result(None)
            if entry.is_sending:
                entry.lose_written(_STOPPED)
                self._reconsider(entry)
        self._expire()

    async def run(self) -> None:
        """Write what can be written, for as long as the process lives."""
        self._link.watch(self._stir)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tick())
            while True:
                if self._ticked:
                    self._ticked = False
                    self._record.save_again()
                    self._expire()
                if self._link.is_ready:
                    self._release()
                    await self._write()
                elif self._noted:
                    self._fall_back()
                if self._is_drained:
                    self._drained.set()
                await self._wake.wait()
                self._wake.clear()

    async def drained(self) -> None:
        """Return when nothing is left that can be written or is unacknowledged."""
        while not self._is_drained:
            self._drained.clear()
            self._wake.set()
            await self._drained.wait()

    @property
    def _is_drained(self) -> bool:
        writable = len(self._line) > 0 and self._link.is_ready
        return not self._posted and self._record.is_complete and not writable

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK_S)
            self._ticked = True
            self._stir()

    def _stir(self) -> None:
        self._stirred = True
        self._wake.set()

    def _enter(self, message: OutgoingMessage, attachment: bytes | None) -> Entry:
        self._accepted += 1
        entry = Entry(message, attachment, self._accepted)
        self._open[message.id] = entry
        self._bytes += entry.size
        self._line.insert(entry)
        return entry

    def _added(self, entry: Entry, stored: asyncio.Future[None]) -> None:
        if stored.cancelled() or stored.exception() is not None:
            self._forget(entry)
            if not entry.settled.done():
                entry.settled.set_result(None)  # as it never will be
        if self._noted:
            self._wake.set()

    def _settled(self, entry: Entry) -> None:
        self._forget(entry)
        if not entry.settled.done():
            entry.settled.set_result(None)
        self._wake.set()

    def _forget(self, entry: Entry) -> None:
        self._line.discard(entry)
        if self._open.pop(entry.id, None) is not None:
            self._bytes -= entry.size
            entry.attachment = None  # A late acknowledgement may be waited for long.

    async def _write(self) -> None:
        """Write from the head of the line while the room is ready and has window."""
        while self._can_write and (head := self._line.head) is not None:
            if not head.is_accepted:
                await asyncio.wait([head.accepted])
            elif not head.is_sending:
                self._examine()
                await self._clock.sleep(0)  # others' turn, however many are refused
            elif not head.stored.done():
                await asyncio.wait([head.stored])
            elif not await self._is_whole(head):
                return
            elif self._is_next(head):
                self._line.discard(head)
                if not self._post(head):
                    return

    @property
    def _can_write(self) -> bool:
        limits, bytes_ = self._options, self._posted_bytes
        has_window = self._posted < limits.window and bytes_ < limits.window_bytes
        return has_window and self._link.is_ready and not self._record.is_failing

    def _is_next(self, entry: Entry) -> bool:
        return entry is self._line.head and entry.is_sending and self._can_write

    async def _is_whole(self, entry: Entry) -> bool:
        """Whether it is committed that it may be written, and its bytes are here.

        If it is not it is queued again, and the next tick tries again.
        """
        if entry.stored.cancelled() or entry.stored.exception() is not None:
            return False
        if entry.attachment is None and entry.message.attachment is not None:
            try:
                entry.attachment = await self._outbox.attachment(entry.id)
            except StoreUnavailable:
                return False
            except KeyError:
                for index in list(entry.unwritten):
                    entry.fail(index, ERASED)
                self._reconsider(entry)
        return True

    def _examine(self) -> None:
        """Note as `sending`, in one commit, what the window has place for."""
        for entry in self._line.first(self._options.window - self._posted):
            if not entry.is_accepted:
                return  # It has no row yet that could be changed.
            if entry.is_sending:
                continue
            if self._line.holds(entry.addresses):
                self._park(entry, WaitingFor.ORDER)
            elif self._whereabouts.resolve(entry):
                entry.waiting_for = None
                self._noted = True
                self._record.note(entry)
            elif entry.is_unfinished:
                self._park(entry, WaitingFor.RECIPIENT)
            else:
                self._line.discard(entry)
                self._record.note(entry)

    def _park(self, entry: Entry, reason: WaitingFor) -> None:
        self._line.park(entry)
        if entry.waiting_for is not reason:
            entry.waiting_for = reason
            self._record.note(entry)

    def _release(self) -> None:
        """Put back into the line what need not be parked any longer."""
        if self._stirred:
            self._stirred = False
            self._line.release(self._whereabouts.waits)

    def _post(self, entry: Entry) -> bool:
        """Write a message to whom it can be; return whether the room takes any."""
        writable: list[int] = []
        takes = True
        if not self._line.holds(entry.addresses):
            writable = self._whereabouts.resolve(entry)
            if entry.message.is_broadcast:
                present = len(self._whereabouts.present(entry))
                entry.message = replace(entry.message, present=present)
        for index in writable:
            try:
                acknowledged = self._link.post(
                    entry.shares[index].participant_id,
                    entry.message,
                    entry.attachment or b"",
                )
            except NotReady:
                takes = False
                break
            entry.write(index)
            self._posted += 1
            self._posted_bytes += entry.size
            acknowledged.add_done_callback(partial(self._answered, entry, index))
        if not entry.posted:
            self._reconsider(entry)
        elif entry.is_unfinished:
            self._line.park(entry)
        return takes

    def _answered(
        self, entry: Entry, index: int, acknowledged: asyncio.Future[None]
    ) -> None:
        self._posted -= 1
        self._posted_bytes -= entry.size
        try:
            acknowledged.result()
        except NotReady:
            entry.unwrite(index)
        except Refused as refusal:
            entry.refuse(index, refusal, may_wait=self._whereabouts.may_wait(entry))
        except OutcomeUnknown as outcome:
            entry.lose(index, outcome, may_retry=self._whereabouts.is_in_time(entry))
            if outcome.late is not None and not entry.resent:
                outcome.late.add_done_callback(partial(self._correct, entry, index))
        except asyncio.CancelledError:
            entry.lose(index, _STOPPED, may_retry=self._whereabouts.is_in_time(entry))
        else:
            entry.acknowledge(index)
        if not entry.posted:
            self._reconsider(entry)
        self._wake.set()

    def _correct(self, entry: Entry, index: int, late: asyncio.Future[None]) -> None:
        """Take note of an acknowledgement that came after we had stopped waiting."""
        if late.cancelled() or late.exception() is not None:
            return
        entry.acknowledge(index)
        if not entry.posted:
            self._reconsider(entry)

    def _reconsider(self, entry: Entry) -> None:
        """Store what became of a message; what is left to write goes into the line."""
        if self._line.is_parked(entry):
            self._stirred = True
        if not entry.is_unfinished:
            self._line.discard(entry)
        else:
            entry.requeue()
            if entry.waiting_for is WaitingFor.RECIPIENT:
                self._line.park(entry)
            else:
                self._line.insert(entry)
        self._record.note(entry)

    def _fall_back(self) -> None:
        """Note that what stands in the line was not written, now that it can't be."""
        self._noted = False
        for entry in self._line:
            if entry.is_sending and not entry.is_accepted:
                self._noted = True  # It has no row yet that could be changed.
            elif entry.is_sending:
                entry.requeue()
                self._record.note(entry)

    def _expire(self) -> None:
        """Give up what has waited for longer than its sender wanted."""
        now = self._clock.now()
        waiting = self._line.parked
        if not self._link.is_ready:
            waiting += self._line
        for entry in waiting:
            is_over = now >= entry.message.expires_at and entry.is_accepted
            if is_over and entry.is_queued:
                entry.expire()
                self._line.discard(entry)
                self._record.note(entry)
