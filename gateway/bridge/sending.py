"""Taking messages in for a room: refused at once, or kept until their fate is known."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from gateway.bridge.entry import text_bytes, unresolved
from gateway.bridge.ports import Clock, LinkStatus, Once, Presence, RoomLink
from gateway.bridge.rooms import Registry, Room
from gateway.domain.errors import (
    FieldError,
    GatewayError,
    MessagingDisabled,
    RecipientAmbiguous,
    RecipientIsSelf,
    RecipientNotFound,
    RoomUnavailable,
    ShuttingDown,
)
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Address,
    AddressKind,
    Attachment,
    Match,
    MessageStatus,
    OnUnknown,
    OutgoingMessage,
    Recipient,
    WaitingFor,
)
from gateway.domain.recipients import Present, Trouble, nearest_first, resolve

DEFAULT_WAIT_S: Final = 5.0
_MOST_NAMES: Final = 20  # that a problem lists


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as its sender gave it.

    Attributes:
        room: The room's name; `None` for the only one.
        to: The addresses; `None` for a broadcast.
        body: The message object as compact JSON text.
        ttl: How long to hold it while the room is away; `None` for the default.
    """

    room: str | None
    to: tuple[Address, ...] | None
    type: str
    body: str
    attachment: bytes = b""
    match: Match = Match.ONE
    ttl: timedelta | None = None
    await_recipient: bool = False
    on_unknown: OnUnknown = OnUnknown.REPORT
    ref: str | None = None
    key_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of a draft.

    Attributes:
        would: `send`, `queue` or `refuse`.
        recipients: Who would get it, as far as they are here.
        present: How many would get a broadcast, if that is known.
        error: Why it would be refused.
    """

    room: str
    would: str
    recipients: tuple[Present, ...] = ()
    present: int | None = None
    error: GatewayError | None = None


class Sending:
    """Accepts messages for the rooms of a registry.

    Args:
        default_ttl: How long a message is held if its sender does not say.
    """

    def __init__(
        self, registry: Registry, *, clock: Clock, ids: Ids, default_ttl: timedelta
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._ids = ids
        self._default_ttl = default_ttl
        self._stopping = False

    def stop(self) -> None:
        """Accept nothing from now on."""
        self._stopping = True

    async def accept(
        self,
        draft: Draft,
        *,
        wait_s: float | None,
        once: Once | None = None,
        is_owed: bool = False,
    ) -> OutgoingMessage:
        """Store a message and return it in the state it reaches within the wait.

        Args:
            draft: The message.
            wait_s: How long to wait for a final status, in seconds. `None` is 5 s when
                the room is ready, and not at all while it is away.
            once: What is used up by it.
            is_owed: It is the end of something begun, and is taken even while the
                gateway stops: what cannot be said before the end is said after it.

        Raises:
            Rejected: The sender's to mend; nothing was stored.
            Unavailable: To be repeated later; nothing was stored.
            AlreadyDone: `once` was used up before; nothing was stored.
        """
        if self._stopping and not is_owed:
            detail = "the gateway is stopping; repeat this in a moment"
            raise ShuttingDown(detail)
        room = self._registry.get(draft.room)
        dispatcher = room.dispatcher
        dispatcher.refuse_if_full(_size(draft))
        ready = room.link.is_ready
        targets = self._check(room, draft)
        message = self._message(room, draft, targets)
        entry = dispatcher.accept(message, draft.attachment or None, once)
        if wait_s is None:
            wait_s = DEFAULT_WAIT_S if ready else 0
        if wait_s > 0:  # One wait for both: what is settled was accepted before.
            await _done(entry.settled, wait_s)
        if not entry.accepted.done():
            await asyncio.shield(entry.accepted)
        entry.accepted.result()
        return dispatcher.shown(entry)

    async def wait(self, message_id: str, wait_s: float) -> None:
        """Return when a message's status is final, or the time is up, in seconds."""
        for room in self._registry.all():
            if (entry := room.dispatcher.find(message_id)) is not None:
                await _done(entry.settled, wait_s)

    def rehearse(self, draft: Draft) -> Rehearsal:
        """Say what would become of a message, and store nothing."""
        room = self._registry.get(draft.room)
        try:
            room.dispatcher.refuse_if_full(_size(draft))
            targets = self._check(room, draft)
        except GatewayError as error:
            return Rehearsal(room.name, "refuse", error=error)
        presence = room.link.presence
        status = self._message(room, draft, targets).status
        return Rehearsal(
            room.name,
            "send" if status is MessageStatus.SENDING else "queue",
            tuple(one for _, one in targets or ()),
            len(presence.participants) if draft.to is None else None,
        )

    def _check(self, room: Room, draft: Draft) -> list[tuple[int, Present]] | None:
        """Refuse what cannot be sent, and return whom it means.

        `None` means that not all of it can be known yet: the room is away, or it is
        to wait for its recipient.
        """
        link = room.link
        if link.is_ready and link.messaging_enabled:
            return _resolve_all(draft, link) if draft.to is not None else []
        status = link.status
        if not status.is_ready and self._ttl(draft) <= timedelta():
            raise RoomUnavailable(_away(status), facts={"state": status.state})
        if draft.to is None:
            return []
        _refuse_self(draft.to, link.presence)
        if not status.messaging_enabled:
            _refuse_names(draft.to)
        return _resolve_all(draft, link) if status.is_ready else None

    def _ttl(self, draft: Draft) -> timedelta:
        return self._default_ttl if draft.ttl is None else draft.ttl

    def _message(
        self,
        room: Room,
        draft: Draft,
        targets: list[tuple[int, Present]] | None,
    ) -> OutgoingMessage:
        now = self._clock.now()
        ready = room.link.is_ready
        at_once = (
            ready and targets is not None and room.dispatcher.is_clear(draft.to or ())
        )
        recipients: tuple[Recipient, ...] = ()
        if at_once and targets:
            recipients = tuple(
                [
                    Recipient(index, one.name, one.id, MessageStatus.SENDING)
                    for index, one in targets
                ]
            )
        elif draft.to is not None:
            recipients = unresolved(draft.to)
        waiting_for = WaitingFor.ORDER if ready else WaitingFor.ROOM
        attachment = None
        if draft.attachment:
            digest = sha256(draft.attachment).hexdigest()
            attachment = Attachment(len(draft.attachment), digest)
        ttl = self._ttl(draft)
        return OutgoingMessage(
            id=self._ids.new(Kind.MESSAGE),
            room=room.name,
            type=draft.type,
            body=draft.body,
            to=draft.to,
            created_at=now,
            ttl=ttl,
            expires_at=now + ttl,
            status=MessageStatus.SENDING if at_once else MessageStatus.QUEUED,
            waiting_for=None if at_once else waiting_for,
            match=draft.match,
            await_recipient=draft.await_recipient,
            on_unknown=draft.on_unknown,
            ref=draft.ref,
            attachment=attachment,
            recipients=recipients,
            key_id=draft.key_id,
            traceparent=draft.traceparent,
        )


async def _done(future: asyncio.Future[None], seconds: float) -> None:
    """Return when a future is done, whatever came of it, or the time is up.

    It is `asyncio.wait` of one future, which is waited for at every message, at half
    the cost.
    """
    if future.done():
        return
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    timer = loop.call_later(seconds, wake)
    future.add_done_callback(wake)
    try:
        await waiter
    finally:
        timer.cancel()
        future.remove_done_callback(wake)


def _size(draft: Draft) -> int:
    return text_bytes(draft.body) + len(draft.attachment)


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
