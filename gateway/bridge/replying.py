"""Answering whoever said something in a room."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from gateway.bridge.allowance import Allowance
from gateway.bridge.ports import AlreadyDone, Clock, Once
from gateway.bridge.sending import Draft, Sending
from gateway.domain.errors import WrongState
from gateway.domain.model import (
    Address,
    AddressKind,
    IncomingMessage,
    Match,
    OutgoingMessage,
    Sender,
)

MOST_REPLIES: Final = 30  # To one participant, that nobody asked for one by one.
WITHIN_S: Final = 60.0


class Loop(Exception):
    """A participant was given as many replies by return value as are allowed."""


def addressed(draft: Draft, message: IncomingMessage | OutgoingMessage) -> Draft:
    """Return a draft as a reply to a message, in its room and to its sender.

    It waits for somebody of the sender's name and role if the draft says so; not if
    its time to live is 0, nor for a sender without a name, since nobody can come under
    an id that has gone.

    Raises:
        WrongState: The message is one of ours.
    """
    if isinstance(message, OutgoingMessage):
        detail = f"message {message.id} is ours: only what was received has a sender"
        raise WrongState(detail, facts={"direction": "out"})
    sender = message.sender
    may_come = bool(sender.name) and draft.ttl != timedelta()
    return replace(
        draft,
        room=message.room,
        to=(_address(sender),),
        match=Match.ONE,
        await_recipient=draft.await_recipient and may_come,
    )


class Replying:
    """Says in the room what the receiver of a webhook returned.

    At most `MOST_REPLIES` in a minute to one participant: two programs that answer
    each other would never end.
    """

    def __init__(self, sending: Sending, clock: Clock) -> None:
        self._sending = sending
        self._clock = clock
        self._allowance = Allowance(MOST_REPLIES, WITHIN_S)

    async def reply(self, message: IncomingMessage, draft: Draft, once: Once) -> str:
        """Accept a reply, and return the id of its message.

        Given again, it is not said again: the id is that of the first time.

        Args:
            message: What it answers.
            draft: What to say.
            once: What only one reply may use up.

        Raises:
            Loop: There were too many already; nothing was stored.
            Rejected: The receiver's to mend; nothing was stored.
            Unavailable: The room's outbox or the store takes nothing; nothing was
                stored.
        """
        reply = addressed(draft, message)
        now_s = self._clock.monotonic()
        whom = _whom(message)
        if not self._allowance.take(whom, now_s):
            raise Loop
        accepted: str | None = None
        try:
            stored = await self._sending.accept(
                reply, wait_s=0, once=once, is_owed=True
            )
            accepted = stored.id
        except AlreadyDone as done:
            return done.message_id
        finally:
            if accepted is None:
                self._allowance.give_back(whom, now_s)
        return accepted


def _address(sender: Sender) -> Address:
    if not sender.name:
        return Address(AddressKind.ID, sender.id)
    return Address(AddressKind.SENDER, sender.id, sender.name, sender.role)


def _whom(message: IncomingMessage) -> tuple[str, str, str]:
    """Return a participant by room and name, which stay; without a name by id."""
    sender = message.sender
    return (message.room, sender.name or "", "" if sender.name else sender.id)
