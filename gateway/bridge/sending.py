"""Taking messages in for a room: refused at once, or kept until their fate is known."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final

from gateway.bridge import checking
from gateway.bridge.amending import Amending
from gateway.bridge.draft import Draft, Rehearsal
from gateway.bridge.entry import Entry, unresolved
from gateway.bridge.ports import Clock, Messages, Once
from gateway.bridge.rooms import Registry, Room
from gateway.domain.errors import (
    FieldError,
    GatewayError,
    Invalid,
    KeyReused,
    MessageGone,
    ShuttingDown,
)
from gateway.domain.ids import Ids, Kind
from gateway.domain.model import (
    Attachment,
    MessageStatus,
    OutgoingMessage,
    Recipient,
    Step,
    StepKind,
    WaitingFor,
)
from gateway.domain.recipients import Present

__all__ = ["DEFAULT_WAIT_S", "Draft", "Rehearsal", "Sending"]

DEFAULT_WAIT_S: Final = 5.0

_Targets = list[tuple[int, Present]]


class Sending:
    """Accepts messages for the rooms of a registry.

    Args:
        default_ttl: How long a message is held if its sender does not say.
        messages: What was said; without it only what is open can be found again.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        clock: Clock,
        ids: Ids,
        default_ttl: timedelta,
        messages: Messages | None = None,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._ids = ids
        self._default_ttl = default_ttl
        self._amending = Amending(registry, messages, clock, default_ttl)
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
                the room is ready, and not at all while it is away. The end of the
                gateway ends it, too.
            once: What is used up by it.
            is_owed: It is the end of something begun, and is taken even while the
                gateway stops: what cannot be said before the end is said after it.

        Raises:
            Rejected: The sender's to mend; nothing was stored.
            Unavailable: To be repeated later; nothing was stored.
            AlreadyDone: `once` was used up before; nothing was stored.
        """
        if not is_owed:
            self._refuse_if_stopping()
        room = self._registry.get(draft.room)
        dispatcher = room.dispatcher
        dispatcher.refuse_if_full(draft.size)
        ready = room.link.is_ready
        targets = checking.targets(draft, room.link, self._ttl(draft))
        message = self._message(room, draft, targets)
        entry = dispatcher.accept(message, draft.attachment or None, once)
        if wait_s is None:
            wait_s = DEFAULT_WAIT_S if ready else 0
        if wait_s > 0:  # One wait for both: what is settled was accepted before.
            await dispatcher.waits.until(entry.settled, wait_s)
        if not entry.accepted.done():
            await asyncio.shield(entry.accepted)
        entry.accepted.result()
        return dispatcher.shown(entry)

    async def accept_all(
        self, drafts: Sequence[Draft], *, wait_s: float = 0, once: Once | None = None
    ) -> Sequence[OutgoingMessage]:
        """Store messages of one room in one commit, in their order, or none of them.

        Args:
            drafts: The messages, at least one.
            wait_s: How long to wait for all of them to have a final status, in seconds.
            once: What is used up by all of them together.

        Raises:
            Rejected: The sender's to mend: the errors name each message that is
                refused, as `/messages/3/to`.
            Unavailable: To be repeated later.
            AlreadyDone: `once` was used up before.
        """
        self._refuse_if_stopping()
        room, targets = self._check_all(drafts)
        dispatcher = room.dispatcher
        dispatcher.refuse_if_full(sum(draft.size for draft in drafts), len(drafts))
        entries: list[Entry] = []
        for draft, found in zip(drafts, targets, strict=True):
            message = self._message(room, draft, found)
            entries.append(dispatcher.enter(message, draft.attachment or None))
        dispatcher.accept_all(entries, once)
        await asyncio.shield(entries[0].accepted)
        await self._settled(room, entries, wait_s)
        return [dispatcher.shown(entry) for entry in entries]

    async def repeated(
        self, once: Once, *, wait_s: float | None
    ) -> Sequence[OutgoingMessage] | None:
        """Return the messages that used something up, or `None` if nothing has.

        It answers while the gateway is stopping and the outbox is full, too: nothing
        is taken by it.

        Args:
            once: What may have been used up.
            wait_s: How long to wait for those that are open, in seconds; `None` as
                with `accept`.

        Raises:
            KeyReused: It was used up by another request.
            MessageGone: A message of it is no longer held; `facts` say `message_id`.
            StoreUnavailable: The store can't be read.
        """
        done = await self._registry.done(once)
        if done is None:
            return None
        if done.fingerprint != once.fingerprint:
            others = len(done.message_ids) - 1
            which = done.message_ids[0] + (f" and {others} more" if others else "")
            detail = (
                f"this key was used for another request ({which})"
                "; repeat that one exactly, or take a new key"
            )
            raise KeyReused(detail)
        await self._wait_for(done.message_ids, wait_s)
        found = [await self._amending.find(each) for each in done.message_ids]
        messages = [each for each in found if isinstance(each, OutgoingMessage)]
        if len(messages) < len(found):
            gone = done.message_ids[found.index(None)]
            detail = f"this was accepted as message {gone}, which is no longer held"
            raise MessageGone(detail, facts={"message_id": gone})
        return messages

    async def wait(self, message_id: str, wait_s: float) -> None:
        """Return when a message's status is final, or the time is up, in seconds.

        The end of the gateway ends it, too.
        """
        await self._wait_for((message_id,), wait_s)

    async def cancel(self, message_id: str) -> OutgoingMessage:
        """Take back what is queued of a message, and return it.

        Nothing of it is said any more, even if the store fails: then it is cancelled
        when the store takes that.

        Raises:
            NotFound: No such message is held.
            WrongState: It is not queued: something of it may be on its way, or it has
                a final status.
            StoreUnavailable: To be repeated later.
        """
        return await self._amending.cancel(message_id)

    async def retry(self, message_id: str) -> OutgoingMessage:
        """Queue again what was not sent of a message, at the end of the line.

        Its time to live begins anew. What nobody knows the outcome of may be said
        twice.

        Raises:
            NotFound: No such message is held.
            WrongState: It was sent, cancelled, erased or received, or is still open.
            QueueFull: The outbox has no place for it.
            ShuttingDown: The gateway is stopping.
            StoreUnavailable: To be repeated later.
        """
        self._refuse_if_stopping()
        return await self._amending.retry(message_id)

    def rehearse(self, draft: Draft) -> Rehearsal:
        """Say what would become of a message, and store nothing."""
        room = self._registry.get(draft.room)
        try:
            room.dispatcher.refuse_if_full(draft.size)
            targets = checking.targets(draft, room.link, self._ttl(draft))
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

    def _refuse_if_stopping(self) -> None:
        if self._stopping:
            detail = "the gateway is stopping; repeat this in a moment"
            raise ShuttingDown(detail)

    def _check_all(self, drafts: Sequence[Draft]) -> tuple[Room, list[_Targets | None]]:
        """Return the room of a batch, and whom each of its messages means."""
        if not drafts:
            detail = "a batch has at least one message"
            raise Invalid(detail, errors=[FieldError("/messages", detail)])
        rooms: list[Room] = []
        targets: list[_Targets | None] = []
        refused: list[tuple[int, GatewayError]] = []
        for index, draft in enumerate(drafts):
            try:
                rooms.append(self._registry.get(draft.room))
                if rooms[-1] is not rooms[0]:
                    raise _another_room(rooms[0].name)
                ttl = self._ttl(draft)
                targets.append(checking.targets(draft, rooms[0].link, ttl))
            except GatewayError as error:
                refused.append((index, error))
        if refused:
            raise checking.joined(refused, len(drafts))
        return rooms[0], targets

    async def _wait_for(self, ids: Sequence[str], wait_s: float | None) -> None:
        for room in self._registry.all():
            found = [room.dispatcher.find(each) for each in ids]
            entries = [entry for entry in found if entry is not None]
            ready = room.link.is_ready
            default_s = DEFAULT_WAIT_S if ready else 0
            await self._settled(room, entries, default_s if wait_s is None else wait_s)

    async def _settled(
        self, room: Room, entries: Sequence[Entry], wait_s: float
    ) -> None:
        """Return when all have a final status, or the time is up."""
        loop = asyncio.get_running_loop()
        ends_at_s = loop.time() + wait_s
        for entry in entries:
            left_s = ends_at_s - loop.time()
            if left_s <= 0:
                return
            await room.dispatcher.waits.until(entry.settled, left_s)

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
            steps=() if at_once else (Step(now, StepKind.QUEUED, waiting_for.value),),
        )


def _another_room(name: str) -> Invalid:
    detail = f"all messages of a batch go to one room, and the first goes to {name!r}"
    return Invalid(detail, errors=[FieldError("/room", detail)])
