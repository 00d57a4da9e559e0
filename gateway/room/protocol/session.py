"""One life of a link to a room: its state, its requests and their deadlines.

Whole WebSocket binary messages and the time go in, events and whole messages to
write come out. The time is any monotonic clock in seconds.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from gateway.room.errors import (
    MalformedEnvelope,
    MalformedMessage,
    ProtocolError,
    Stalled,
)
from gateway.room.protocol import messages
from gateway.room.protocol.frames import Assembler
from gateway.room.protocol.messages import (
    Connected,
    Dismissed,
    Fault,
    Incoming,
    PeerChanged,
    PeerDisabled,
    PeerEnabled,
    Presence,
    Response,
    RoomReady,
    Said,
    Snapshot,
    Unknown,
    Utterance,
)
from gateway.room.protocol.options import DEFAULT_OPTIONS, RoomOptions
from gateway.room.protocol.states import TRANSITIONS, Signal, State


@dataclass(frozen=True, slots=True)
class Live:
    """We are in; what the room said of others came just before."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The room answered a request, perhaps after its deadline."""

    request_id: int
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """The deadline of a request passed without an answer."""

    request_id: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message made no sense; the sequence of packets is intact."""

    problem: ProtocolError


@dataclass(frozen=True, slots=True)
class Failed:
    """Joining failed; the session is closed, the link has to go."""

    error: Stalled


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A request that no answer can reach any more."""

    request_id: int
    written: bool


@dataclass(frozen=True, slots=True)
class Muted:
    """We take part in messaging no longer; nobody else is known from here on."""


