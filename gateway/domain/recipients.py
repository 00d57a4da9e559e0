"""Whom an address means, and what becomes of a message by its recipients."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import Enum
from typing import Final

from gateway.domain.model import Address, AddressKind, Match, MessageStatus

_BY_ID: Final = frozenset({AddressKind.ANY, AddressKind.ID, AddressKind.SENDER})


@dataclass(frozen=True, slots=True)
class Present:
    """A participant of a room, as we know it.

    Attributes:
        since: When we first saw it under this id.
        online: Whether it was there when the room was last heard of.
    """

    id: str
    name: str | None
    role: str
    attributes: Mapping[str, object]
    since: datetime
    online: bool = True


class Trouble(Enum):
    """Why an address leads to nobody."""

    ABSENT = "absent"
    AMBIGUOUS = "ambiguous"


def resolve(
    address: Address, match: Match, present: Sequence[Present]
) -> tuple[Present, ...] | Trouble:
    """Find whom an address means among those present.

    An `ANY` address is tried as an id first, then as an exact name; a `SENDER` as an id
    first, then as an exact name with its role. `Match.ONE` wants exactly one
    participant, `FIRST` takes the one that has been there longest.
    """
    fitting = _fitting(address, present)
    if not fitting:
        return Trouble.ABSENT
    if match is Match.ALL:
        return fitting
    if match is Match.FIRST:
        return (min(fitting, key=lambda one: one.since),)
    return fitting if len(fitting) == 1 else Trouble.AMBIGUOUS


def _fitting(address: Address, present: Sequence[Present]) -> tuple[Present, ...]:
    wanted = address.value
    if address.kind in _BY_ID:
        by_id = tuple(one for one in present if one.id == wanted)
        if by_id or address.kind is AddressKind.ID:
            return by_id
    if address.kind is AddressKind.ROLE:
        return tuple(one for one in present if one.role == wanted)
    named = tuple(one for one in present if one.name == address.known_name)
    if address.kind is AddressKind.SENDER and address.role is not None:
        return tuple(one for one in named if one.role == address.role)
    return named


def nearest_first(wanted: str, present: Iterable[Present]) -> list[str]:
    """Return the names present, those most like the wanted one first."""
    names = sorted({one.name for one in present if one.name})
    folded = {name.casefold(): name for name in names}
    near = [folded[x] for x in get_close_matches(wanted.casefold(), folded, n=5)]
    return near + [name for name in names if name not in near]


def aggregate(statuses: Iterable[MessageStatus]) -> MessageStatus:
    """Say what became of a message, given what became of each recipient's share.

    What is still to be done goes first; then `sent` if all were sent and `partial` if
    some were; `unknown` if any may have been; else the one thing that befell them all,
    or `failed`.
    """
    found = set(statuses)
    for open_status in (MessageStatus.SENDING, MessageStatus.QUEUED):
        if open_status in found:
            return open_status
    if len(found) == 1:
        return found.pop()
    if MessageStatus.SENT in found:
        return MessageStatus.PARTIAL
    if MessageStatus.UNKNOWN in found:
        return MessageStatus.UNKNOWN
    return MessageStatus.FAILED
