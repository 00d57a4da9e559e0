"""One order per room: what was accepted is written in that order, over reconnects too.

Order comes from the one socket, not from waiting: up to a window of messages is written
before the first is acknowledged. A message is never written before the store knows that
it may have been (`sending`), so that a stop at any point leaves no doubt unsaid.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from gateway.bridge.entry import ERASED, Entry
from gateway.bridge.held import DispatchOptions, Held
from gateway.bridge.line import Line, lined_up
from gateway.bridge.ports import Clock, Done, Meter, Once, Outbox, RoomLink
from gateway.bridge.posting import STOPPED, Posting
from gateway.bridge.record import Record
from gateway.bridge.waits import Waits
from gateway.bridge.whereabouts import Whereabouts
from gateway.domain.errors import StoreUnavailable
from gateway.domain.ids import Ids
from gateway.domain.model import Address, OutgoingMessage, WaitingFor

__all__ = ["DispatchOptions", "Dispatcher"]

TICK_S: Final = 1.0  # How finely times to live are kept.


class Dispatcher:
    """Writes the messages of one room's outbox, in order of acceptance.

    Open messages stand in the line, or are parked beside it, or are posted: written
    and awaiting the room's acknowledgement.

    Attributes:
        waits: Those who wait for the fate of one of them; they are let go at the end.
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
        limits = options or DispatchOptions()
        self._record = Record(
            outbox, clock=clock, meter=meter, ids=ids, settled=self._settled
        )
        self._posting = Posting(link, self._whereabouts, limits, self._answered)
        self._held = Held(limits)
        self._line = Line()
        self._accepted = 0
        self.waits = Waits()
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._ticked = False
        self._stirred = False  # Whether what is parked may have to move.
        self._noted = False  # Whether something in the line may be noted as `sending`.

    @property
    def queued(self) -> int:
        """How many messages are open."""
        return len(self._held)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest open message was accepted."""
        return self._held.oldest

    def find(self, message_id: str) -> Entry | None:
        """Return an open message."""
        return self._held.find(message_id)

    def shown(self, entry: Entry) -> OutgoingMessage:
        """Return a message with what it waits for at this moment."""
        if not entry.is_queued:
            return entry.message
        waiting_for: WaitingFor | None = WaitingFor.ROOM
        if self._link.is_ready:
            is_parked = self._line.is_parked(entry)
            waiting_for = entry.waiting_for if is_parked else WaitingFor.ORDER
        return replace(entry.message, waiting_for=waiting_for)

    def refuse_if_full(self, size: int, messages: int = 1) -> None:
        """Raise `QueueFull` if the outbox has no place for so many bytes more."""
        self._held.refuse_if_full(size, messages)

    def is_clear(self, addresses: Iterable[Address]) -> bool:
        """Whether a message accepted now would be written without waiting."""
        return len(self._line) < self._posting.window and self._line.is_clear(addresses)

    def accept(
        self, message: OutgoingMessage, attachment: bytes | None, once: Once | None
    ) -> Entry:
        """Take a message in; its place in the order is that of this call.

        It counts as accepted once `entry.accepted` is done without an error.
        """
        entry = self.enter(message, attachment)
        self._accept(entry, self._outbox.add(message, attachment, once=once))
        return entry

    def enter(self, message: OutgoingMessage, attachment: bytes | None) -> Entry:
        """Give a message its place in the order; `accept_all` has to follow at once."""
        self._accepted += 1
        entry = Entry(message, attachment, self._accepted, self._clock.now)
        self._held.add(entry)
        self._line.insert(entry)
        return entry

    def accept_all(self, entries: Sequence[Entry], once: Once | None) -> None:
        """Take in all that was entered, or nothing of it; the rest is as `accept`."""
        given = [(entry.message, entry.attachment) for entry in entries]
        added = self._outbox.add_all(given, once=once)
        for entry in entries:
            self._accept(entry, added)

    async def done(self, once: Once) -> Done | None:
        """Return what has used something up; `None` if nothing has."""
        return await self._outbox.done(once)

    def cancel(self, entry: Entry) -> None:
        """Take back what has not been written of a message that is queued."""
        entry.cancel()
        self._line.discard(entry)
        self._record.note(entry)
        self._stir()  # Others may have waited behind it.

    def former(self, message_id: str) -> OutgoingMessage | None:
        """Return a settled message that was or may be acknowledged late, as it is."""
        former = self._posting.awaited(message_id)
        return None if former is None else former.message

    def retry(self, message: OutgoingMessage, expires_at: datetime) -> Entry:
        """Take a settled message in again, at the end of the line.

        What was not sent of it is queued. It counts as accepted like a new one.
        """
        former = self._posting.awaited(message.id)
        entry = self.enter(message, None)
        entry.retry()
        reason = WaitingFor.ORDER if self._link.is_ready else WaitingFor.ROOM
        entry.wait_for(reason)
        entry.message = replace(
            entry.snapshot(), waiting_for=reason, expires_at=expires_at
        )
        self._accept(entry, self._outbox.change(entry.message, before=message))
        if former is not None:
            former.succeed(entry)
        return entry

    async def load(self) -> None:
        """Take up what a former process left: what was `sending` is now unknown.

        What has expired meanwhile is not said, however soon the room is ready.
        """
        pending = await self._outbox.pending(self._link.room)
        for message in lined_up(pending):
            entry = self.enter(message, None)
            entry.accepted.set_result(None)
            if entry.is_sending:
                entry.lose_written(STOPPED)
            if message.is_erased:  # As it was when it was retried.
                self._give_up(entry)
            elif entry.is_sending:
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
        """Return when nothing is left that can be written or is unacknowledged.

        That is the end: whoever waits for a message's fate is let go then, or when
        this is not awaited any longer.
        """
        try:
            while not self._is_drained:
                self._drained.clear()
                self._wake.set()
                await self._drained.wait()
        finally:
            self.waits.end()

    @property
    def _is_drained(self) -> bool:
        writable = len(self._line) > 0 and self._link.is_ready
        return not self._posting.count and self._record.is_complete and not writable

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK_S)
            self._ticked = True
            self._stir()

    def _stir(self) -> None:
        self._stirred = True
        self._wake.set()

    def _accept(self, entry: Entry, stored: asyncio.Future[None]) -> None:
        entry.accepted = entry.stored = stored
        stored.add_done_callback(partial(self._added, entry))
        self._noted = self._noted or entry.is_sending
        self._wake.set()

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
        self._held.discard(entry)

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
        has_window = self._posting.has_window
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
                self._give_up(entry)
        return True

    def _give_up(self, entry: Entry) -> None:
        """Note that nobody knows any more what was to be said."""
        for index in list(entry.unwritten):
            entry.fail(index, ERASED)
        self._reconsider(entry)

    def _examine(self) -> None:
        """Note as `sending`, in one commit, what the window has place for."""
        for entry in self._line.first(self._posting.window):
            if not entry.is_accepted:
                return  # It has no row yet that could be changed.
            if entry.is_sending:
                continue
            held = self._line.held(entry)
            if self._whereabouts.resolve(entry, held):
                entry.waiting_for = None
                self._noted = True
                self._record.note(entry)
            elif held:
                self._park(entry, WaitingFor.ORDER)
            elif entry.is_unfinished:
                self._park(entry, WaitingFor.RECIPIENT)
            else:
                self._line.discard(entry)
                self._record.note(entry)

    def _park(self, entry: Entry, reason: WaitingFor) -> None:
        self._line.park(entry)
        # Of several shares some may have failed since it was noted last.
        if entry.waiting_for is not reason or len(entry.shares) > 1:
            entry.waiting_for = reason
            entry.wait_for(reason)
            self._record.note(entry)

    def _release(self) -> None:
        """Put back into the line what need not be parked any longer."""
        if self._stirred:
            self._stirred = False
            self._line.release(self._whereabouts.waits)

    def _post(self, entry: Entry) -> bool:
        """Write a message to whom it can be; return whether the room takes any."""
        held = self._line.held(entry)
        writable = self._whereabouts.resolve(entry, held)
        if entry.message.is_broadcast:
            present = len(self._whereabouts.present(entry))
            entry.message = replace(entry.message, present=present)
        takes = self._posting.write(entry, writable)
        if not entry.posted:
            self._reconsider(entry)
        elif entry.is_unfinished:
            self._line.park(entry)
        return takes

    def _answered(self, entry: Entry) -> None:
        if not entry.posted:
            self._reconsider(entry)
        self._wake.set()

    def _reconsider(self, entry: Entry) -> None:
        """Store what became of a message; what is left to write goes into the line."""
        if self._line.is_parked(entry):
            self._stirred = True
        if not entry.is_unfinished:
            self._line.discard(entry)
        elif entry.waiting_for is WaitingFor.RECIPIENT:
            entry.queue(WaitingFor.RECIPIENT)
            self._line.park(entry)
        else:
            ready = self._link.is_ready
            entry.queue(WaitingFor.ORDER if ready else WaitingFor.ROOM)
            self._line.insert(entry)
        self._record.note(entry)

    def _fall_back(self) -> None:
        """Note that what stands in the line was not written, now that it can't be."""
        self._noted = False
        for entry in self._line:
            if entry.is_sending and not entry.is_accepted:
                self._noted = True  # It has no row yet that could be changed.
            elif entry.is_sending:
                entry.queue(WaitingFor.ROOM)
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
