"""An open message: accepted, and its fate not yet known for every recipient."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from gateway.bridge.ports import OutcomeUnknown, Refused
from gateway.domain.model import (
    Address,
    AddressKind,
    Match,
    MessageError,
    MessageStatus,
    OnUnknown,
    OutgoingMessage,
    Recipient,
    WaitingFor,
)
from gateway.domain.recipients import Present, Trouble, aggregate, resolve

_OPEN: Final = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
_UNSENT: Final = frozenset({MessageStatus.FAILED, MessageStatus.EXPIRED})
NOT_FOUND: Final = 1003  # room protocol §4.4
DENIED: Final = 1001

ABSENT: Final = MessageError(
    "recipient_not_found", "nobody of that address was in the room at dispatch"
)
ERASED: Final = MessageError(
    "not_found", "its attachment was erased before it could be written"
)
AMBIGUOUS: Final = MessageError(
    "recipient_ambiguous", "several participants had that name at dispatch"
)


class Entry:
    """One open message and its shares, a share being what one participant is owed.

    A broadcast has a single share, for everybody. A share that has not been resolved
    stands for its whole address; resolving it may make several of it. Shares are
    known by their index, which never changes.

    Attributes:
        message: The message as it was last handed to the store.
        order: Place in the order of acceptance.
        accepted: Done when the store has committed its acceptance.
        stored: Done when the store has committed what was handed to it last.
        settled: Done when the message has a final status and it is committed, or when
            it was never accepted.
        is_lined_up: Whether it stands in the line or is parked beside it.
        waiting_for: Why it is not being written, while it is parked.
        size: Bytes that it counts for in the outbox and in the window.
    """

    def __init__(
        self, message: OutgoingMessage, attachment: bytes | None, order: int
    ) -> None:
        loop = asyncio.get_running_loop()
        described = message.attachment
        self.message = message
        self.size = text_bytes(message.body) + (described.size if described else 0)
        self.attachment = attachment
        self.order = order
        self.accepted: asyncio.Future[None] = loop.create_future()
        self.stored = self.accepted
        self.settled: asyncio.Future[None] = loop.create_future()
        self.is_lined_up = False
        self.waiting_for: WaitingFor | None = None
        self.posted: set[int] = set()
        self.shares = _shares(message)
        self.resent = message.resent
        # Shares that may have been said already, so that "not sent" would be a lie.
        self._doubtful = set(range(len(self.shares))) if message.resent else set()
        # Shares whose recipient turned out to be owed another share already.
        self._twins: set[int] = set()

    @property
    def id(self) -> str:
        """The message's id."""
        return self.message.id

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

    @property
    def is_unfinished(self) -> bool:
        """Whether something of it is still to be written."""
        for _ in self.unwritten:
            return True
        return False

    @property
    def unwritten(self) -> Iterator[int]:
        """The shares that are still to be written."""
        for index, share in enumerate(self.shares):
            if share.status in _OPEN and not (
                index in self.posted or index in self._twins
            ):
                yield index

    @property
    def addresses(self) -> Iterator[Address]:
        """The addresses, as written, of the shares that are still to be written."""
        for index in self.unwritten:
            if (address := self._address(index)) is not None:
                yield address

    def can_resolve(self, present: Sequence[Present]) -> bool:
        """Whether something of it could be written to those present."""
        known = {one.id: one for one in present}
        return any(
            self._find(index, present, known) is not Trouble.ABSENT
            for index in self.unwritten
        )

    def requeue(self) -> None:
        """Note that what was to be written was not."""
        for index in list(self.unwritten):
            self._queue(index)

    def lose_written(self, outcome: OutcomeUnknown) -> None:
        """Note that nobody knows of any share that a former process was writing."""
        for index, share in enumerate(self.shares):
            if share.status is MessageStatus.SENDING:
                self.lose(index, outcome, may_retry=True)

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

    def resolve(self, present: Sequence[Present], *, may_wait: bool) -> list[int]:
        """Resolve what is to be written anew, and return the shares that can be.

        An absent recipient's share waits if it may, else it fails. Nobody gets a
        message twice, however many of its addresses lead to them.
        """
        writable: list[int] = []
        known = {one.id: one for one in present}
        owed = self._owed()
        for index in list(self.unwritten):
            found = self._find(index, present, known)
            if isinstance(found, tuple):
                writable.extend(self._expand(index, found, owed))
            elif found is Trouble.AMBIGUOUS:
                self.fail(index, AMBIGUOUS)
            elif not may_wait:
                self.fail(index, ABSENT)
        return writable

    def _address(self, index: int) -> Address | None:
        to = self.message.to
        return None if to is None else to[self.shares[index].to]

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

    def write(self, index: int) -> None:
        """Note that a share is being written."""
        self.posted.add(index)
        share = self.shares[index]
        self.shares[index] = Recipient(
            share.to,
            share.name,
            share.participant_id,
            share.status,
            share.attempts + 1,
            share.error,
        )

    def unwrite(self, index: int) -> None:
        """Note that a share was not written after all: it is to be written again."""
        share = self.shares[index]
        self.shares[index] = replace(share, attempts=share.attempts - 1)
        self._queue(index)

    def acknowledge(self, index: int) -> None:
        """Note that the room has taken a share."""
        self._close(index, MessageStatus.SENT, None)

    def fail(self, index: int, error: MessageError) -> None:
        """Note that a share was not and will not be sent."""
        self._close(index, MessageStatus.FAILED, error)

    def refuse(self, index: int, refusal: Refused, *, may_wait: bool) -> None:
        """Note that the room refused a share.

        If its recipient has gone (1003) and it may wait for them, it is open again,
        and waits for a change: whom we take for present the room does not know.
        """
        if refusal.code == NOT_FOUND:
            if may_wait and not self._is_by_id(index):
                self.waiting_for = WaitingFor.RECIPIENT
                self._queue(index)
                return
            code = "recipient_not_found"
        else:
            code = "room_denied" if refusal.code == DENIED else "room_rejected"
        self.fail(index, MessageError(code, refusal.text, refusal.code))

    def lose(self, index: int, outcome: OutcomeUnknown, *, may_retry: bool) -> None:
        """Note that nobody knows whether the room took a share.

        With `on_unknown=retry` it is open again, unless its time is over.
        """
        if may_retry and self.message.on_unknown is OnUnknown.RETRY:
            self.resent = True
            self._doubtful.add(index)
            self._queue(index)
            return
        error = MessageError("outcome_unknown", outcome.reason)
        self._close(index, MessageStatus.UNKNOWN, error)

    def expire(self) -> None:
        """Note that what has not been written won't be."""
        for index in list(self.unwritten):
            self._close(index, MessageStatus.EXPIRED, None)

    def _queue(self, index: int) -> None:
        self.posted.discard(index)
        self.shares[index] = replace(self.shares[index], status=MessageStatus.QUEUED)

    def _close(
        self, index: int, status: MessageStatus, error: MessageError | None
    ) -> None:
        self.posted.discard(index)
        if index in self._doubtful and status in _UNSENT:
            said = error.text if error else "its time was over"
            text = f"it may have been said before, and was not said again: {said}"
            code = error.upstream_code if error else None
            error = MessageError("outcome_unknown", text, code)
            status = MessageStatus.UNKNOWN
        share = self.shares[index]
        self.shares[index] = Recipient(
            share.to, share.name, share.participant_id, status, share.attempts, error
        )

    def _is_by_id(self, index: int) -> bool:
        """Whether a share's address can never mean anybody else."""
        address = self._address(index)
        if address is None or address.kind is AddressKind.ID:
            return True
        share = self.shares[index]
        return address.kind is AddressKind.ANY and address.value == share.participant_id

    @property
    def status(self) -> MessageStatus:
        """What its shares make of it."""
        shares = self._shown
        if len(shares) == 1:
            return shares[0].status
        return aggregate(share.status for share in shares)

    @property
    def _shown(self) -> list[Recipient]:
        if not self._twins:
            return self.shares
        return [x for i, x in enumerate(self.shares) if i not in self._twins]

    def snapshot(self, *, event_id: str | None = None) -> OutgoingMessage:
        """Return the message in the state that its shares make.

        Args:
            event_id: The event that tells of it, if there is a new one.
        """
        status = self.status
        recipients = self._shown
        if len(recipients) > 1:
            # Sorting is stable: what an address was expanded to stays in order.
            recipients = sorted(recipients, key=_address_of)
        errors = [share.error for share in recipients if share.error is not None]
        failed = status in {MessageStatus.FAILED, MessageStatus.UNKNOWN}
        return replace(
            self.message,
            status=status,
            waiting_for=self.waiting_for if status is MessageStatus.QUEUED else None,
            recipients=() if self.message.is_broadcast else tuple(recipients),
            error=errors[0] if failed and errors else None,
            resent=self.resent,
            event_id=event_id or self.message.event_id,
        )


def _shares(message: OutgoingMessage) -> list[Recipient]:
    if message.to is None:
        return [Recipient(0, None, None, message.status)]
    return list(message.recipients) or [
        Recipient(index, None, None, message.status) for index in range(len(message.to))
    ]


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
