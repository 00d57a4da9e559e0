"""The room client in our nouns: what it tells goes to the bridge, what we say to it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from gateway.bridge.ports import (
    Clock,
    LinkStatus,
    Meter,
    NotReady,
    OutcomeUnknown,
    Presence,
    Refused,
)
from gateway.bridge.receiving import Receiving
from gateway.domain.model import (
    Address,
    AddressKind,
    EventType,
    OutgoingMessage,
    Sender,
)
from gateway.domain.recipients import Present
from gateway.room import (
    Joined,
    Lost,
    MessageDropped,
    MessageReceived,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    PresenceEvent,
    Retrying,
    RoomClient,
    RoomEvent,
    RoomState,
    RoomStatus,
    StateChanged,
    errors,
)

WORTH_A_LOOK: Final = 5  # Attempts in a row, from which a person may want to know.

_PRESENCE: Final[Mapping[type[PresenceEvent], EventType]] = {
    ParticipantJoined: EventType.PARTICIPANT_JOINED,
    ParticipantLeft: EventType.PARTICIPANT_LEFT,
    ParticipantUpdated: EventType.PARTICIPANT_UPDATED,
}


class ClientLink:
    """A place in a room, kept by a room client; satisfies the `RoomLink` port.

    Args:
        client: The client; its `run()` is ours to call.
        messaging: Whether messaging is wanted, as remembered.
    """

    def __init__(
        self, client: RoomClient, *, messaging: bool, clock: Clock, meter: Meter
    ) -> None:
        self._client = client
        self._messaging = messaging
        self._clock = clock
        self._meter = meter
        self._watchers: list[Callable[[], None]] = []
        self._known: dict[str, tuple[Participant, Present]] = {}

    @property
    def room(self) -> str:
        """The room's name."""
        return self._client.room

    @property
    def is_ready(self) -> bool:
        """Whether messages can be written now."""
        return self._client.state is RoomState.READY

    @property
    def status(self) -> LinkStatus:
        """How the link is now; `messaging_enabled` is what is wanted of it."""
        now = self._client.status
        return LinkStatus(
            state=now.state.value,
            since=now.since,
            participant_id=now.participant_id,
            messaging_enabled=self._messaging,
            attempt=now.attempt,
            next_retry_at=now.next_retry_at,
            last_error=now.last_error,
            last_received_at=now.last_received_at,
            rtt_ms=now.rtt_ms,
            token_expires_at=now.token_expires_at,
        )

    @property
    def messaging_enabled(self) -> bool:
        """Whether messaging is wanted."""
        return self._messaging

    @property
    def presence(self) -> Presence:
        """Who is there, or was when the link was lost."""
        status, own = self._client.status, self._client.self_participant
        connected = status.state is RoomState.READY
        return Presence(
            connected=connected,
            as_of=self._clock.now() if connected else status.last_received_at,
            self=_present(own, online=connected) if own else None,
            participants=self._others(online=connected),
        )

    def reachable(self, to: Sequence[Address] | None) -> Sequence[Present]:
        """Return whom addresses can lead to; ids on trust while nobody is known."""
        if to is None:
            return self._others(online=True)
        if self._messaging:
            # Asked for at every message: only a role needs a look at everybody.
            found = {one.id: one for address in to for one in self._fitting(address)}
            return [self._here(one) for one in found.values()]
        return [
            Present(address.value, None, "", {}, self._clock.now())
            for address in to
            if address.kind is AddressKind.ID
        ]

    def _fitting(self, address: Address) -> Iterable[Participant]:
        everybody = self._client.participants
        wanted = address.value
        if address.kind is AddressKind.ROLE:
            return [one for one in everybody.values() if one.role == wanted]
        found: list[Participant] = []
        if address.kind is not AddressKind.NAME and wanted in everybody:
            found.append(everybody[wanted])
        if (name := address.known_name) is not None:
            found.extend(self._client.named(name))
        return found

    def _here(self, one: Participant) -> Present:
        """Return somebody who is here, in our nouns; the same until they change."""
        known = self._known.get(one.id)
        if known is None or known[0] is not one:
            if len(self._known) > len(self._client.participants):
                self._known.clear()  # Some have left.
            known = self._known[one.id] = one, _present(one, online=True)
        return known[1]

    def _others(self, *, online: bool) -> Sequence[Present]:
        everybody = self._client.participants.values()
        return [_present(one, online=online) for one in everybody]

    def post(
        self, to: str | None, message: OutgoingMessage, attachment: bytes
    ) -> asyncio.Future[None]:
        """Write a message; see the port."""
        otel = None
        if message.traceparent is not None:
            otel = {"traceparent": message.traceparent}
        try:
            told = self._client.post(to, message.type, message.body, attachment, otel)
        except errors.NotReady as error:
            raise NotReady from error
        except errors.ReservedType as error:
            told = asyncio.get_running_loop().create_future()
            told.set_exception(errors.Refused(None, str(error)))
        translated: asyncio.Future[None] = told.get_loop().create_future()
        told.add_done_callback(partial(_translate, translated))
        return translated

    async def enable(self) -> None:
        """Turn messaging on, and keep it on."""
        try:
            await self._client.enable()
        except errors.Refused as refusal:
            raise Refused(refusal.code, _text(refusal.text)) from refusal
        self._messaging = True
        self._changed()

    async def disable(self) -> None:
        """Turn messaging off, and keep it off."""
        self._messaging = False
        self._changed()
        try:
            await self._client.disable()
        except errors.Refused as refusal:
            raise Refused(refusal.code, _text(refusal.text)) from refusal

    async def set_attributes(self, changes: Mapping[str, object]) -> None:
        """Change attributes of our own participant."""
        await self._client.set_attributes(changes)

    async def reconnect(self) -> None:
        """Leave and join again, from any state."""
        self._client.reconnect()

    def step_out(self, reason: str) -> None:
        """Leave the room until `reconnect`."""
        self._client.step_out(reason)

    def watch(self, changed: Callable[[], None]) -> None:
        """Have `changed` called after each change of status or presence."""
        self._watchers.append(changed)

    async def run(self, receiving: Receiving) -> None:
        """Stay in the room until `leave`, and hand over what happens in it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._client.run())
            async for event in self._client:
                await self._hear(event, receiving)
                self._changed()

    async def leave(self) -> None:
        """Leave the room for good, with close code 1000."""
        await self._client.close()

    def _changed(self) -> None:
        for changed in self._watchers:
            changed()

    async def _hear(self, event: RoomEvent, receiving: Receiving) -> None:
        match event:
            case MessageReceived():
                sender, type_ = _sender(event), _text(event.type)
                await receiving.message(
                    sender, type_, event.message, event.attachment, event.at
                )
            case Joined():
                await receiving.connected(event.participant_id, event.at)
            case Lost():
                await receiving.disconnected(
                    event.reason, event.code, event.last_alive_at, event.at
                )
            case StateChanged():
                self._report(event.status)
            case Retrying():
                self._report_retrying(event.status)
            case MessageDropped():
                self._meter.warning(
                    "message.dropped", room=self.room, reason=str(event.problem)
                )
            case _:
                await _hear_of(event, receiving)

    def _report(self, status: RoomStatus) -> None:
        facts: dict[str, object] = {"room": self.room, "state": status.state.value}
        if status.last_error is not None:
            facts["reason"] = status.last_error
        troubled = status.state in {RoomState.STALLED, RoomState.DENIED}
        tell = self._meter.warning if troubled else self._meter.info
        tell("room.state_changed", **facts)

    def _report_retrying(self, status: RoomStatus) -> None:
        facts: dict[str, object] = {
            "room": self.room,
            "state": status.state.value,
            "reason": status.last_error,
            "attempt": status.attempt,
        }
        if status.next_retry_at is not None:
            wait = status.next_retry_at - self._clock.now()
            facts["next_attempt_in_s"] = round(wait.total_seconds(), 1)
        worth_a_look = status.attempt >= WORTH_A_LOOK
        tell = self._meter.warning if worth_a_look else self._meter.info
        tell("room.attempt_planned", **facts)


async def _hear_of(event: PresenceEvent, receiving: Receiving) -> None:
    type_ = _PRESENCE[type(event)]
    await receiving.participant(
        type_,
        _present(event.participant, online=type_ is not EventType.PARTICIPANT_LEFT),
        changed=event.changed if isinstance(event, ParticipantUpdated) else None,
        after_gap=event.after_gap,
        at=event.at,
    )


def _present(participant: Participant, *, online: bool) -> Present:
    return Present(
        id=participant.id,
        name=_name(participant.name),
        role=_text(participant.role),
        attributes=participant.attributes,
        since=participant.since,
        online=online,
    )


def _sender(event: MessageReceived) -> Sender:
    who = event.from_participant
    if who is None:
        return Sender(_text(event.from_id), None, None)
    return Sender(_text(event.from_id), _name(who.name), _text(who.role))


def _name(name: str | None) -> str | None:
    return None if name is None else _text(name)


def _text(said: str) -> str:
    """Return what others called something, as text that can be stored.

    Half of a surrogate pair is a JSON string but no text: it becomes `?`.
    """
    return said if said.isascii() else said.encode(errors="replace").decode()


def _translate(translated: asyncio.Future[None], told: asyncio.Future[None]) -> None:
    if translated.done():
        told.exception()
        return
    try:
        told.result()
    except errors.NotWritten:
        translated.set_exception(NotReady())
    except errors.Refused as refusal:
        translated.set_exception(Refused(refusal.code, _text(refusal.text)))
    except errors.OutcomeUnknown as outcome:
        late = outcome.late
        translated.set_exception(OutcomeUnknown(outcome.reason, late))
    except asyncio.CancelledError:
        translated.cancel()
    else:
        translated.set_result(None)
