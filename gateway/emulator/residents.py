"""Participants that live inside the emulator's process and need no socket."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.emulator.rooms import EVENT, Member, Room, event, say
from gateway.room.protocol.envelope import unpack

_STRIDE = 64  # messages that a fast speaker says before it looks who keeps up
_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as a resident hears it; presence comes as reserved types."""

    from_id: str
    type: str
    message: object
    attachment: bytes


class NobodyThere(LookupError):
    """Nobody enabled in the room has that id or name."""

    def __init__(self, to: str) -> None:
        super().__init__(f"nobody enabled in the room has the id or name {to!r}")
        self.to = to


class LocalMember:
    """A participant whose messages go to a callback; without one they are counted only.

    Args:
        name: Display name.
        role: Its role.
        attributes: Attributes beside `name`.
        on_heard: Called at once, inside the speaker's turn, with every event.
    """

    def __init__(
        self,
        name: str,
        *,
        role: str = "agent",
        attributes: Mapping[str, object] | None = None,
        on_heard: Callable[[Heard], None] | None = None,
    ) -> None:
        self.member = Member(name, role, self, attributes=dict(attributes or {}))
        self.heard = 0  # events so far, presence included
        self._on_heard = on_heard
        self._room: Room | None = None

    @property
    def id(self) -> str:
        """Its participant id, which is new after the server was restarted."""
        return self.member.id

    @property
    def room(self) -> Room:
        """The room it is in.

        Raises:
            RuntimeError: It is in none.
        """
        if self._room is None:
            problem = f"{self.member.name} is in no room"
            raise RuntimeError(problem)
        return self._room

    def join(self, room: Room) -> None:
        """Enter a room with messaging enabled."""
        self._room = room
        room.join(self.member)
        room.enable(self.member)

    def leave(self) -> None:
        """Leave the room."""
        self.room.leave(self.member)
        self._room = None

    def send(
        self,
        to: str,
        type_: str,
        message: Mapping[str, object],
        attachment: bytes = b"",
    ) -> None:
        """Say something to everyone of one id or, failing that, name.

        Raises:
            NobodyThere: Nobody enabled has it.
        """
        recipients = self._addressees(to)
        if not recipients:
            raise NobodyThere(to)
        say(recipients, self._event(type_, message, attachment))

    def broadcast(
        self, type_: str, message: Mapping[str, object], attachment: bytes = b""
    ) -> None:
        """Say something to every enabled participant but itself."""
        recipients = self.room.others(self.member)
        say(recipients, self._event(type_, message, attachment))

    async def flood(
        self,
        count: int,
        *,
        to: str | None = None,
        type_: str = "load",
        compose: Callable[[int], Mapping[str, object]] = lambda n: {"n": n},
        per_second: float | None = None,
    ) -> int:
        """Say many messages, no faster than the slowest recipient takes them.

        Args:
            count: How many messages.
            to: Id or name; `None` broadcasts.
            type_: Type of each.
            compose: Makes message `n`, counted from 0.
            per_second: Their rate; `None` is as fast as possible.

        Returns:
            How many found a recipient.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        said = 0
        for number in range(count):
            recipients = (
                self.room.others(self.member) if to is None else self._addressees(to)
            )
            say(recipients, self._event(type_, compose(number), b""))
            said += bool(recipients)
            if per_second is not None:
                await _rest(started + (number + 1) / per_second - loop.time())
            elif number % _STRIDE == _STRIDE - 1:
                await _rest(0)
            else:
                continue
            for recipient in recipients:
                await recipient.outlet.drained()
        return said

    def deliver(self, type_: str, payload: bytes) -> None:
        """Hear one message of the room."""
        if type_ != EVENT:
            return
        self.heard += 1
        if self._on_heard is not None:
            self._on_heard(_heard(payload))

    async def drained(self) -> None:
        """Return at once: what it hears is not kept."""

    def _addressees(self, to: str) -> list[Member]:
        member = self.room.recipient(to)
        if member is not None:
            return [member]
        return [m for m in self.room.named(to) if m.enabled]

    def _event(
        self, type_: str, message: Mapping[str, object], attachment: bytes
    ) -> bytes:
        return event(
            self.id, type_, _ENCODER.encode(dict(message)).encode(), attachment
        )


class EchoMember(LocalMember):
    """Answers every `chat` with an `echo` of the same message and attachment.

    Nothing else is answered, so that two of them never talk for ever.
    """

    def __init__(self, name: str = "echo", *, role: str = "agent") -> None:
        super().__init__(name, role=role, on_heard=self._answer)

    def _answer(self, heard: Heard) -> None:
        sender = self.room.recipient(heard.from_id)
        if heard.type == "chat" and sender is not None:
            said = _ENCODER.encode(heard.message).encode()
            say([sender], event(self.id, "echo", said, heard.attachment))


def _heard(payload: bytes) -> Heard:
    envelope = unpack(payload)
    header = envelope.header
    return Heard(
        from_id=str(header["from_participant_id"]),
        type=str(header["type"]),
        message=header["message"],
        attachment=envelope.trailer,
    )


async def _rest(seconds: float) -> None:
    """Let others have the loop, for so many seconds if there are any left."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(max(0.0, seconds), over.set)
    await over.wait()
