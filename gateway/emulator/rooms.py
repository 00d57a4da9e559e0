"""Rooms and who is in them: presence and messaging, without sockets.

A member joins, then enables messaging. Only enabled members are told of others, are
told about, and can be addressed; anyone who joined may speak.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

from gateway.room.protocol.envelope import pack_raw

EVENT = "messaging.send"

_ENCODER = json.JSONEncoder(separators=(",", ":"))


class Outlet(Protocol):
    """Where a member gets what the room tells it."""

    def deliver(self, type_: str, payload: bytes) -> None:
        """Take one message; it may be queued, but never out of order."""

    async def drained(self) -> None:
        """Return once the member takes messages as fast as they come."""


@dataclass(slots=True, eq=False)
class Member:
    """One participant: `name` is what people mean, `id` is new at every join.

    Args:
        name: Display name; need not be unique.
        role: `user`, `agent`, `tool` or another.
        outlet: Where its messages go.
        sees_others: Whether it is told of the others' presence.
        attributes: Any JSON values; `name` is always among them.
    """

    name: str
    role: str
    outlet: Outlet
    sees_others: bool = True
    attributes: dict[str, object] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid4()))
    enabled: bool = False

    def __post_init__(self) -> None:
        self.attributes.setdefault("name", self.name)

    @property
    def card(self) -> dict[str, object]:
        """How others see it: `{"id", "role", "attributes"}`."""
        return {"id": self.id, "role": self.role, "attributes": self.attributes}


class Room:
    """The members of one room, and what they say to each other.

    Args:
        name: 1 to 63 characters of `[a-z0-9-]`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.session_id = str(uuid4())
        self._members: dict[str, Member] = {}

    @property
    def members(self) -> tuple[Member, ...]:
        """Everyone who joined, enabled or not, in order of arrival."""
        return tuple(self._members.values())

    def named(self, name: str) -> tuple[Member, ...]:
        """Everyone of that name."""
        return tuple(m for m in self._members.values() if m.name == name)

    def recipient(self, participant_id: str) -> Member | None:
        """Give the enabled member with that id."""
        member = self._members.get(participant_id)
        return member if member is not None and member.enabled else None

    def others(self, member: Member) -> list[Member]:
        """Every enabled member but this one."""
        return [m for m in self._members.values() if m.enabled and m is not member]

    def join(self, member: Member) -> None:
        """Let a member in; nobody is told before it enables messaging."""
        self._members[member.id] = member

    def leave(self, member: Member) -> None:
        """Let a member go; whoever is not in the room is ignored."""
        if self._members.get(member.id) is member:
            self.disable(member)
            del self._members[member.id]

    def enable(self, member: Member) -> None:
        """Tell a member who is there, and the others that it came.

        Enabling again repeats the first and not the second.
        """
        others = self.others(member)
        present = [other.card for other in others] if member.sees_others else []
        said = event(member.id, "messaging.enabled", _json({"participants": present}))
        member.outlet.deliver(EVENT, said)
        if not member.enabled:
            member.enabled = True
            self._announce(member, "participant.enabled", member.card)

    def disable(self, member: Member) -> None:
        """Take a member out of messaging and tell the others."""
        if member.enabled:
            member.enabled = False
            self._announce(member, "participant.disabled", {"id": member.id})

    def set_attributes(self, member: Member, changes: Mapping[str, object]) -> None:
        """Merge changes into a member's attributes, and tell the others just those."""
        member.attributes.update(changes)
        if member.enabled:
            said = {"attributes": dict(changes)}
            self._announce(member, "participant.attributes", said)

    def renew(self) -> None:
        """Begin another session: whoever is still in gets another id."""
        members = self.members
        self.session_id = str(uuid4())
        self._members.clear()
        for member in members:
            member.id = str(uuid4())
            self._members[member.id] = member

    def _announce(
        self, member: Member, type_: str, message: Mapping[str, object]
    ) -> None:
        watchers = [other for other in self.others(member) if other.sees_others]
        if watchers:
            say(watchers, event(member.id, type_, _json(message)))


class Rooms:
    """All rooms by name; a room is there from its first mention on."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._rooms

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    def __getitem__(self, name: str) -> Room:
        """Give a room, made now if it was not there."""
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = Room(name)
        return room


def say(recipients: Iterable[Member], payload: bytes) -> None:
    """Deliver one event to each of the recipients."""
    for member in recipients:
        member.outlet.deliver(EVENT, payload)


def event(
    from_id: str, type_: str, message_json: bytes, attachment: bytes = b""
) -> bytes:
    """Write the payload of a messaging event.

    Args:
        from_id: Participant id of the speaker.
        type_: Type of the message.
        message_json: The message, valid JSON; it is copied and not parsed again.
        attachment: Raw bytes that follow the header.
    """
    head = f'{{"from_participant_id":{_text(from_id)},"type":{_text(type_)},"message":'
    return pack_raw(b"".join((head.encode(), message_json, b"}")), attachment)


_text = json.encoder.encode_basestring_ascii


def _json(value: object) -> bytes:
    return _ENCODER.encode(value).encode()
