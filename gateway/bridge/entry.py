"""One open message: whom it is for at this moment, and how far the store has it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.bridge.shares import Shares
from gateway.domain.model import (
    Address,
    AddressKind,
    Match,
    MessageError,
    MessageStatus,
    OutgoingMessage,
    Recipient,
)
from gateway.domain.recipients import Present, Trouble, resolve

ABSENT: Final = MessageError(
    "recipient_not_found", "nobody of that address was in the room at dispatch"
)
ERASED: Final = MessageError(
    "not_found", "what it says or carries was erased before it could be written"
)
AMBIGUOUS: Final = MessageError(
    "recipient_ambiguous", "several participants had that name at dispatch"
)


class Entry(Shares):
    """One open message.

    Attributes:
        order: Place in the order of acceptance.
        accepted: Done when the store has committed its acceptance.
        stored: Done when the store has committed what was handed to it last.
        settled: Done when the message has a final status and it is committed, or when
            it was never accepted.
        is_lined_up: Whether it stands in the line or is parked beside it.
        size: Bytes that it counts for in the outbox and in the window.
        successor: The entry of the same message that took its place when it was
            retried.
    """

    def __init__(
        self,
        message: OutgoingMessage,
        attachment: bytes | None,
        order: int,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(message, now)
        loop = asyncio.get_running_loop()
        self.size = message_bytes(message)
        self.attachment = attachment
        self.order = order
        self.accepted: asyncio.Future[None] = loop.create_future()
        self.stored = self.accepted
        self.settled: asyncio.Future[None] = loop.create_future()
        self.is_lined_up = False
        self.successor: Entry | None = None

    @property
    def id(self) -> str:
        """The message's id."""
        return self.message.id

    @property
    def latest(self) -> "Entry":
        """The entry that speaks for the message now, after any retries."""
        return self if self.successor is None else self.successor.latest

    @property
    def is_accepted(self) -> bool:
        """Whether the store has committed that it was accepted."""
        accepted = self.accepted
        return (
            accepted.done()
            and not accepted.cancelled()
            and accepted.exception() is None
        )

    @property
    def is_sending(self) -> bool:
        """Whether its row says that something of it may have been written."""
        return self.message.status is MessageStatus.SENDING

    @property
    def is_queued(self) -> bool:
        """Whether nothing of it can be on its way."""
        return self.message.status is MessageStatus.QUEUED

    def succeed(self, entry: "Entry") -> None:
        """Have another entry speak for the message, unless it is never accepted."""
        self.successor = entry

        def check(_: object) -> None:
            if not entry.is_accepted and self.successor is entry:
                self.successor = None

        entry.accepted.add_done_callback(check)

    def can_resolve(
        self, present: Sequence[Present], held: frozenset[Address] = frozenset()
    ) -> bool:
        """Whether something of it could be written to those present.

        Args:
            present: Who is there.
            held: Addresses that nothing may be written to.
        """
        known = {one.id: one for one in present}
        return any(
            self._find(index, present, known) is not Trouble.ABSENT
            for index in self.unwritten
            if self._address(index) not in held
        )

    def still_resolved(self, present: Sequence[Present]) -> list[int] | None:
        """Return what can be written if it needs no resolving anew, else `None`.

        So it is with nearly every message: it was resolved when it was accepted, a
        moment ago, for one participant, who is still there.
        """
        share = self.shares[0]
        if len(self.shares) > 1 or share.status is not MessageStatus.SENDING:
            return None
        if self.message.to is None:
            return [0]
        here = any(one.id == share.participant_id for one in present)
        return [0] if here else None

    def resolve(
        self,
        present: Sequence[Present],
        *,
        may_wait: bool,
        held: frozenset[Address] = frozenset(),
    ) -> list[int]:
        """Resolve what is to be written anew, and return the shares that can be.

        An absent recipient's share waits if it may, else it fails. Nobody gets a
        message twice, however many of its addresses lead to them.

        Args:
            present: Who is there.
            may_wait: Whether it may wait for others.
            held: Addresses that nothing may be written to: their shares wait anyhow.
        """
        writable: list[int] = []
        known = {one.id: one for one in present}
        owed = self._owed()
        for index in list(self.unwritten):
            if held and self._address(index) in held:
                continue
            found = self._find(index, present, known)
            if isinstance(found, tuple):
                writable.extend(self._expand(index, found, owed))
            elif found is Trouble.AMBIGUOUS:
                self.fail(index, AMBIGUOUS)
            elif not may_wait:
                self.fail(index, ABSENT)
        return writable

    def _owed(self) -> dict[str, int]:
        """Return which share each participant is owed."""
        return {
            share.participant_id: index
            for index, share in enumerate(self.shares)
            if share.participant_id is not None
            and share.status is not MessageStatus.FAILED
            and index not in self._twins
        }

    def _find(
        self,
        index: int,
        present: Sequence[Present],
        known: Mapping[str, Present],
    ) -> tuple[Present | None, ...] | Trouble:
        address, share = self._address(index), self.shares[index]
        if address is None:
            return (None,)
        match = self.message.match
        if share.participant_id is not None:
            if share.participant_id in known:
                return (known[share.participant_id],)
            if match is Match.ALL and not self._is_by_id(index):
                # One of several: its address would find the others again.
                address = Address(AddressKind.NAME, share.name or "")
                match = Match.FIRST
        return resolve(address, match, present)

    def _expand(
        self,
        index: int,
        found: tuple[Present | None, ...],
        owed: dict[str, int],
    ) -> list[int]:
        found = tuple(
            one for one in found if one is None or owed.get(one.id, index) == index
        )
        if not found:
            self._twins.add(index)
            return []
        share = self.shares[index]
        indices = [index, *range(len(self.shares), len(self.shares) + len(found) - 1)]
        self.shares.extend([share] * (len(found) - 1))
        for place, one in zip(indices, found, strict=True):
            self.shares[place] = replace(
                share,
                status=MessageStatus.SENDING,
                participant_id=one.id if one else None,
                name=one.name if one else None,
            )
            if one is not None:
                owed[one.id] = place
        return indices

    def snapshot(self, *, event_id: str | None = None) -> OutgoingMessage:
        """Return the message in the state that its shares make.

        Args:
            event_id: The event that tells of it, if there is a new one.
        """
        status = self.status
        recipients = self.shown
        if len(recipients) > 1:
            # Sorting is stable: what an address was expanded to stays in order.
            recipients = sorted(recipients, key=_address_of)
        errors = [share.error for share in recipients if share.error is not None]
        failed = status in {MessageStatus.FAILED, MessageStatus.UNKNOWN}
        message = self.message
        return OutgoingMessage(  # `replace` takes half as long again.
            id=message.id,
            room=message.room,
            type=message.type,
            body=message.body,
            to=message.to,
            created_at=message.created_at,
            ttl=message.ttl,
            expires_at=message.expires_at,
            status=status,
            waiting_for=self.waiting_for if status is MessageStatus.QUEUED else None,
            match=message.match,
            await_recipient=message.await_recipient,
            on_unknown=message.on_unknown,
            ref=message.ref,
            attachment=message.attachment,
            recipients=() if message.is_broadcast else tuple(recipients),
            present=message.present,
            error=errors[0] if failed and errors else None,
            resent=self.resent,
            position=message.position,
            key_id=message.key_id,
            traceparent=message.traceparent,
            event_id=event_id or message.event_id,
            steps=tuple(self.steps),
        )


def message_bytes(message: OutgoingMessage) -> int:
    """Return how many bytes a message counts for in the outbox."""
    described = message.attachment
    return text_bytes(message.body) + (described.size if described else 0)


def text_bytes(text: str) -> int:
    """Return how many bytes a text has in UTF-8."""
    # Most are ASCII, which need not be encoded to be counted.
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def unresolved(to: Sequence[Address]) -> tuple[Recipient, ...]:
    """Return a recipient for each address that has not been resolved yet."""
    return tuple(
        Recipient(
            index,
            address.known_name,
            None,
            MessageStatus.QUEUED,
        )
        for index, address in enumerate(to)
    )


def _address_of(share: Recipient) -> int:
    return share.to