SessionEvent = (
    Connected
    | Live
    | Settled
    | Overdue
    | Said
    | Presence
    | Muted
    | Dismissed
    | Dropped
    | Failed
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to write; its payload is made when the writing begins."""

    id: int
    type: str
    payload: Callable[[], bytes]
    answered: bool


class Session:
    """What one link knows and wants.

    Args:
        now: The time at which the link opened.
        attributes: Our own attributes, told after each welcome; read at that time.
        messaging: Whether to take part in messaging.
        options: Deadlines and limits.
    """

    def __init__(
        self,
        *,
        now: float,
        attributes: Mapping[str, object],
        messaging: bool,
        options: RoomOptions = DEFAULT_OPTIONS,
    ) -> None:
        self.state = State.OPENED
        self.participant_id: str | None = None
        self.messaging = False
        self._attributes = attributes
        self._wanted = messaging
        self._options = options
        self._assembler = Assembler(max_message_bytes=options.max_message_bytes)
        self._next_id = 1
        self._queue: deque[Outgoing] = deque()
        self._join_deadline: float | None = now + options.join_timeout_s
        self._unanswered: dict[int, float] = {}
        self._by_deadline: deque[tuple[float, int]] = deque()
        self._overdue: set[int] = set()
        self._enable_id: int | None = None
        self._disable_id: int | None = None

    @property
    def welcomed(self) -> bool:
        """Whether the room has said who we are and runs."""
        return self.state in {State.ENABLING, State.LIVE}

    @property
    def has_more_to_say(self) -> bool:
        """Whether `take` would give a message."""
        return bool(self._queue)

    @property
    def deadline(self) -> float | None:
        """When to call `tick` at the latest; it never moves towards the present."""
        while self._by_deadline and self._by_deadline[0][1] not in self._unanswered:
            self._by_deadline.popleft()
        if self._join_deadline is not None:
            return self._join_deadline
        return self._by_deadline[0][0] if self._by_deadline else None

    def say(self, utterance: Utterance) -> int:
        """Queue a message; give the id of the request that carries it."""
        return self._ask(utterance.payload)

    def want(self, *, messaging: bool) -> None:
        """Change what joining, or a request under way, is to end in.

        A session that is live and waits for neither stays as it is.
        """
        self._wanted = messaging

    def enable(self) -> int:
        """Queue the request to take part; settled by the list of participants."""
        self._move(Signal.ENABLE_ASKED)
        self._enable_id = self._ask(lambda call_id: messages.invoke("enable", call_id))
        return self._enable_id

    def disable(self) -> int:
        """Queue the request to take part no longer."""
        self._disable_id = self._ask(
            lambda call_id: messages.invoke("disable", call_id)
        )
        return self._disable_id

    def tell_attributes(self, changes: Mapping[str, object]) -> None:
        """Queue a change of our own attributes; nothing answers it."""
        payload = messages.set_attributes(changes)
        self._queue.append(
            Outgoing(
                self._new_id(), messages.SET_ATTRIBUTES, lambda: payload, answered=False
            )
        )

    def take(self, now: float) -> Outgoing | None:
        """Give the next message to write; from now on it counts as written."""
        if not self._queue:
            return None
        outgoing = self._queue.popleft()
        if outgoing.answered:
            due = now + self._options.acknowledgement_timeout_s
            self._unanswered[outgoing.id] = due
            self._by_deadline.append((due, outgoing.id))
        return outgoing

    def receive(self, packet: bytes, now: float) -> list[SessionEvent]:
        """Take one WebSocket binary message; give what it means.

        Raises:
            ProtocolError: The packets make no sense; the link has to go.
        """
        message = self._assembler.receive(packet)
        if message is None or self.state is State.CLOSED:
            return []
        try:
            incoming = messages.parse(message)
        except (MalformedEnvelope, MalformedMessage) as error:
            return [Dropped(error)]
        return list(self._hear(incoming, now))

    def tick(self, now: float) -> list[SessionEvent]:
        """Give what the passing of time means."""
        if self._join_deadline is not None and now >= self._join_deadline:
            asked = self.state is State.ENABLING
            self._move(Signal.LATE)
            problem = "no list of participants came" if asked else "no welcome came"
            return [Failed(Stalled(problem=problem))]
        due: list[SessionEvent] = []
        while (deadline := self.deadline) is not None and now >= deadline:
            request_id = self._by_deadline.popleft()[1]
            del self._unanswered[request_id]
            self._overdue.add(request_id)
            due.append(Overdue(request_id))
        return due

    def end(self) -> list[Abandoned]:
        """Close for good; give the requests that nothing will answer."""
        self._move(Signal.ENDED)
        abandoned = [Abandoned(id_, written=True) for id_ in self._unanswered]
        abandoned += [
            Abandoned(outgoing.id, written=False)
            for outgoing in self._queue
            if outgoing.answered
        ]
        self._unanswered.clear()
        self._by_deadline.clear()
        self._queue.clear()
        return abandoned

    def _move(self, signal: Signal) -> None:
        self.state = TRANSITIONS[self.state, signal]
        if self.state in {State.LIVE, State.CLOSED}:
            self._join_deadline = None

    def _new_id(self) -> int:
        request_id = self._next_id
        self._next_id += 1
        return request_id

    def _ask(self, payload: Callable[[str], bytes]) -> int:
        request_id = self._new_id()
        call_id = f"{self.participant_id}/{request_id}"
        self._queue.append(
            Outgoing(
                request_id, messages.INVOKE, lambda: payload(call_id), answered=True
            )
        )
        return request_id

    def _hear(self, incoming: Incoming, now: float) -> Iterator[SessionEvent]:
        match incoming:
            case Response():
                yield from self._settle(incoming)
            case RoomReady() | Connected():
                yield from self._welcome(incoming, now)
            case Snapshot():
                yield from self._enabled(incoming)
            case Dismissed():
                self._move(Signal.DISMISSED)
                yield incoming
            case Unknown():
                pass
            case _:
                yield from self._of_others(incoming)

    def _of_others(
        self, news: Said | PeerEnabled | PeerDisabled | PeerChanged
    ) -> Iterator[SessionEvent]:
        # Whether a room echoes our own broadcasts and presence is not documented.
        if news.from_id != self.participant_id:
            yield news

    def _welcome(
        self, half: RoomReady | Connected, now: float
    ) -> Iterator[SessionEvent]:
        if isinstance(half, RoomReady):
            self._move(Signal.ROOM_READY)
        else:
            self._move(Signal.CONNECTED)
            yield from self._named(half)
        if self.state is State.GREETED:
            yield from self._greet(now)

    def _named(self, connected: Connected) -> Iterator[SessionEvent]:
        if self.participant_id is None:
            self.participant_id = connected.participant_id
            yield connected

    def _greet(self, now: float) -> Iterator[SessionEvent]:
        if self._attributes:
            self.tell_attributes(self._attributes)
        if self._wanted:
            self.enable()
            self._join_deadline = now + self._options.join_timeout_s
        else:
            self._move(Signal.NOT_WANTED)
            yield Live()

    def _enabled(self, snapshot: Snapshot) -> Iterator[SessionEvent]:
        joining = self.state is State.ENABLING
        self._move(Signal.SNAPSHOT)
        if not self.welcomed:
            return
        self.messaging = True
        yield snapshot
        if joining:
            yield Live()
        if not self._wanted:
            self.disable()  # The wish changed while the room was asked.
        if self._enable_id is not None:
            yield from self._answered(self._enable_id, None)
            self._enable_id = None

    def _settle(self, response: Response) -> Iterator[SessionEvent]:
        request_id, fault = response.request_id, response.fault
        if request_id == self._enable_id:
            if fault is None:
                return  # the list of participants, which follows, settles it
            self._enable_id = None
            joining = self.state is State.ENABLING
            self._move(Signal.ENABLE_REFUSED)
            if joining:
                problem = f"messaging was refused: {fault.text} (code {fault.code})"
                yield Failed(Stalled(problem=problem))
        elif request_id == self._disable_id:
            self._disable_id = None
            if fault is None:
                self.messaging = False
                yield Muted()
                if self._wanted:
                    self.enable()  # The wish changed while the room was asked.
        yield from self._answered(request_id, fault)

    def _answered(self, request_id: int, fault: Fault | None) -> Iterator[SessionEvent]:
        if self._unanswered.pop(request_id, None) is not None:
            yield Settled(request_id, fault)
        elif request_id in self._overdue:
            self._overdue.remove(request_id)
            yield Settled(request_id, fault)
