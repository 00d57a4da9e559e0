"""What cannot be sent: refused before anything is stored."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from gateway.bridge.draft import Draft
from gateway.bridge.ports import LinkStatus, Presence, RoomLink
from gateway.domain.errors import (
    FieldError,
    GatewayError,
    MessagingDisabled,
    RecipientAmbiguous,
    RecipientIsSelf,
    RecipientNotFound,
    Rejected,
    RoomUnavailable,
)
from gateway.domain.model import Address, AddressKind, Match
from gateway.domain.recipients import Present, Trouble, nearest_first, resolve

_MOST_NAMES: Final = 20  # that a problem lists


def targets(
    draft: Draft, link: RoomLink, ttl: timedelta
) -> list[tuple[int, Present]] | None:
    """Return whom a draft means, each with the index of the address that says so.

    `None` means that not all of it can be known yet: the room is away, or it is to
    wait for its recipient.

    Args:
        draft: The message.
        link: Its room.
        ttl: How long it may be held.

    Raises:
        Rejected: It cannot be sent; the errors point into the draft.
        RoomUnavailable: The room is away, and it is not to be held.
    """
    if link.is_ready and link.messaging_enabled:
        return _resolve_all(draft, link) if draft.to is not None else []
    status = link.status
    if not status.is_ready and ttl <= timedelta():
        raise RoomUnavailable(_away(status), facts={"state": status.state})
    if draft.to is None:
        return []
    _refuse_self(draft.to, link.presence)
    if not status.messaging_enabled:
        _refuse_names(draft.to)
    return _resolve_all(draft, link) if status.is_ready else None


def joined(refused: Sequence[tuple[int, GatewayError]], count: int) -> GatewayError:
    """Return the refusal of a whole batch, made of those of some of its messages.

    It is of the kind of the first; where it is the sender's to mend anything, of the
    first of those, since a repeat would be refused again.

    Args:
        refused: The refusals, each with the index of its message.
        count: How many messages the batch has.
    """
    first = next(
        (each for each in refused if isinstance(each[1], Rejected)), refused[0]
    )
    index, error = first
    error.errors = tuple(
        FieldError(f"/messages/{place}{inner.pointer}", inner.detail)
        for place, each in refused
        for inner in each.errors or [FieldError("", each.detail)]
    )
    error.detail = (
        f"{len(refused)} of {count} messages are refused, so none was taken; "
        f"/messages/{index}: {error.detail}"
    )
    return error


def _away(status: LinkStatus) -> str:
    why = f": {status.last_error}" if status.last_error else ""
    return (
        f"the room is away (state {status.state}{why}) and ttl is 0; "
        "with a ttl the message is held until the room is back"
    )


def _refuse_self(to: Sequence[Address], presence: Presence) -> None:
    own = presence.self
    if own is None:
        return
    names = {one.name for one in presence.participants}
    for index, address in enumerate(to):
        by_id = address.value == own.id and address.kind is not AddressKind.ROLE
        name = address.known_name
        by_name = name is not None and name == own.name and own.name not in names
        if by_id or by_name:
            detail = f"{name or address.value!r} is this gateway's own participant"
            raise RecipientIsSelf(
                detail, errors=[FieldError(_pointer(to, index), detail)]
            )


def _refuse_names(to: Sequence[Address]) -> None:
    for index, address in enumerate(to):
        if address.kind is not AddressKind.ID:
            detail = (
                "messaging is disabled in this room, so nobody's name is known: "
                'send to {"id": …}, or POST /rooms/{room}/messaging/enable'
            )
            raise MessagingDisabled(
                detail, errors=[FieldError(_pointer(to, index), detail)]
            )


def _resolve_all(draft: Draft, link: RoomLink) -> list[tuple[int, Present]] | None:
    """Return whom the draft means, with the index of the address that says so."""
    to, present = draft.to or (), link.reachable(draft.to)
    targets: list[tuple[int, Present]] = []
    missing: list[FieldError] = []
    ambiguous: list[FieldError] = []
    candidates: list[Present] = []
    chosen: set[str] = set()
    for index, address in enumerate(to):
        match resolve(address, draft.match, present):
            case Trouble.ABSENT:
                missing.append(FieldError(_pointer(to, index), _absence(address)))
            case Trouble.AMBIGUOUS:
                detail = f"several participants fit {_word(address)!r}"
                ambiguous.append(FieldError(_pointer(to, index), detail))
                found = resolve(address, Match.ALL, present)
                candidates += found if isinstance(found, tuple) else ()
            case found:
                # Nobody gets it twice, however many addresses lead to them.
                new = [one for one in found if one.id not in chosen]
                chosen.update(one.id for one in new)
                targets.extend((index, one) for one in new)
    if missing:
        _refuse_self(to, link.presence)  # We are nobody that a message can reach.
    if ambiguous:
        facts = {"candidates": _shown(candidates)}
        raise RecipientAmbiguous(_choice(to, ambiguous), errors=ambiguous, facts=facts)
    if missing and draft.await_recipient:
        return None
    if missing:
        first = to[int(missing[0].pointer.removeprefix("/to").lstrip("/") or 0)]
        others = link.presence.participants
        names = nearest_first(_word(first), others)
        who = ", ".join(names[:_MOST_NAMES]) or "nobody else"
        detail = f"{missing[0].detail}; present: {who}"
        raise RecipientNotFound(
            detail,
            errors=missing,
            facts={"present": names[:_MOST_NAMES], "present_count": len(others)},
        )
    return targets


def _choice(to: Sequence[Address], ambiguous: Sequence[FieldError]) -> str:
    detail = f'{ambiguous[0].detail}: send to {{"id": …}} of one of the candidates'
    if to[0].kind is AddressKind.SENDER:
        return detail  # An answer has no `match`.
    return f'{detail}, or say "match": "first" or "all"'


def _word(address: Address) -> str:
    return address.known_name or address.value


def _absence(address: Address) -> str:
    if address.kind is AddressKind.SENDER:
        return f"its sender {_word(address)!r} is not here"
    if address.kind is AddressKind.ANY:
        return f"nobody here has the id or name {address.value!r}"
    return f"nobody here is {address.kind.value} {address.value!r}"


def _pointer(to: Sequence[Address], index: int) -> str:
    if to[index].kind is AddressKind.SENDER:
        return ""  # The caller has not written it.
    return "/to" if len(to) == 1 else f"/to/{index}"


def _shown(candidates: Sequence[Present]) -> list[dict[str, object]]:
    return [{"id": one.id, "name": one.name, "role": one.role} for one in candidates]
