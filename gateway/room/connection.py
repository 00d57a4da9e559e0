"""One life of a link: one reader, one writer, pings and deadlines, until it ends."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.protocol import State as SocketState

from gateway.room.errors import (
    NotWritten,
    OutcomeUnknown,
    ProtocolError,
    Refused,
    RoomError,
    UnexpectedText,
)
from gateway.room.protocol import frames
from gateway.room.protocol.events import RoomEvent
from gateway.room.protocol.messages import (
    Dismissed,
    Fault,
    PeerDisabled,
    Utterance,
)
from gateway.room.protocol.options import RoomOptions
from gateway.room.protocol.session import (
    Failed,
    Overdue,
    Session,
    SessionEvent,
    Settled,
)
from gateway.room.protocol.standing import Life

WRITE_BYTES = 64 * 1024  # gathered for one write, then the socket has its say


class Clock(Protocol):
    """Time, as a client of rooms needs it."""

    def now(self) -> datetime:
        """Give the present, in UTC."""

    def monotonic(self) -> float:
        """Give seconds that never run backwards."""

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""


class SystemClock:
    """The computer's own time."""

    def now(self) -> datetime:
        """Give the present, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that never run backwards."""
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        await asyncio.sleep(seconds)


class EventBuffer:
    """Events on their way to the consumer, in order.

    Args:
        limit: From this many events on there is no room; what must not be lost can
            be added nevertheless.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[RoomEvent] = deque()
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._ended = False

    def add(self, event: RoomEvent) -> None:
        """Add one event."""
        self._events.append(event)
        self._filled.set()
        if len(self._events) >= self._limit:
            self._drained.clear()

    def end(self) -> None:
        """Say that no more events will come."""
        self._ended = True
        self._filled.set()
        self._drained.set()

    async def room(self) -> None:
        """Return once the consumer has made room, at once if there is some."""
        await self._drained.wait()

    async def next(self) -> RoomEvent | None:
        """Give the next event, or `None` after the last."""
        while not self._events and not self._ended:
            self._filled.clear()
            await self._filled.wait()
        if not self._events:
            return None
        event = self._events.popleft()
        if len(self._events) < self._limit:
            self._drained.set()
        return event


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """Why a link ended.

    Attributes:
        reason: In words.
        code: WebSocket close code; 1006 if there was no close frame.
        error: What the room did wrong, if it was that.
        dismissed: Whether the room sent us away for good.
    """

    reason: str
    code: int = CloseCode.ABNORMAL_CLOSURE
    error: RoomError | None = None
    dismissed: bool = False


CANCELLED = LinkEnd("cancelled", code=CloseCode.GOING_AWAY)


@dataclass(frozen=True, slots=True)
class _Waiting:
    future: asyncio.Future[None]
    to: str | None = None


class Link:
    """A WebSocket and the session over it.

    Args:
        socket: An open WebSocket, which is the link's from now on.
        session: A session that has not begun.
        hear: Takes in what happens, one event at a time.
        room: Returns once more can be taken in; nothing is read before.
        clock: Time.
        options: Time-outs.
    """

    def __init__(
        self,
        socket: ClientConnection,
        session: Session,
        *,
        hear: Callable[[SessionEvent], None],
        room: Callable[[], Awaitable[None]],
        clock: Clock,
        options: RoomOptions,
    ) -> None:
        self.session = session
        self.life = Life(clock.now())
        self._socket = socket
        self._tell = hear
        self._room = room
        self._clock = clock
        self._options = options
        self._over: asyncio.Future[LinkEnd] = asyncio.Future()
        self._to_write = asyncio.Event()
        self._armed = asyncio.Event()
        self._waiting: dict[int, _Waiting] = {}

    @property
    def ended(self) -> bool:
        """Whether nothing more can be said over it."""
        return self._over.done()

    async def run(self) -> LinkEnd:
        """Live until the link ends; then no future is left pending.

        The socket is still to be closed: `hang_up`.
        """
        end = CANCELLED
        try:
            async with asyncio.TaskGroup() as tasks:
                parts = (self._read(), self._write(), self._ping(), self._watch())
                running = [tasks.create_task(part) for part in parts]
                try:
                    end = await self._over
                finally:
                    for task in running:
                        task.cancel()
        finally:
            self._abandon(end)
        return end

    async def hang_up(self, end: LinkEnd) -> None:
        """Close the socket; returns within `close_timeout_s` whatever happens."""
        try:
            if end.code != CloseCode.ABNORMAL_CLOSURE:  # or nobody hears it
                # A room that stopped reading would hold the close frame for ever.
                async with asyncio.timeout(self._options.close_timeout_s):
                    await self._socket.close(end.code)
        except TimeoutError:
            pass
        finally:
            self._socket.transport.abort()
            await self._socket.wait_closed()

    def leave(self, reason: str) -> None:
        """End the link with a close frame of ours, code 1000."""
        self._finish(LinkEnd(reason, code=CloseCode.NORMAL_CLOSURE))

    def say(self, utterance: Utterance) -> asyncio.Future[None]:
        """Queue a message; the future knows what became of it."""
        return self._expect(self.session.say(utterance), utterance.to)

    def enable(self) -> asyncio.Future[None]:
        """Ask to take part; done once the list of participants has come."""
        return self._expect(self.session.enable())

    def disable(self) -> asyncio.Future[None]:
        """Ask to take part no longer."""
        return self._expect(self.session.disable())

    def tell_attributes(self, changes: Mapping[str, object]) -> None:
        """Queue a change of our attributes."""
        self.session.tell_attributes(changes)
        self._to_write.set()

    def _expect(self, request_id: int, to: str | None = None) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.Future()
        self._waiting[request_id] = _Waiting(future, to)
        self._to_write.set()
        return future

    def _finish(self, end: LinkEnd) -> None:
        if not self._over.done():
            self._over.set_result(end)

    async def _read(self) -> None:
        try:
            while True:
                packet = await self._socket.recv()
                self.life.last_alive_at = self._clock.now()
                if isinstance(packet, str):
                    raise UnexpectedText
                self._hear(self.session.receive(packet, self._clock.monotonic()))
                await self._room()
        except ProtocolError as error:
            code = CloseCode.PROTOCOL_ERROR
            self._finish(LinkEnd(str(error), code=code, error=error))
        except ConnectionClosed as closed:
            self._finish(_lost(closed))

    def _hear(self, events: list[SessionEvent]) -> None:
        for event in events:
            match event:
                case Settled():
                    self._settle(event)
                case Overdue():
                    self._overdue(event)
                case _:
                    self._tell(event)
                    self._end_with(event)
        if self.session.has_more_to_say:
            self._to_write.set()

    def _end_with(self, event: SessionEvent) -> None:
        if isinstance(event, Failed):
            code = CloseCode.NORMAL_CLOSURE
            self._finish(LinkEnd(str(event.error), code=code, error=event.error))
        elif isinstance(event, Dismissed):
            code = CloseCode.NORMAL_CLOSURE
            self._finish(LinkEnd("dismissed", code=code, dismissed=True))

    async def _write(self) -> None:
        gathered = 0
        while True:
            await self._to_write.wait()
            self._to_write.clear()
            for packet in self._packets():
                if self._socket.state is not SocketState.OPEN:
                    return  # the reader says why
                self._socket.protocol.send_binary(packet)
                gathered += len(packet)
                if gathered >= WRITE_BYTES:
                    await self._flush()
                    gathered = 0
            await self._flush()
            gathered = 0

    def _packets(self) -> Iterator[bytes]:
        # Nothing is taken that could not leave, so that it counts as unwritten.
        while not self.ended and self._socket.state is SocketState.OPEN:
            message = self.session.take(self._clock.monotonic())
            if message is None:
                return
            self._armed.set()
            yield from frames.packets(message.id, message.type, message.payload())

    async def _flush(self) -> None:
        # One write per gathering where the library's own send() makes one per frame.
        data = b"".join(self._socket.protocol.data_to_send())
        if data:
            self._socket.transport.write(data)
            with contextlib.suppress(OSError):  # the reader says why
                await self._socket.drain()

    async def _ping(self) -> None:
        while True:
            await self._clock.sleep(self._options.ping_interval_s)
            try:
                async with asyncio.timeout(self._options.ping_timeout_s):
                    round_trip_s = await (await self._socket.ping())
            except TimeoutError:
                self._finish(LinkEnd("no answer to a ping"))
                return
            except ConnectionClosed:
                return  # the reader says why
            self.life.rtt_ms = round_trip_s * 1000.0
            self.life.last_alive_at = self._clock.now()

    async def _watch(self) -> None:
        while True:
            deadline = self.session.deadline
            if deadline is None:
                self._armed.clear()
                await self._armed.wait()
                continue
            await self._clock.sleep(max(0.0, deadline - self._clock.monotonic()))
            self._hear(self.session.tick(self._clock.monotonic()))

    def _settle(self, settled: Settled) -> None:
        waiting = self._waiting.pop(settled.request_id, None)
        if waiting is None:
            return  # asked by the session itself
        if settled.fault is None:
            _resolve(waiting.future, None)
            return
        _resolve(waiting.future, _refusal(settled.fault))
        if waiting.to is not None and settled.fault.not_found:
            self._tell(PeerDisabled(waiting.to))

    def _overdue(self, overdue: Overdue) -> None:
        waiting = self._waiting.get(overdue.request_id)
        if waiting is None:
            return  # asked by the session itself
        late: asyncio.Future[None] = asyncio.Future()
        late.add_done_callback(_seen)  # nobody has to wait for it
        self._waiting[overdue.request_id] = _Waiting(late, waiting.to)
        _resolve(waiting.future, OutcomeUnknown("not acknowledged in time", late=late))

    def _abandon(self, end: LinkEnd) -> None:
        self._finish(end)
        for abandoned in self.session.end():
            waiting = self._waiting.pop(abandoned.request_id, None)
            if waiting is not None:
                lost = OutcomeUnknown if abandoned.written else NotWritten
                _resolve(waiting.future, lost(end.reason))
        for waiting in self._waiting.values():
            waiting.future.cancel()  # overdue already: the late ones
        self._waiting.clear()


def _lost(closed: ConnectionClosed) -> LinkEnd:
    if closed.rcvd is None:
        given_up = closed.sent.reason if closed.sent else ""  # by the library for us
        return LinkEnd(f"the connection was lost: {given_up}".removesuffix(": "))
    reason = f"closed by the room with code {closed.rcvd.code}"
    if closed.rcvd.reason:
        reason = f"{reason}: {closed.rcvd.reason}"
    return LinkEnd(reason, code=closed.rcvd.code)


def _refusal(fault: Fault) -> Refused:
    return Refused(fault.code, fault.text)


def _resolve(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return  # whoever waited has given up
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _seen(future: asyncio.Future[None]) -> None:
    if not future.cancelled():
        future.exception()
