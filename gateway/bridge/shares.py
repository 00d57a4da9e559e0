"""What each participant is owed of a message, and how far that has come."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
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
    Step,
    StepKind,
    WaitingFor,
)
from gateway.domain.recipients import aggregate

FIRST_STEPS: Final = 20  # How many steps are kept from the beginning …
LAST_STEPS: Final = 80  # … and how many from the end, if there are more.
_MOST_SAID: Final = 200  # Characters of a reason that are kept with a step.
_MOST_STEPS: Final = FIRST_STEPS + LAST_STEPS

_OPEN: Final = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
# What says that a share was not said: a lie, if it may have been said before.
_UNSENT: Final = {
    MessageStatus.FAILED: "it failed",
    MessageStatus.EXPIRED: "its time was over",
    MessageStatus.CANCELLED: "it was cancelled",
}
_RETRIED: Final = frozenset(
    {MessageStatus.FAILED, MessageStatus.EXPIRED, MessageStatus.UNKNOWN} | _OPEN
)
NOT_FOUND: Final = 1003  # room protocol §4.4
DENIED: Final = 1001


class Shares:
    """The shares of one message, a share being what one participant is owed.

    A broadcast has a single share, for everybody. A share that has not been resolved
    stands for its whole address; resolving it may make several of it. Shares are
    known by their index, which never changes.

    Whatever befalls a share is a step of the message, too: the first 20 of them and
    the last 80 are kept.

    Attributes:
        message: The message as it was last handed to the store.
        posted: The shares that are written and not acknowledged.
        waiting_for: Why it is not being written, while it is parked.
        resent: Whether something of it may have been said before.
        steps: How it came this far, oldest first.
    """

    def __init__(self, message: OutgoingMessage, now: Callable[[], datetime]) -> None:
        self.message = message
        self.shares = _shares(message)
        self.posted: set[int] = set()
        self.waiting_for: WaitingFor | None = None
        self.resent = message.resent
        self.steps = list(message.steps)
        self._now = now
        # Shares that may have been said already, so that "not sent" would be a lie.
        self._doubtful = set(range(len(self.shares))) if message.resent else set()
        # Shares whose recipient turned out to be owed another share already.
        self._twins: set[int] = set()

    @property
    def status(self) -> MessageStatus:
        """What its shares make of it."""
        shares = self.shown
        if len(shares) == 1:
            return shares[0].status
        return aggregate(share.status for share in shares)

    @property
    def shown(self) -> list[Recipient]:
        """The shares, but for those of recipients that are owed another."""
        if not self._twins:
            return self.shares
        return [x for i, x in enumerate(self.shares) if i not in self._twins]

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

    def queue(self, why: WaitingFor) -> None:
        """Note that what was to be written was not, and what it waits for now."""
        self.requeue()
        self.wait_for(why)

    def requeue(self) -> None:
        """Note that what was to be written was not."""
        for index in list(self.unwritten):
            self._queue(index)

    def wait_for(self, why: WaitingFor) -> None:
        """Note a step: that it is queued, and what for."""
        before = self.steps[-1] if self.steps else None
        if before is None or before[1:3] != (StepKind.QUEUED, why.value):
            self._step(StepKind.QUEUED, None, why.value)

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
        self._step(StepKind.WRITTEN, share)

    def unwrite(self, index: int) -> None:
        """Note that a share was not written after all: it is to be written again."""
        share = self.shares[index]
        self.shares[index] = replace(share, attempts=share.attempts - 1)
        self._step(StepKind.QUEUED, share, WaitingFor.ROOM.value)
        self._queue(index)

    def acknowledge(self, index: int) -> None:
        """Note that the room has taken a share."""
        self._step(StepKind.ACKNOWLEDGED, self.shares[index])
        self._close(index, MessageStatus.SENT, None)

    def fail(self, index: int, error: MessageError) -> None:
        """Note that a share was not and will not be sent."""
        self._step(StepKind.FAILED, self.shares[index], error.text)
        self._close(index, MessageStatus.FAILED, error)

    def refuse(self, index: int, refusal: Refused, *, may_wait: bool) -> None:
        """Note that the room refused a share.

        If its recipient has gone (1003) and it may wait for them, it is open again,
        and waits for a change: whom we take for present the room does not know.
        """
        self._step(StepKind.REFUSED, self.shares[index], refusal.text)
        if refusal.code == NOT_FOUND:
            if may_wait and not self._is_by_id(index):
                self.waiting_for = WaitingFor.RECIPIENT
                self._queue(index)
                return
            code = "recipient_not_found"
        else:
            code = "room_denied" if refusal.code == DENIED else "room_rejected"
        error = MessageError(code, refusal.text, refusal.code)
        self._close(index, MessageStatus.FAILED, error)

    def lose(self, index: int, outcome: OutcomeUnknown, *, may_retry: bool) -> None:
        """Note that nobody knows whether the room took a share.

        With `on_unknown=retry` it is open again, unless its time is over.
        """
        self._step(StepKind.UNANSWERED, self.shares[index], outcome.reason)
        if may_retry and self.message.on_unknown is OnUnknown.RETRY:
            self.resent = True
            self._doubtful.add(index)
            self._queue(index)
            return
        error = MessageError("outcome_unknown", outcome.reason)
        self._close(index, MessageStatus.UNKNOWN, error)

    def lose_written(self, outcome: OutcomeUnknown) -> None:
        """Note that nobody knows of any share that a former process was writing."""
        for index, share in enumerate(self.shares):
            if share.status is MessageStatus.SENDING:
                self.lose(index, outcome, may_retry=True)

    def expire(self) -> None:
        """Note that the time is over for what has not been written."""
        self._end(StepKind.EXPIRED, MessageStatus.EXPIRED)

    def cancel(self) -> None:
        """Note that what has not been written was taken back."""
        self._end(StepKind.CANCELLED, MessageStatus.CANCELLED)

    def retry(self) -> None:
        """Have what was not sent be written again; what was cancelled stays so.

        What is not known to have been said or not may then be said twice.
        """
        self._step(StepKind.RETRIED)
        for index, share in enumerate(self.shares):
            if share.status not in _RETRIED:
                continue
            if share.status is MessageStatus.UNKNOWN:
                self.resent = True
                self._doubtful.add(index)
            self.shares[index] = replace(share, status=MessageStatus.QUEUED, error=None)

    def same_as(self, share: Recipient) -> int | None:
        """Return the share, unless it is known to be sent, that is the same as another.

        It is one that the message had before it was retried: for the same participant
        or, where an address means only one, for the same address.
        """
        is_one = self.message.match is not Match.ALL
        for index, ours in enumerate(self.shares):
            is_open = ours.status is not MessageStatus.SENT and index not in self._twins
            by_id = ours.participant_id == share.participant_id
            if is_open and (by_id or is_one) and ours.to == share.to:
                return index
        return None

    def _address(self, index: int) -> Address | None:
        to = self.message.to
        return None if to is None else to[self.shares[index].to]

    def _is_by_id(self, index: int) -> bool:
        """Whether a share's address can never mean anybody else."""
        address = self._address(index)
        if address is None or address.kind is AddressKind.ID:
            return True
        share = self.shares[index]
        return address.kind is AddressKind.ANY and address.value == share.participant_id

    def _queue(self, index: int) -> None:
        self.posted.discard(index)
        self.shares[index] = replace(self.shares[index], status=MessageStatus.QUEUED)

    def _end(self, kind: StepKind, status: MessageStatus) -> None:
        self._step(kind)
        for index in list(self.unwritten):
            self._close(index, status, None)

    def _close(
        self, index: int, status: MessageStatus, error: MessageError | None
    ) -> None:
        self.posted.discard(index)
        if index in self._doubtful and status in _UNSENT:
            said = error.text if error else _UNSENT[status]
            text = f"it may have been said before, and was not said again: {said}"
            code = error.upstream_code if error else None
            error = MessageError("outcome_unknown", text, code)
            status = MessageStatus.UNKNOWN
        share = self.shares[index]
        self.shares[index] = Recipient(
            share.to, share.name, share.participant_id, status, share.attempts, error
        )

    def _step(
        self, kind: StepKind, share: Recipient | None = None, reason: str | None = None
    ) -> None:
        steps = self.steps
        if len(steps) >= _MOST_STEPS:
            del steps[FIRST_STEPS]
        if reason is not None and len(reason) > _MOST_SAID:
            reason = reason[: _MOST_SAID - 1] + "…"
        if share is None:
            steps.append(Step(self._now(), kind, reason))
        else:
            name, id_ = share.name, share.participant_id
            steps.append(Step(self._now(), kind, reason, name, id_))


def _shares(message: OutgoingMessage) -> list[Recipient]:
    if message.to is None:
        return [Recipient(0, None, None, message.status)]
    return list(message.recipients) or [
        Recipient(index, None, None, message.status) for index in range(len(message.to))
    ]
